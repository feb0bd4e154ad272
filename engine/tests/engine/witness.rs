//! Looks, the moment something leaves the engine, whether all that it rests on is on the disk: an answer to a caller, a
//! refusal, the outcome of an order, a call to the gateway. What is not there a crash could take back.

use daybook_domain::{
    Actor, AggregateState, Command, Context, Event, OrderId, Rejection, Timestamp, payment::GatewayRequest,
};
use daybook_engine::{OrderOutcome, Outcome};
use daybook_event_log::{EventLog, MemoryLog, Position, RecordedEvent, StreamId, Version};
use std::sync::{Arc, Mutex};

pub(crate) struct Witness {
    disk: Mutex<Arc<MemoryLog>>,
    complaints: Mutex<Vec<String>>,
}

impl Witness {
    pub(crate) fn of(disk: MemoryLog) -> Self {
        Self { disk: Mutex::new(Arc::new(disk)), complaints: Mutex::default() }
    }

    /// The disk as it is now.
    pub(crate) fn disk(&self) -> Arc<MemoryLog> {
        Arc::clone(&self.disk.lock().expect("not poisoned"))
    }

    /// After a crash this was found.
    pub(crate) fn found(&self, disk: Arc<MemoryLog>) {
        *self.disk.lock().expect("not poisoned") = disk;
    }

    /// Nothing left the engine before its cause was durable.
    pub(crate) fn is_content(&self) {
        let complaints = self.complaints.lock().expect("not poisoned");
        assert!(complaints.is_empty(), "left the engine before it was durable:\n{}", complaints.join("\n"));
    }

    /// A caller was told that a command was done.
    pub(crate) async fn saw_done(&self, command: &Command, outcome: &Outcome) {
        let is_durable = if outcome.events.is_empty() {
            self.is_decided_so(command, |decision| decision.is_ok_and(|events| events.is_empty())).await
        } else {
            self.has(outcome.position, outcome.stream.as_str()).await
        };
        self.expect(is_durable, || format!("the answer to {command:?}: {outcome:?}"));
    }

    /// A caller was told that a command is refused.
    pub(crate) async fn saw_refused(&self, command: &Command, rejection: &Rejection) {
        let refused = |decision: Result<Vec<Event>, Rejection>| {
            decision.is_err_and(|other| other.name() == rejection.name())
        };
        let is_justified = self.is_decided_so(command, refused).await;
        self.expect(is_justified, || format!("the refusal of {command:?}: {rejection}"));
    }

    /// Somebody was told what has become of an order.
    pub(crate) async fn saw_decided(&self, order: OrderId, outcome: &OrderOutcome) {
        let (OrderOutcome::Confirmed { position }
        | OrderOutcome::Rejected { position, .. }
        | OrderOutcome::Cancelled { position, .. }) = outcome;
        let is_durable = self.has(*position, &format!("order-{order}")).await;
        self.expect(is_durable, || format!("what became of {order}: {outcome:?}"));
    }

    /// The gateway was called, or asked.
    pub(crate) async fn saw_call(&self, request: &GatewayRequest) {
        let events = self.stream(&format!("payment-{}", request.payment_id)).await;
        let operation = request.operation_id.to_string();
        let is_asked_for =
            events.iter().any(|event| String::from_utf8_lossy(event.payload()).contains(&operation));
        self.expect(is_asked_for, || format!("a call of the gateway: {request:?}"));
    }

    fn expect(&self, is_durable: bool, what: impl FnOnce() -> String) {
        if !is_durable {
            self.complaints.lock().expect("not poisoned").push(what());
        }
    }

    async fn has(&self, position: Position, stream: &str) -> bool {
        let events = self.disk().read_all(position, 1).await.expect("memory can be read");
        events.first().is_some_and(|event| event.position() == position && event.stream() == stream)
    }

    async fn stream(&self, stream: &str) -> Vec<RecordedEvent> {
        let stream = StreamId::parse(stream).expect("a stream");
        self.disk().read_stream(&stream, Version::new(1), usize::MAX).await.expect("memory can be read")
    }

    /// Whether the command is decided like that upon what is durable of its stream, or upon a beginning of it.
    async fn is_decided_so(
        &self,
        command: &Command,
        so: impl Fn(Result<Vec<Event>, Rejection>) -> bool,
    ) -> bool {
        let events = self.stream(&command.stream_name()).await;
        let stream = StreamId::parse(&command.stream_name()).expect("a stream");
        let mut state = AggregateState::new(stream.aggregate()).expect("an aggregate");
        let now = events.last().map_or(0, RecordedEvent::occurred_at_ns);
        let context = Context { now: Timestamp::from_nanos(now), actor: Actor::Anonymous };
        let decided = |state: &AggregateState| so(state.clone().handle(command.clone(), &context));
        if decided(&state) {
            return true;
        }
        for recorded in &events {
            let event = Event::decode(
                recorded.aggregate(),
                recorded.event_type(),
                recorded.schema_version(),
                recorded.payload(),
            );
            state.apply(&event.expect("what was written can be read"));
            if decided(&state) {
                return true;
            }
        }
        false
    }
}

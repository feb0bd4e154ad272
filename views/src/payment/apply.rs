//! What each event changes of a payment as shown.

use super::{OperationState, OperationView, PaymentSummary, PaymentView};
use daybook_domain::{
    Event, Interests, Money, OperationId, OrderId, PaymentId, Timestamp,
    payment::{OperationKind, Payment, PaymentEvent},
};
use daybook_event_log::Position;
use daybook_projections::{ApplyError, DecodedEvent, Flush, Projection};
use daybook_read_store::{Checkpoint, IdForm, RowKind, StoreError, Table, Tx, UserKey, key};

/// Rows: `p` payment → [`PaymentView`].
#[derive(Debug, Default)]
pub struct PaymentProjection {
    payments: Table<PaymentView>,
}

pub(crate) fn payment_key(id: PaymentId) -> UserKey {
    key(b'p', &[id.uuid().as_bytes()])
}

impl Projection for PaymentProjection {
    const NAME: &'static str = "payment";
    const VERSION: u32 = 2;
    const KINDS: &'static [RowKind] = &[RowKind::views(b'p', "payments", IdForm::Uuid)];
    const INTERESTS: Interests = Interests::all_of::<Payment>();

    fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let Event::Payment(payment_event) = event.event else { return Ok(()) };
        let (payment_id, order_id) = ids(payment_event);
        let row = payment_key(payment_id);
        if event.version() == 1 {
            self.payments.put_new(row.clone(), begin(payment_id, order_id));
        }
        let payment = self.payments.edit(&row, tx)?;
        let payment = payment.ok_or_else(|| ApplyError::missing("payment", payment_id))?;
        payment.summary.apply(payment_event)?;
        operate(payment, payment_event, event.occurred_at());
        payment.updated_at = event.occurred_at();
        payment.version = event.version();
        payment.position = payment.position.max(event.position());
        Ok(())
    }

    fn flush(&mut self, up_to: Checkpoint, _when: Flush, tx: &mut Tx<'_>) -> Result<Position, StoreError> {
        self.payments.flush(tx)?;
        Ok(up_to.position)
    }

    fn committed(&mut self) {
        self.payments.settle();
    }

    fn discard(&mut self) {
        self.payments.discard();
    }
}

fn begin(payment_id: PaymentId, order_id: OrderId) -> PaymentView {
    PaymentView {
        payment_id,
        order_id,
        summary: PaymentSummary::default(),
        operations: Vec::new(),
        updated_at: Timestamp::default(),
        version: 0,
        position: 0,
    }
}

/// Whose payment an event is about.
pub(crate) fn ids(event: &PaymentEvent) -> (PaymentId, OrderId) {
    macro_rules! ids {
        ($($variant:ident)|+) => {
            match event {
                $(PaymentEvent::$variant(event) => (event.payment_id, event.order_id),)+
            }
        };
    }
    ids!(
        AuthorizationRequested
            | PaymentAuthorized
            | PaymentActionRequired
            | PaymentDeclined
            | PaymentOutcomeUnknown
            | CaptureRequested
            | PaymentCaptured
            | CaptureFailed
            | VoidRequested
            | PaymentVoided
            | VoidFailed
            | RefundRequested
            | PaymentRefunded
            | RefundFailed
            | VoidDeferred
            | RefundDeferred
            | PaymentCancelled
    )
}

/// What an event says about a request to the gateway.
#[derive(Default)]
struct Answer<'a> {
    amount: Option<Money>,
    reference: Option<&'a str>,
    code: Option<&'a str>,
}

fn operate(payment: &mut PaymentView, event: &PaymentEvent, at: Timestamp) {
    use OperationKind::{Authorize, Capture, Refund, Void};
    use OperationState::{ActionRequired, Deferred, Done, Refused, Requested, Unknown};
    use PaymentEvent as E;
    let of = |amount| Answer { amount: Some(amount), ..Answer::default() };
    let no = |code| Answer { code: Some(code), ..Answer::default() };
    let (id, kind, state, answer) = match event {
        E::AuthorizationRequested(e) => (e.operation_id, Authorize, Requested, of(e.amount)),
        E::PaymentAuthorized(e) => {
            let answer = Answer { reference: Some(&e.reference), ..of(e.amount) };
            (e.operation_id, Authorize, Done, answer)
        }
        E::PaymentActionRequired(e) => (e.operation_id, Authorize, ActionRequired, of(e.amount)),
        E::PaymentDeclined(e) => (e.operation_id, Authorize, Refused, no(&e.code)),
        E::PaymentOutcomeUnknown(e) => (e.operation_id, e.operation, Unknown, of(e.amount)),
        E::CaptureRequested(e) => (e.operation_id, Capture, Requested, of(e.amount)),
        E::PaymentCaptured(e) => (e.operation_id, Capture, Done, of(e.amount)),
        E::CaptureFailed(e) => (e.operation_id, Capture, Refused, no(&e.code)),
        E::VoidDeferred(e) => (e.operation_id, Void, Deferred, Answer::default()),
        E::VoidRequested(e) => (e.operation_id, Void, Requested, of(e.amount)),
        E::PaymentVoided(e) => (e.operation_id, Void, Done, Answer::default()),
        E::VoidFailed(e) => (e.operation_id, Void, Refused, no(&e.code)),
        E::RefundDeferred(e) => (e.operation_id, Refund, Deferred, of(e.amount)),
        E::RefundRequested(e) => (e.operation_id, Refund, Requested, of(e.amount)),
        E::PaymentRefunded(e) => (e.operation_id, Refund, Done, of(e.amount)),
        E::RefundFailed(e) => (e.operation_id, Refund, Refused, no(&e.code)),
        E::PaymentCancelled(_) => return,
    };
    let operation = operation(payment, id, kind, at);
    operation.state = state;
    operation.amount = answer.amount.or(operation.amount);
    operation.reference = answer.reference.map(str::to_owned).or_else(|| operation.reference.take());
    operation.code = answer.code.map(str::to_owned).or_else(|| operation.code.take());
    if matches!(state, Done | Refused) {
        operation.settled_at = Some(at);
    }
}

/// The request with this id; a new one if it was not heard of.
fn operation(
    payment: &mut PaymentView,
    operation_id: OperationId,
    kind: OperationKind,
    asked_at: Timestamp,
) -> &mut OperationView {
    let found = payment.operations.iter().rposition(|operation| operation.operation_id == operation_id);
    let n = found.unwrap_or(payment.operations.len());
    if found.is_none() {
        payment.operations.push(OperationView {
            operation_id,
            kind,
            state: OperationState::Requested,
            amount: None,
            reference: None,
            code: None,
            asked_at,
            settled_at: None,
        });
    }
    &mut payment.operations[n]
}

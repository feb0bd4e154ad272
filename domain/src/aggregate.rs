//! Makes a decider (`decide` and `evolve`) a cqrs-es aggregate.
//!
//! `decide` looks at the state and answers with all events or with a rejection; only then are the events
//! written to the sink, which applies them. A refused command has touched nothing.

macro_rules! aggregate {
    ($state:ty, $kind:literal, $command:ty, $event:ty, $rejection:ty) => {
        impl cqrs_es::Aggregate for $state {
            const TYPE: &'static str = $kind;
            type Command = $command;
            type Event = $event;
            type Error = $rejection;
            type Services = $crate::Context;

            async fn handle(
                &mut self,
                command: $command,
                context: &$crate::Context,
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), $rejection> {
                for event in self.decide(command, context)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: $event) {
                self.evolve(&event);
            }
        }
    };
}
pub(crate) use aggregate;

//! `aggregates!`: makes from one list of aggregates everything that speaks of all of them: `Command`, `Event`,
//! `Rejection` and `AggregateState` with their matches and conversions, `AGGREGATES`, and cqrs-es' `Aggregate`
//! for each. The list of the shop is in `lib.rs`. No other place of the product names all aggregates.
//!
//! The engine decides by [`Decider`](crate::Decider) and not by cqrs-es' event sink: the sink copies every event
//! and takes an async lock that tokio's cooperative budget can make wait in the middle of a decision. What is
//! decided is the same, as a test shows for every aggregate.

#[cfg(test)]
mod tests;

/// A snapshot that today's code cannot take over; the stream is folded from its events instead.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("no aggregate is called {0:?}")]
    UnknownAggregate(String),
    #[error("the snapshot of a {aggregate} does not fit this program's state")]
    Malformed { aggregate: String, source: serde_json::Error },
}

/// An event that is of another aggregate than the one wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event is of another aggregate")]
pub struct OtherAggregate;

macro_rules! aggregates {
    ($($variant:ident($state:ty),)+) => {
        const _: () = {
            enum Place {
                $($variant,)+
            }

            $(impl $crate::Listed for $state {
                const ORDINAL: u8 = Place::$variant as u8;
            })+
        };

        /// Every kind of aggregate, in the order of the list.
        pub const AGGREGATES: &[$crate::AggregateKind] = &[$($crate::AggregateKind::of::<$state>(),)+];

        /// The samples of every aggregate, in the order of the list.
        #[must_use]
        pub fn all_samples() -> Vec<$crate::samples::AnySamples<Command, Event>> {
            vec![$({
                let own = <$state as $crate::samples::Sampled>::samples();
                let id = <$state as $crate::samples::Sampled>::sample_id();
                let events = |events: Vec<_>| events.into_iter().map(Event::$variant).collect();
                let states = own.states.into_iter().map(|(name, steps)| (name, events(steps)));
                let command = |command| Command::$variant(id.clone(), command);
                $crate::samples::AnySamples {
                    aggregate: <$state as $crate::Decider>::NAME,
                    states: states.collect(),
                    commands: own.commands.into_iter().map(command).collect(),
                    events: events(own.events),
                    any_command: |random| Command::$variant(
                        <$state as $crate::samples::Sampled>::sample_id(),
                        <$state as $crate::samples::Sampled>::any_command(random),
                    ),
                }
            },)+]
        }

        /// Goes over all aggregates by their types, in the order of the list.
        pub fn visit_aggregates(visitor: &mut impl $crate::samples::Visitor) {
            $(visitor.visit::<$state>();)+
        }

        /// A wish, addressed to one aggregate.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Command {
            $($variant(<$state as $crate::Decider>::Id, <$state as $crate::Decider>::Command),)+
        }

        impl Command {
            /// Which kind of aggregate decides on it.
            #[must_use]
            pub const fn aggregate(&self) -> &'static str {
                match self { $(Self::$variant(..) => <$state as $crate::Decider>::NAME,)+ }
            }

            /// The stream it is for, `<aggregate>-<id>`.
            #[must_use]
            pub fn stream_name(&self) -> String {
                match self {
                    $(Self::$variant(id, _) => format!("{}-{id}", <$state as $crate::Decider>::NAME),)+
                }
            }

            /// Its name, imperative, for example `PlaceOrder`. For logs and metrics.
            #[must_use]
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_, command) => $crate::CommandSet::name(command),)+ }
            }
        }

        /// Something that happened.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Event {
            $($variant(<$state as $crate::Decider>::Event),)+
        }

        impl Event {
            /// All kinds, aggregate by aggregate.
            pub fn kinds() -> impl Iterator<Item = $crate::EventKind> {
                AGGREGATES.iter().flat_map(|aggregate| aggregate.events).copied()
            }

            #[must_use]
            pub fn kind(&self) -> $crate::EventKind {
                match self { $(Self::$variant(event) => $crate::EventSet::kind(event),)+ }
            }

            /// Which kind of aggregate it happened to.
            #[must_use]
            pub fn aggregate(&self) -> &'static str {
                self.kind().aggregate
            }

            /// The stored type name.
            #[must_use]
            pub fn type_name(&self) -> &'static str {
                self.kind().name
            }

            /// The schema version that this program writes.
            #[must_use]
            pub fn schema_version(&self) -> u16 {
                self.kind().version
            }

            /// The payload to store.
            #[must_use]
            pub fn encode(&self) -> Vec<u8> {
                match self { $(Self::$variant(event) => $crate::EventSet::encode(event),)+ }
            }

            /// Reads a stored payload of any released schema version.
            pub fn decode(
                aggregate: &str,
                event_type: &str,
                schema_version: u16,
                payload: &[u8],
            ) -> Result<Self, $crate::EventError> {
                match aggregate {
                    $(<$state as $crate::Decider>::NAME => {
                        <<$state as $crate::Decider>::Event as $crate::EventSet>::decode(
                            event_type, schema_version, payload,
                        ).map(Self::$variant)
                    })+
                    _ => Err($crate::EventError::UnknownAggregate(aggregate.to_owned())),
                }
            }

            /// The number of a stored event's kind, or the one that stands for the aggregate's unknown types;
            /// none if no aggregate is called so.
            #[must_use]
            pub fn kind_index(aggregate: &str, event_type: &str) -> Option<$crate::KindIndex> {
                match aggregate {
                    $(<$state as $crate::Decider>::NAME => {
                        let kind = <<$state as $crate::Decider>::Event as $crate::EventSet>::kind_of(event_type);
                        let unknown = $crate::KindIndex::unknown(<$state as $crate::Listed>::ORDINAL);
                        Some(kind.map_or(unknown, $crate::EventKind::index))
                    })+
                    _ => None,
                }
            }

            /// Lifts the fields of a stored event to the version that this program writes; what this program does
            /// not know stays as it is.
            #[must_use]
            pub fn upcast(
                aggregate: &str,
                event_type: &str,
                from_version: u16,
                fields: serde_json::Value,
            ) -> serde_json::Value {
                let known = AGGREGATES.iter().find(|kind| kind.name == aggregate);
                let current = known.and_then(|known| {
                    let kind = known.events.iter().find(|kind| kind.name == event_type)?;
                    Some((known.upcast, kind.version))
                });
                match current {
                    Some((upcast, current)) if from_version < current => upcast(event_type, from_version, fields),
                    Some(_) | None => fields,
                }
            }

            /// The JSON Schema of every event as this program writes it.
            #[must_use]
            pub fn schemas() -> Vec<($crate::EventKind, schemars::Schema)> {
                let mut all = Vec::new();
                $(all.extend(<<$state as $crate::Decider>::Event as $crate::EventSet>::schemas());)+
                all
            }
        }

        $(
            impl From<<$state as $crate::Decider>::Event> for Event {
                fn from(event: <$state as $crate::Decider>::Event) -> Self {
                    Self::$variant(event)
                }
            }

            impl<'a> TryFrom<&'a Event> for &'a <$state as $crate::Decider>::Event {
                type Error = $crate::OtherAggregate;

                fn try_from(event: &'a Event) -> Result<Self, $crate::OtherAggregate> {
                    if let Event::$variant(event) = event { Ok(event) } else { Err($crate::OtherAggregate) }
                }
            }
        )+

        /// Why a command was refused. Nothing was written.
        #[derive(Debug, Clone, PartialEq, serde::Serialize, thiserror::Error)]
        #[serde(untagged)]
        pub enum Rejection {
            $(
                #[error(transparent)]
                $variant(#[from] <$state as $crate::Decider>::Rejection),
            )+
        }

        impl Rejection {
            #[must_use]
            pub fn kind(&self) -> $crate::RejectionKind {
                match self { $(Self::$variant(rejection) => $crate::RejectionSet::kind(rejection),)+ }
            }

            /// The reason's name, for example `OutOfStock`; stable, for clients and metrics.
            #[must_use]
            pub fn name(&self) -> &'static str {
                self.kind().name
            }
        }

        /// One aggregate, as its events have made it: what the engine holds in its cache, and what a snapshot keeps.
        #[derive(Debug, Clone, PartialEq)]
        pub enum AggregateState {
            $($variant($state),)+
        }

        impl AggregateState {
            /// The state before the first event; none if no aggregate is called so.
            #[must_use]
            pub fn new(aggregate: &str) -> Option<Self> {
                match aggregate {
                    $(<$state as $crate::Decider>::NAME => Some(Self::$variant(<$state>::default())),)+
                    _ => None,
                }
            }

            #[must_use]
            pub const fn kind(&self) -> $crate::AggregateKind {
                match self { $(Self::$variant(_) => $crate::AggregateKind::of::<$state>(),)+ }
            }

            #[must_use]
            pub const fn aggregate(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$state as $crate::Decider>::NAME,)+ }
            }

            /// Changes whenever a snapshot written before cannot be read any more, or would mean something else.
            #[must_use]
            pub const fn state_version(&self) -> u32 {
                self.kind().state_version
            }

            /// Decides, and takes over what was decided. A refusal leaves the state untouched.
            ///
            /// # Panics
            /// If the command is for another kind of aggregate. A stream's name decides which commands and states
            /// meet, so this is a fault of the program.
            pub fn handle(
                &mut self,
                command: Command,
                context: &$crate::Context,
            ) -> Result<Vec<Event>, Rejection> {
                match (self, command) {
                    $((Self::$variant(state), Command::$variant(_, command)) => {
                        let events = $crate::Decider::execute(state, command, context)?;
                        Ok(events.into_iter().map(Event::$variant).collect())
                    })+
                    (state, command) => panic!("a {} was given {}", state.aggregate(), command.name()),
                }
            }

            /// Takes over an event that was recorded.
            ///
            /// # Panics
            /// If the event is of another kind of aggregate.
            pub fn apply(&mut self, event: &Event) {
                match (self, event) {
                    $((Self::$variant(state), Event::$variant(event)) => $crate::Decider::evolve(state, event),)+
                    (state, event) => panic!("a {} was given {}", state.aggregate(), event.type_name()),
                }
            }

            /// The state as bytes, to be kept together with [`Self::state_version`] and the stream's version.
            #[must_use]
            pub fn to_snapshot(&self) -> Vec<u8> {
                match self { $(Self::$variant(state) => serde_json::to_vec(state),)+ }
                    .expect("states have text keys and no failing serializers")
            }

            /// Reads what [`Self::to_snapshot`] wrote under the same state version.
            pub fn from_snapshot(aggregate: &str, bytes: &[u8]) -> Result<Self, $crate::SnapshotError> {
                match aggregate {
                    $(<$state as $crate::Decider>::NAME => serde_json::from_slice(bytes).map(Self::$variant),)+
                    _ => return Err($crate::SnapshotError::UnknownAggregate(aggregate.to_owned())),
                }
                .map_err(|source| $crate::SnapshotError::Malformed { aggregate: aggregate.to_owned(), source })
            }
        }

        $(impl cqrs_es::Aggregate for $state {
            const TYPE: &'static str = <$state as $crate::Decider>::NAME;
            type Command = <$state as $crate::Decider>::Command;
            type Event = <$state as $crate::Decider>::Event;
            type Error = <$state as $crate::Decider>::Rejection;
            type Services = $crate::Context;

            async fn handle(
                &mut self,
                command: <$state as $crate::Decider>::Command,
                context: &$crate::Context,
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), <$state as $crate::Decider>::Rejection> {
                for event in $crate::Decider::decide(self, command, context)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: <$state as $crate::Decider>::Event) {
                $crate::Decider::evolve(self, &event);
            }
        })+
    };
}
pub(crate) use aggregates;

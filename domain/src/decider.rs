//! What an aggregate is: a name, a state, and the two functions that decide and evolve. Everything that the rest
//! of the system knows of a kind of aggregate is said in its [`Decider`]; [`AGGREGATES`](crate::AGGREGATES) lists
//! them all.
//!
//! `decide` looks at the state and answers with all events or with a rejection; only then are the events applied.
//! So a refused command has changed nothing.

use crate::{CommandSet, Context, EventKind, EventSet, RejectionKind, RejectionSet, event::Lift};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::{Debug, Display};
use std::str::FromStr;

/// The pure half of an aggregate.
pub trait Decider:
    Listed + Default + Clone + PartialEq + Debug + Serialize + DeserializeOwned + Send + Sync + 'static
{
    /// Category of its streams, part of its subjects, folder of its schemas. Lower-case letters. Persisted: it
    /// must never be changed.
    const NAME: &'static str;
    /// Version of the serialized state. To be raised when snapshots written before cannot be used any more.
    const STATE_VERSION: u32;
    const CACHE: CacheClass;
    type Id: Display + FromStr + Clone + Debug + PartialEq + Send + Sync;
    type Command: CommandSet;
    type Event: EventSet;
    type Rejection: RejectionSet;

    /// The events that follow from the command, or why there are none.
    fn decide(&self, command: Self::Command, context: &Context) -> Result<Vec<Self::Event>, Self::Rejection>;

    /// Applies an event that was decided, now or long ago.
    fn evolve(&mut self, event: &Self::Event);

    /// Decides, and applies what was decided.
    fn execute(
        &mut self,
        command: Self::Command,
        context: &Context,
    ) -> Result<Vec<Self::Event>, Self::Rejection> {
        let events = self.decide(command, context)?;
        events.iter().for_each(|event| self.evolve(event));
        Ok(events)
    }
}

/// A place in a list of aggregates; implemented by `aggregates!` for each entry, and by nothing else.
pub trait Listed {
    /// Number of the entry, from 0. Not persisted.
    const ORDINAL: u8;
}

/// How long the state of an aggregate stays in memory after it was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CacheClass {
    /// Needed again and again, as long as the thing exists.
    Hot,
    /// Hardly needed again once its work is done.
    Normal,
}

/// A kind of aggregate as data: what its [`Decider`] says.
#[derive(Debug, Clone, Copy)]
pub struct AggregateKind {
    pub name: &'static str,
    pub state_version: u32,
    pub cache: CacheClass,
    pub commands: &'static [&'static str],
    pub events: &'static [EventKind],
    pub rejections: &'static [RejectionKind],
    /// Lifts the fields of one of its events to the version that this program writes.
    pub upcast: Lift,
}

impl AggregateKind {
    #[must_use]
    pub const fn of<D: Decider>() -> Self {
        Self {
            name: D::NAME,
            state_version: D::STATE_VERSION,
            cache: D::CACHE,
            commands: D::Command::NAMES,
            events: D::Event::KINDS,
            rejections: D::Rejection::KINDS,
            upcast: D::Event::upcast,
        }
    }
}

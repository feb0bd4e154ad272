//! What processes want done that a crash could not take back. It is held back until the log has made durable what it
//! rests on; a crash before that takes it with its cause.

use super::{
    dead_letters::DeadReaction,
    outside_calls::OutsideCall,
    timers::{DueTimer, TimerKey},
};
use daybook_event_log::Position;
use std::collections::BTreeMap;

pub(super) enum HeldBack {
    /// The watermark is held open for it.
    Call(OutsideCall),
    /// To be listed, and then its timer ends. The watermark is held open for it.
    DeadReaction(DeadReaction, Option<TimerKey>),
    /// Its event is to be read, which only shows what is durable.
    Timer(DueTimer),
}

/// All that is held back, by the position up to which the log must be durable.
#[derive(Default)]
pub(super) struct HeldUntilDurable {
    held: BTreeMap<(Position, u64), HeldBack>,
    count: u64,
}

impl HeldUntilDurable {
    pub(super) fn put(&mut self, until: Position, held: HeldBack) {
        self.count += 1;
        self.held.insert((until, self.count), held);
    }

    /// The position that lets go of something when it is durable.
    pub(super) fn first(&self) -> Option<Position> {
        self.held.first_key_value().map(|((until, _), _)| *until)
    }

    /// Takes something out that rests on nothing behind `durable`.
    pub(super) fn take(&mut self, durable: Position) -> Option<HeldBack> {
        let first = self.held.first_entry().filter(|first| first.key().0 <= durable)?;
        Some(first.remove())
    }
}

//! What is held back until the log is durable: put aside, and let go of.

use super::Reactor;
use crate::processes::{held_back::HeldBack, outside_calls::OutsideCall, timers::TimerKey};
use daybook_event_log::Position;

impl Reactor {
    /// What the processes have done until now rests on nothing behind this position.
    pub(in crate::processes) fn rests_on(&self) -> Position {
        if self.shared.run_ahead { self.shared.handed_over() } else { Position::ZERO }
    }

    /// The position that lets go of something when it is durable.
    pub(in crate::processes) fn held_until(&self) -> Option<Position> {
        self.held.first()
    }

    /// Does what rests on events up to `until` as soon as they are durable.
    pub(super) fn hold_until_durable(&mut self, until: Position, held: HeldBack) {
        if !self.shared.run_ahead || until <= *self.durable.borrow() {
            return self.let_go(held);
        }
        self.held.put(until, held);
    }

    /// Does what waited for what is durable by now.
    pub(in crate::processes) fn let_go_of_durable(&mut self) {
        if self.held.first().is_none() {
            return;
        }
        let durable = *self.durable.borrow();
        while let Some(held) = self.held.take(durable) {
            self.let_go(held);
        }
    }

    fn let_go(&mut self, held: HeldBack) {
        match held {
            HeldBack::Call(call) => self.make_call(call),
            HeldBack::DeadReaction(letter, timer) => {
                let position = letter.position;
                self.bury(letter);
                timer.into_iter().for_each(|timer| self.timers.done(timer));
                self.watermark.close(position);
            }
            HeldBack::Timer(due) => self.let_go.push(due),
        }
    }

    /// Makes a call, or sets a timer for it where there is no room.
    fn make_call(&mut self, call: OutsideCall) {
        let position = call.event.position;
        if let Some(call) = self.calls.put(call) {
            let key = TimerKey { position, process: call.process, is_deadline: false };
            let (kind, now) = (call.class().into(), self.now());
            self.timers.set_for_room(key, call.event.stream.clone(), kind, now, call.attempt);
        }
    }
}

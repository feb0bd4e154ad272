//! Runs the domain's processes: events in, commands out, each exactly once in effect.
//!
//! ```text
//! shards ──(events, answers)──> runner ──> reactor ──> commands ──> shards
//!                                 ^           |
//!      log (what was missed) ─────'           '──(when the event is durable)──> outside calls ──> RecordOutcome
//!      log (events of timers) <── timers
//! ```
//!
//! Shards hand over what they wrote, decoded and without a detour; whatever did not come that way (the past
//! after a start, other writers) is read from the log. A step may be done twice but counts once: command ids
//! follow from the process, the event and the step's number.
//!
//! With `run_ahead` shards hand over what is sequenced. Commands that follow are sequenced behind it, so they are lost
//! with it or not at all. All else waits until what it rests on is durable: calls to the outside, dead letters, timers
//! that are due, the state file, and the word that processes have caught up.

mod commands_out;
mod dead_letters;
mod failure;
mod held_back;
mod input;
mod keep_running;
mod meters;
mod outside_calls;
mod process_state;
mod reaction_table;
mod reactor;
mod report;
mod runner;
mod state_file;
mod state_writer;
mod stream_queue;
mod timers;
mod trigger_event;
mod watermark;

pub(crate) use dead_letters::DeadReactions;
pub use dead_letters::{DeadReaction, DeadReactionId};
pub(crate) use keep_running::{Starts, keep_running};
use reactor::Reactor;
pub use report::ProcessReport;
pub(crate) use state_file::Kept;

use crate::CommandError;
use daybook_domain::{AGGREGATES, Event, KindIndex, Timestamp, process::Process};
use daybook_event_log::{LogError, Position, StreamId, Version};
use std::sync::Arc;
use tokio::sync::oneshot;
use uuid::Uuid;

/// Which step of which reaction waits for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StepKey {
    slot: u32,
    /// Tells a reaction from an earlier one in the same slot.
    epoch: u32,
    index: u32,
}

/// What shards tell the processes.
pub(crate) enum ProcessMessage {
    /// A caller's command was written; with those of its events, by their index, that concern a process.
    Sequenced(Sequenced, Vec<(usize, Event)>),
    /// A command of a process was answered.
    Done(StepKey, Result<StepDone, CommandError>),
    /// A shard has begun anew; commands of processes that it had are lost.
    ShardRestarted,
    /// The log takes nothing more, and may have lost what processes have gone on from.
    LogFailed(LogError),
    /// Somebody wants a dead letter tried again; answered when that is kept, never if there is no such letter.
    RetryDeadLetter(DeadReactionId, oneshot::Sender<()>),
    /// Somebody wants a dead letter forgotten; answered likewise.
    SkipDeadLetter(DeadReactionId, oneshot::Sender<()>),
}

/// Events of one command, with their places in the log.
pub(crate) struct Sequenced {
    pub(crate) stream: StreamId,
    pub(crate) first_position: Position,
    pub(crate) first_version: Version,
    pub(crate) recorded_at_ns: i64,
    pub(crate) count: usize,
    pub(crate) command_id: Uuid,
    pub(crate) correlation_id: Uuid,
    pub(crate) occurred_at: Timestamp,
}

/// What a process' command led to.
pub(crate) struct StepDone {
    pub(crate) events: Vec<Event>,
    /// Where they were written; none if there are none, or if they were there before.
    pub(crate) sequenced: Option<Sequenced>,
}

/// Which events concern which processes, as bits.
#[derive(Default)]
pub(crate) struct Concerns {
    /// By the number of the event kind.
    masks: Vec<u64>,
}

impl Concerns {
    /// What the processes say of every event there is.
    pub(crate) fn of(processes: &[Arc<dyn Process>]) -> Self {
        assert!(processes.len() <= 64, "a mask has a bit per process");
        let mut masks = vec![0; KindIndex::bound(AGGREGATES.len())];
        for (bit, process) in processes.iter().enumerate() {
            let interests = process.interests();
            for kind in Event::kinds().filter(|kind| interests.contain(kind.index())) {
                masks[kind.index().get()] |= 1 << bit;
            }
        }
        Self { masks }
    }

    pub(crate) fn any(&self) -> bool {
        self.masks.iter().any(|mask| *mask != 0)
    }

    pub(crate) fn mask(&self, aggregate: &str, event_type: &str) -> u64 {
        Event::kind_index(aggregate, event_type).map_or(0, |kind| self.of_kind(kind))
    }

    fn of_kind(&self, kind: KindIndex) -> u64 {
        self.masks.get(kind.get()).copied().unwrap_or(0)
    }

    /// The processes that an event of this type concerns.
    pub(crate) fn concerned(&self, aggregate: &str, event_type: &str) -> impl Iterator<Item = usize> + use<> {
        bits(self.mask(aggregate, event_type))
    }

    /// Copies of the events that concern somebody.
    pub(crate) fn pick(&self, events: &[Event]) -> Vec<(usize, Event)> {
        let concerned = events.iter().enumerate();
        concerned
            .filter(|(_, event)| self.of_kind(event.kind().index()) != 0)
            .map(|(index, event)| (index, event.clone()))
            .collect()
    }
}

/// The numbers of the bits that are set.
pub(crate) fn bits(mut mask: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let bit = (mask != 0).then(|| mask.trailing_zeros() as usize)?;
        mask &= mask - 1;
        Some(bit)
    })
}

//! What to do about commands of a process that were refused, by the business or by something else.

use super::reaction_table::Reaction;
use crate::CommandError;
use daybook_domain::process::{Process, Refusal};
use daybook_event_log::LogError;
use daybook_subscriptions::BackoffLimits;
use std::time::Duration;

/// The pauses before commands are sent again while the reaction keeps its place.
const IN_PLACE: BackoffLimits = BackoffLimits::DEFAULT.up_to(Duration::from_secs(5));
/// How often other writers may get in the way before the reaction gives up its place.
const MAX_CONTENTIONS: u32 = 8;
/// How often a command may panic.
const MAX_PANICS: u32 = 2;
/// The pause before a reaction that gave up its place is tried again.
const LATER: Duration = Duration::from_secs(30);
/// The same for what waits for an upgrade, or for another node.
pub(super) const AFTER_UPGRADE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Remedy {
    /// The surroundings failed, which is not this reaction's fault: others would fare no better in its place.
    PauseInPlace(Duration),
    /// Give up the place, begin the reaction again later.
    TryLater(Duration),
    /// Trying again leads to the same.
    DeadReaction,
}

impl Remedy {
    /// For a reaction that has failed so many times in its place, this time included. Reactions with different seeds
    /// pause for different times.
    pub(super) fn of(error: &CommandError, failures: u32, seed: u64) -> Self {
        let pause = Self::PauseInPlace(IN_PLACE.pause(failures.saturating_sub(1), seed));
        match error {
            CommandError::Log(LogError::Damaged { .. })
            | CommandError::Rejected(_)
            | CommandError::VersionConflict { .. }
            | CommandError::CommandIdReused
            | CommandError::UnreadableHistory { .. }
            | CommandError::Invalid { .. } => Self::DeadReaction,
            CommandError::Panicked { .. } if failures >= MAX_PANICS => Self::DeadReaction,
            CommandError::Contended { .. } if failures > MAX_CONTENTIONS => Self::TryLater(LATER),
            CommandError::NewerProgram { .. } => Self::TryLater(AFTER_UPGRADE),
            CommandError::Panicked { .. }
            | CommandError::Contended { .. }
            | CommandError::Log(_)
            | CommandError::Overloaded { .. }
            | CommandError::DeadlinePassed
            | CommandError::ShuttingDown => pause,
        }
    }
}

/// What the business' answers to a stage's commands mean to the reaction.
pub(super) enum FailureVerdict {
    GoOn,
    TryLater(Duration),
    DeadReaction(String),
}

impl FailureVerdict {
    /// Asks the process about every refusal; the worst one counts.
    pub(super) fn of(process: &dyn Process, reaction: &Reaction) -> Self {
        let mut later: Option<Duration> = None;
        for (step, outcome) in reaction.outcomes() {
            let Err(rejection) = outcome else { continue };
            match process.refused(reaction.event.trigger(reaction.attempt), step.command, rejection) {
                Refusal::Expected => {}
                Refusal::Retry { after } => later = Some(later.map_or(after, |earlier| earlier.min(after))),
                Refusal::DeadLetter => {
                    let reason = format!("{} on {} was refused: {rejection}", step.command, step.stream);
                    return Self::DeadReaction(reason);
                }
            }
        }
        later.map_or(Self::GoOn, Self::TryLater)
    }
}

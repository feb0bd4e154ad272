//! What readiness shows of the processes beside their task: what waits for a person, and what does not get on.

use serde::Serialize;

/// What the processes have on their hands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ProcessReport {
    /// Reactions that were given up and wait for a person.
    pub dead_letters: usize,
    /// Reactions and calls that wait for a time.
    pub timers: usize,
    /// Calls to the outside that are being made.
    pub calls_in_flight: usize,
    /// Why the state of the processes could not be written the last time; a start then looks at more events again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_not_written: Option<String>,
}

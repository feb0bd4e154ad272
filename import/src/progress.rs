//! How far an import is, for whoever watches. Rates and remaining times are for them to compute.

use std::time::Duration;

/// What an import is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading and planning; writes nothing yet.
    Planning,
    /// Sending commands.
    Importing,
    /// Comparing what the shop booked with the plan.
    Checking,
    Done,
}

/// How far an import is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub phase: Phase,
    /// Lines of the file that are done, rejected ones included.
    pub lines_done: u64,
    /// Zero while this is not known.
    pub lines_total: u64,
    /// Since the import began.
    pub elapsed: Duration,
}

//! What can be wrong with a log as a whole, as opposed to one append.

use crate::Position;

/// The log cannot do what it was asked; each message says what to do about it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// No room for more events; reads go on, and appends resume when there is room again.
    #[error(
        "the log has no room for more events: {detail}; free some space, appends then resume by themselves"
    )]
    Full { detail: String },
    /// A write or sync failed, so nothing after it may be acknowledged.
    #[error(
        "the log stopped taking events after a failed write: {detail}; reads go on; check the disk, then restart"
    )]
    Poisoned { detail: String },
    /// Another process has this log open.
    #[error("the log at {path} is in use by another process; stop that one first, or name another directory")]
    InUse { path: String },
    /// The bytes are not what this log wrote.
    #[error("the log is damaged at {place}: {detail}; restore it from a copy, nothing was changed")]
    Damaged { place: String, detail: String },
    /// Events that were acknowledged are not there any more: the log was set back, or it is another one.
    #[error(
        "the log at {place} has lost acknowledged events, or is another log: {detail}; nothing is appended to it. Name the server or the directory that has them. If they are lost for good: stop all nodes, run daybook restore-accepted on the data directory of each, then start them"
    )]
    Rewound { place: String, detail: String },
    /// The files are of a format this program does not know.
    #[error("{path} has log format {found}, and this program knows up to {supported}; use a newer program")]
    NewerFormat { path: String, found: u32, supported: u32 },
    /// The place exists but is not a log.
    #[error("{path} is not a Daybook log: {detail}; name an empty or a Daybook directory")]
    NotALog { path: String, detail: String },
    /// The surroundings failed: a file, a disk, a server.
    #[error("{operation} failed: {detail}")]
    Unavailable { operation: String, detail: String },
    /// The log was closed while this was asked.
    #[error("the log is closed")]
    Closed,
    /// A reader asked for what is not there.
    #[error("position {asked} is beyond the end of the log at {head}")]
    BeyondEnd { asked: Position, head: Position },
}

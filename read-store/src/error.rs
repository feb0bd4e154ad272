//! What can be wrong with the read store. Nothing in it is lost for good: it can be deleted and filled again.

use uuid::Uuid;

/// The read store cannot do what it was asked; each message says what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process has it open.
    #[error("the read store at {path} is in use by another process; stop that one first")]
    InUse { path: String },
    /// A row is not what this program wrote.
    #[error("row {row} of the read store is damaged: {detail}; rebuild this read model")]
    Damaged { row: String, detail: String },
    /// The surroundings failed: a file, a disk.
    #[error(
        "{operation} failed in the read store: {detail}; check the disk; the store can be deleted, it is filled again from the log"
    )]
    Unavailable { operation: &'static str, detail: String },
    /// A projection keeps what it makes in a store of its own, and that failed.
    #[error(
        "{operation} failed: {detail}; check the disk; what is there can be deleted, it is filled again from the log"
    )]
    OwnStore { operation: &'static str, detail: String },
    /// It is being opened anew.
    #[error("the read store is being opened again; ask again")]
    Closed,
    /// The server that holds the rows cannot be reached, or refused.
    #[error("{operation} failed on the read store's server: {detail}")]
    Server { operation: &'static str, detail: String },
    /// Somebody else wrote to the same rows: one of two projectors has to give way, and it is this one.
    #[error("another projector has written to {generation} meanwhile; this one gives way")]
    Superseded { generation: String },
    /// Another shop has its read models there.
    #[error(
        "the read store on {place} has the read models of another log, whose first event is {found}; name a database of \
         this shop's own, or, if that log is gone: DROP SCHEMA daybook_read CASCADE"
    )]
    OtherLog { place: String, found: Uuid },
    /// A newer program was here.
    #[error(
        "{what} in {place} has version {found}, and this program knows up to {known}; use a newer program"
    )]
    Newer { what: String, place: String, found: u32, known: u32 },
}

impl StoreError {
    pub fn unavailable(operation: &'static str) -> impl FnOnce(fjall::Error) -> Self {
        move |error| Self::Unavailable { operation, detail: error.to_string() }
    }

    /// The row under `key` cannot be read.
    pub fn damaged(key: &[u8], error: impl std::fmt::Display) -> Self {
        Self::Damaged { row: key.escape_ascii().to_string(), detail: error.to_string() }
    }

    /// It is not the fault of any event or row.
    pub fn is_of_surroundings(&self) -> bool {
        !matches!(self, Self::Damaged { .. })
    }
}

//! What can be wrong with the read store. Nothing in it is lost for good: it can be deleted and filled again.

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
}

impl StoreError {
    pub(crate) fn unavailable(operation: &'static str) -> impl FnOnce(fjall::Error) -> Self {
        move |error| Self::Unavailable { operation, detail: error.to_string() }
    }

    /// The row under `key` cannot be read.
    pub(crate) fn damaged(key: &[u8], error: impl std::fmt::Display) -> Self {
        Self::Damaged { row: key.escape_ascii().to_string(), detail: error.to_string() }
    }
}

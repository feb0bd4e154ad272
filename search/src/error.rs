//! Why a search cannot be answered, and why the index cannot go on.

use tantivy::{TantivyError, directory::error::OpenReadError};

/// Why a search was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchError {
    #[error("q has {chars} characters; at most {max} are searched for: shorten it")]
    QueryTooLong { chars: usize, max: usize },
    #[error("q has {terms} words; at most {max} are searched for: shorten it")]
    TooManyTerms { terms: usize, max: usize },
    #[error("limit is {limit}; ask for 1 to {max} products a page")]
    BadLimit { limit: String, max: u32 },
    #[error("{values} filter values on {keys} attributes; at most {max_values} on {max_keys} are allowed")]
    TooManyFilters { values: usize, keys: usize, max_values: usize, max_keys: usize },
    #[error("the filter value that begins {start:?} is longer than {max} characters")]
    ValueTooLong { start: String, max: usize },
    #[error("{name}: {detail}; write MIN..MAX, MIN.. or ..MAX")]
    BadRange { name: String, detail: String },
    #[error("a price is filtered or sorted by, but currency is missing; say for example currency=GBP")]
    MissingCurrency,
    #[error("{name} is {found:?}; it must be {expected}")]
    BadValue { name: &'static str, found: String, expected: String },
    #[error("{name:?} is not a search parameter; {known}")]
    UnknownParameter { name: String, known: &'static str },
    #[error("cursor: {detail}; start again without it")]
    BadCursor { detail: &'static str },
    #[error("the search index cannot be read: {0}")]
    Index(String),
}

impl SearchError {
    /// Whether the asker can do something about it (4xx), or not (5xx).
    #[must_use]
    pub fn is_askers_fault(&self) -> bool {
        !matches!(self, Self::Index(_))
    }
}

impl From<TantivyError> for SearchError {
    fn from(error: TantivyError) -> Self {
        Self::Index(error.to_string())
    }
}

impl From<std::io::Error> for SearchError {
    fn from(error: std::io::Error) -> Self {
        Self::Index(error.to_string())
    }
}

/// Why the index cannot be opened or cannot follow the log any further. What was committed is intact;
/// opening again goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum SearchIndexError {
    #[error("the search index cannot be written: {0}")]
    Index(#[from] TantivyError),
    #[error("the search state cannot be stored: {0}")]
    State(#[from] fjall::Error),
    #[error("the search directory cannot be used: {0}")]
    Directory(#[from] std::io::Error),
    #[error("the index file {file} is damaged")]
    Damaged { file: String },
    #[error("the index was written in another format than {known}, which this program reads: {payload}")]
    OtherFormat { known: u32, payload: String },
    #[error("the stored row {key:?} is not readable: {detail}; delete the search directory to rebuild it")]
    Row { key: String, detail: String },
}

impl SearchIndexError {
    /// Whether what is stored is unfit and has to be made again. Otherwise the disk failed or is full, memory is short, or
    /// another process uses it: what is stored may be sound, and is left as it is.
    pub(crate) fn is_damage(&self) -> bool {
        match self {
            Self::Index(error) => !matches!(
                error,
                TantivyError::LockFailure(..)
                    | TantivyError::IoError(_)
                    | TantivyError::OpenDirectoryError(_)
                    | TantivyError::OpenReadError(OpenReadError::IoError { .. })
                    | TantivyError::OpenWriteError(_)
                    | TantivyError::ErrorInThread(_)
                    | TantivyError::SystemError(_)
                    | TantivyError::Poisoned
            ),
            Self::State(error) => !matches!(error, fjall::Error::Locked | fjall::Error::Io(_)),
            Self::Directory(_) => false,
            Self::Damaged { .. } | Self::OtherFormat { .. } | Self::Row { .. } => true,
        }
    }
}

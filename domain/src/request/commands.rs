//! What can be asked of a request that changed nothing, and why it may be refused.

use crate::{command::commands, rejection::rejections};

commands! {
    /// What can be asked of a request that changed nothing.
    RequestCommand { RecordUnchanged, }
}

/// Records that a command found everything as wished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordUnchanged {
    /// The stream that the command was for.
    pub stream: String,
    /// The stream's version then.
    pub version: u64,
}

rejections! {
    /// Why it is refused.
    RequestRejection {
        #[class(Conflict)]
        #[error("the outcome of this request is recorded for {stream}")]
        RecordedOtherwise { stream: String },
    }
}

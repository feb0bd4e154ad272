//! Names of streams: `<aggregate>-<id>`, for example `order-0199a5…` or `inventory-85123A`.

use serde::{Deserialize, Serialize};
use std::{borrow::Borrow, fmt, sync::Arc};

/// The longest stream name in bytes.
const MAX_BYTES: usize = 255;

/// One aggregate instance's events go by this name. Cheap to clone.
///
/// The aggregate's name is lower-case ASCII letters; the id follows the first hyphen.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct StreamId(Arc<str>);

/// A text that cannot name a stream.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "{text:?} is not a stream name: expected <aggregate>-<id> of at most 255 bytes without control characters or white space, but spaces within the id"
)]
pub struct InvalidStreamId {
    pub text: String,
}

/// Whether `text` is a stream's name. Runs for every record read, hence the path for plain ASCII.
pub(crate) fn names_a_stream(text: &str) -> bool {
    let Some((aggregate, id)) = text.split_once('-') else { return false };
    let named = !aggregate.is_empty() && aggregate.bytes().all(|b| b.is_ascii_lowercase());
    let identified = id.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
        || !id.chars().any(|c| c.is_control() || (c.is_whitespace() && c != ' '));
    let ends = id.starts_with(' ') || id.ends_with(' ');
    named && !id.is_empty() && identified && !ends && text.len() <= MAX_BYTES
}

impl StreamId {
    /// Names the stream of `aggregate` and `id`.
    pub fn new(aggregate: &str, id: impl fmt::Display) -> Result<Self, InvalidStreamId> {
        Self::parse(&format!("{aggregate}-{id}"))
    }

    /// Reads a stream name.
    pub fn parse(text: &str) -> Result<Self, InvalidStreamId> {
        if names_a_stream(text) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidStreamId { text: text.chars().take(80).collect() })
        }
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the first hyphen: which kind of aggregate.
    #[must_use]
    pub fn aggregate(&self) -> &str {
        self.0.split_once('-').map_or(&*self.0, |(aggregate, _)| aggregate)
    }

    /// The part after the first hyphen: which one.
    #[must_use]
    pub fn id(&self) -> &str {
        self.0.split_once('-').map_or("", |(_, id)| id)
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Borrow<str> for StreamId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for StreamId {
    type Error = InvalidStreamId;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<StreamId> for String {
    fn from(stream: StreamId) -> Self {
        stream.0.as_ref().to_owned()
    }
}

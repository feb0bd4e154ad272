//! What is said of one field that is wrong.

use super::body_path::BodyPath;
use schemars::JsonSchema;
use serde::Serialize;
use std::fmt;

/// One field that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub(crate) struct FieldError {
    /// Where in the body, as a JSON Pointer (RFC 6901); empty: the body itself.
    pointer: String,
    /// What is wrong there.
    detail: String,
}

impl FieldError {
    pub(crate) fn new(pointer: &str, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.to_owned(), detail: detail.into() }
    }

    pub(super) fn at(path: &BodyPath<'_>, detail: impl Into<String>) -> Self {
        Self { pointer: path.to_string(), detail: detail.into() }
    }

    pub(super) fn is_of_the_same_field(&self, other: &Self) -> bool {
        self.pointer == other.pointer
    }

    #[cfg(test)]
    pub(super) fn pointer(&self) -> &str {
        &self.pointer
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.pointer.is_empty() { "the body" } else { &self.pointer };
        write!(f, "{place} {}", self.detail)
    }
}

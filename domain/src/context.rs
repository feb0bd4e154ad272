//! What a decision is told about its surroundings: the time, and who asks.

use crate::{CustomerId, Timestamp};
use std::{fmt, str::FromStr};

/// Arguments of every decision beside state and command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context {
    /// The business time of the command: now for a live one, years ago for an import.
    pub now: Timestamp,
    pub actor: Actor,
}

/// Who asks. Stored with every event, so that roles can be enforced without touching formats.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Actor {
    Anonymous,
    Customer(CustomerId),
    /// A person working for the shop, by an opaque id.
    Staff(CustomerId),
    /// A part of Daybook, for example a process by its name.
    System(String),
}

/// A text that names no actor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no actor; expected anonymous, customer:<id>, staff:<id> or system:<name>")]
pub struct InvalidActor(pub String);

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Anonymous => f.write_str("anonymous"),
            Self::Customer(id) => write!(f, "customer:{id}"),
            Self::Staff(id) => write!(f, "staff:{id}"),
            Self::System(name) => write!(f, "system:{name}"),
        }
    }
}

impl FromStr for Actor {
    type Err = InvalidActor;

    fn from_str(text: &str) -> Result<Self, InvalidActor> {
        let invalid = || InvalidActor(text.chars().take(80).collect());
        match text.split_once(':') {
            None if text == "anonymous" => Ok(Self::Anonymous),
            Some(("customer", id)) => id.parse().map(Self::Customer).map_err(|_| invalid()),
            Some(("staff", id)) => id.parse().map(Self::Staff).map_err(|_| invalid()),
            Some(("system", name)) if !name.is_empty() => Ok(Self::System(name.to_owned())),
            _ => Err(invalid()),
        }
    }
}

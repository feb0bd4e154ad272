//! Which parts of the work a node does, and so which routes it answers. Says nothing of how.

use std::{fmt, str::FromStr};

/// One part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeRole {
    /// Takes commands over HTTP.
    Commands,
    /// Runs the processes, or stands by to: one node at a time does.
    Processes,
    /// Tells NATS of every event, or stands by to: one node at a time does.
    Relay,
    /// Keeps read models current: its own, or on a read store that nodes share, everybody's, or stands by to.
    Projector,
    /// Answers queries over HTTP, from read models of its own or shared ones.
    Queries,
}

const ALL: [(NodeRole, &str); 5] = [
    (NodeRole::Commands, "commands"),
    (NodeRole::Processes, "processes"),
    (NodeRole::Relay, "relay"),
    (NodeRole::Projector, "projector"),
    (NodeRole::Queries, "queries"),
];

impl NodeRole {
    /// As the command line and answers name it.
    #[must_use]
    pub fn name(self) -> &'static str {
        ALL[self as usize].1
    }
}

/// A name that is no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a role; there are commands, processes, relay, projector and queries, separated by commas"
)]
pub struct UnknownRole(String);

/// The roles of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// Everything in one process.
    pub const ALL: Self = Self(0b1_1111);

    #[must_use]
    pub const fn has(self, role: NodeRole) -> bool {
        self.0 & (1 << role as u8) != 0
    }

    /// Whether read models are needed. Commands need them too: prices and titles come from the catalog, and an
    /// answer may show what was written.
    #[must_use]
    pub const fn reads(self) -> bool {
        self.has(NodeRole::Projector) || self.has(NodeRole::Queries) || self.has(NodeRole::Commands)
    }

    #[must_use]
    pub fn names(self) -> Vec<&'static str> {
        ALL.into_iter().filter(|(role, _)| self.has(*role)).map(|(_, name)| name).collect()
    }
}

impl FromStr for Roles {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        text.split(',').map(str::trim).try_fold(Self(0), |roles, name| {
            let known = ALL.into_iter().find(|(_, known)| *known == name);
            let (role, _) = known.ok_or_else(|| UnknownRole(name.to_owned()))?;
            Ok(Self(roles.0 | 1 << role as u8))
        })
    }
}

impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(","))
    }
}

impl fmt::Debug for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_read_as_they_are_shown_and_unknown_ones_are_named() {
        let roles: Roles = "queries, relay".parse().expect("both are roles");
        assert_eq!(roles.to_string(), "relay,queries");
        assert!(roles.has(NodeRole::Relay) && !roles.has(NodeRole::Commands) && roles.reads());
        assert_eq!(Roles::ALL.to_string().parse(), Ok(Roles::ALL));
        let unknown = "relay,cook".parse::<Roles>().expect_err("there is no such role").to_string();
        assert!(unknown.starts_with("\"cook\" is not a role"), "{unknown}");
    }
}

//! Where in a body: made while a body is walked through, and written down only if something is wrong there.

use std::fmt::{self, Write};

/// The place of a value. Shown as a JSON Pointer (RFC 6901).
#[derive(Debug, Clone, Copy)]
pub(super) enum BodyPath<'p> {
    /// The body itself.
    Body,
    Member(&'p BodyPath<'p>, &'p str),
    Item(&'p BodyPath<'p>, usize),
}

impl fmt::Display for BodyPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body => Ok(()),
            Self::Member(parent, name) => {
                write!(f, "{parent}/")?;
                name.chars().try_for_each(|character| match character {
                    '~' => f.write_str("~0"),
                    '/' => f.write_str("~1"),
                    other => f.write_char(other),
                })
            }
            Self::Item(parent, at) => write!(f, "{parent}/{at}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_json_pointer() {
        let lines = BodyPath::Member(&BodyPath::Body, "lines");
        let first = BodyPath::Item(&lines, 0);
        assert_eq!(BodyPath::Body.to_string(), "");
        assert_eq!(BodyPath::Member(&first, "a/b~c").to_string(), "/lines/0/a~1b~0c");
    }
}

//! JSON as it was sent: a tree that keeps what a decoder drops, names given twice and numbers that no number of this
//! program holds. It exists only while one body is checked, never across a wait, so it costs a thread and not a client.

use super::{
    exact::inexact_numbers,
    shape::{FieldError, child},
};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::{cell::Cell, collections::HashSet, fmt};

/// A whole body.
pub(super) struct Tree {
    root: Node,
    /// By the order in which they stand: those of the numbers that are no plain integers which are not kept exactly.
    inexact: Vec<bool>,
}

/// One JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Null,
    Flag(bool),
    Integer(i128),
    Decimal {
        value: f64,
        /// Which of the numbers that are no plain integers it is.
        at: usize,
    },
    Text(String),
    List(Vec<Node>),
    /// In the order of the body, names given twice included.
    Object(Vec<(String, Node)>),
}

impl Tree {
    pub(super) fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let decimals = Cell::new(0);
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let root = NodeSeed(&decimals).deserialize(&mut json)?;
        json.end()?;
        let inexact = if decimals.get() == 0 { Vec::new() } else { inexact_numbers(bytes) };
        Ok(Self { root, inexact })
    }

    pub(super) const fn root(&self) -> &Node {
        &self.root
    }

    /// What no body may have, whatever it is for.
    pub(super) fn objections(&self, errors: &mut Vec<FieldError>) {
        self.object_to(&self.root, "", errors);
    }

    fn object_to(&self, node: &Node, pointer: &str, errors: &mut Vec<FieldError>) {
        match node {
            Node::Object(members) => {
                let mut seen = HashSet::with_capacity(members.len());
                for (name, member) in members {
                    if !seen.insert(name) {
                        errors.push(FieldError::new(&child(pointer, name), "is given more than once"));
                    }
                    if member.may_be_objected_to() {
                        self.object_to(member, &child(pointer, name), errors);
                    }
                }
            }
            Node::List(items) => {
                for (at, item) in items.iter().enumerate().filter(|(_, item)| item.may_be_objected_to()) {
                    self.object_to(item, &format!("{pointer}/{at}"), errors);
                }
            }
            Node::Decimal { value, at } => {
                if !value.is_finite() || self.inexact.get(*at).copied().unwrap_or(true) {
                    let detail = "is too large, or has more digits than are kept exactly (15 to 17); send it as a text";
                    errors.push(FieldError::new(pointer, detail));
                }
            }
            Node::Null | Node::Flag(_) | Node::Integer(_) | Node::Text(_) => {}
        }
    }
}

impl Node {
    /// Whether there can be something in it that no body may have.
    const fn may_be_objected_to(&self) -> bool {
        matches!(self, Self::List(_) | Self::Object(_) | Self::Decimal { .. })
    }

    /// With its article, for people.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Flag(_) => "true or false",
            Self::Integer(_) => "a whole number",
            Self::Decimal { .. } => "a number with decimals, or too large",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

/// Builds a [`Node`], counting the numbers that are no plain integers.
#[derive(Clone, Copy)]
struct NodeSeed<'c>(&'c Cell<usize>);

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Integer(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Integer(number.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        let at = self.0.replace(self.0.get() + 1);
        Ok(Node::Decimal { value, at })
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            members.push((name, map.next_value_seed(self)?));
        }
        Ok(Node::Object(members))
    }
}

/// For the values of a schema.
impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        NodeSeed(&Cell::new(0)).deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objections(text: &str) -> Vec<String> {
        let mut errors = Vec::new();
        Tree::read(text.as_bytes()).unwrap().objections(&mut errors);
        errors.iter().map(|error| error.pointer().to_owned()).collect()
    }

    #[test]
    fn names_given_twice_are_found_at_any_depth() {
        assert_eq!(objections(r#"{"a":1,"b":[{"c/d":{"e":1,"e":1}}],"a":2}"#), ["/b/0/c~1d/e", "/a"]);
        assert!(objections(r#"{"a":{"a":[{"a":1},{"a":1}]}}"#).is_empty());
    }

    #[test]
    fn numbers_that_would_change_are_found_and_others_are_not() {
        for kept in
            ["300", "300.0", "-0", "0.1", "1e3", "1.50", "-2.5E-3", "18446744073709551615", "\"0.1e999\""]
        {
            assert!(objections(&format!("[{kept}]")).is_empty(), "{kept}");
        }
        let changed = "[1, 0.10000000000000000555, 99999999999999999999, 2.5, 0.30000000000000001]";
        assert_eq!(objections(changed), ["/1", "/2", "/4"]);
    }

    #[test]
    fn what_is_no_json_is_said_with_line_and_column() {
        let error = Tree::read(b"{\"a\":\n }").map(|_| ()).unwrap_err();
        assert_eq!((error.line(), error.column()), (2, 2));
        assert!(Tree::read(b"{} {}").is_err() && Tree::read(&[b'[', 0xff, b']']).is_err());
        assert!(Tree::read("[".repeat(500).as_bytes()).is_err(), "depth has a bound");
    }
}

//! JSON as it was sent: a tree that keeps what a decoder drops, names given twice and numbers that no number of this
//! program holds. It exists only while one body is checked, never across a wait, so it costs a thread and not a client.

use super::{body_path::BodyPath, exact::inexact_numbers, field_error::FieldError};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::{borrow::Cow, cell::Cell, collections::HashSet, fmt};

/// Up to so many members are compared with each other; of more, the names are collected.
const FEW_MEMBERS: usize = 16;

/// A whole body. It borrows what it can from the bytes.
pub(super) struct Tree<'j> {
    root: Node<'j>,
    /// By the order in which they stand: those of the numbers that are no plain integers which are not kept exactly.
    inexact: Vec<bool>,
}

/// One JSON value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node<'j> {
    Null,
    Flag(bool),
    Integer(i128),
    Decimal {
        value: f64,
        /// Which of the numbers that are no plain integers it is.
        at: usize,
    },
    Text(Cow<'j, str>),
    List(Vec<Node<'j>>),
    /// In the order of the body, names given twice included.
    Object(Vec<(Cow<'j, str>, Node<'j>)>),
}

impl<'j> Tree<'j> {
    pub(super) fn read(bytes: &'j [u8]) -> Result<Self, serde_json::Error> {
        let decimals = Cell::new(0);
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let root = NodeSeed(&decimals).deserialize(&mut json)?;
        json.end()?;
        let inexact = if decimals.get() == 0 { Vec::new() } else { inexact_numbers(bytes) };
        Ok(Self { root, inexact })
    }

    pub(super) const fn root(&self) -> &Node<'j> {
        &self.root
    }

    /// What no body may have, whatever it is for.
    pub(super) fn objections(&self, errors: &mut Vec<FieldError>) {
        self.object_to(&self.root, &BodyPath::Body, errors);
    }

    fn object_to(&self, node: &Node<'_>, path: &BodyPath<'_>, errors: &mut Vec<FieldError>) {
        match node {
            Node::Object(members) => {
                let mut seen = HashSet::new();
                for (at, (name, member)) in members.iter().enumerate() {
                    let is_known = if members.len() <= FEW_MEMBERS {
                        members[..at].iter().any(|(before, _)| before == name)
                    } else {
                        !seen.insert(name)
                    };
                    let path = BodyPath::Member(path, name);
                    if is_known {
                        errors.push(FieldError::at(&path, "is given more than once"));
                    }
                    if member.may_be_objected_to() {
                        self.object_to(member, &path, errors);
                    }
                }
            }
            Node::List(items) => {
                for (at, item) in items.iter().enumerate().filter(|(_, item)| item.may_be_objected_to()) {
                    self.object_to(item, &BodyPath::Item(path, at), errors);
                }
            }
            Node::Decimal { value, at } => {
                if !value.is_finite() || self.inexact.get(*at).copied().unwrap_or(true) {
                    let detail = "is too large, or has more digits than are kept exactly (15 to 17); send it as a text";
                    errors.push(FieldError::at(path, detail));
                }
            }
            Node::Null | Node::Flag(_) | Node::Integer(_) | Node::Text(_) => {}
        }
    }
}

impl Node<'_> {
    /// Whether there can be something in it that no body may have.
    const fn may_be_objected_to(&self) -> bool {
        matches!(self, Self::List(_) | Self::Object(_) | Self::Decimal { .. })
    }

    /// Without what it borrowed.
    pub(super) fn into_owned(self) -> Node<'static> {
        let owned = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Null => Node::Null,
            Self::Flag(flag) => Node::Flag(flag),
            Self::Integer(number) => Node::Integer(number),
            Self::Decimal { value, at } => Node::Decimal { value, at },
            Self::Text(text) => Node::Text(owned(text)),
            Self::List(items) => Node::List(items.into_iter().map(Node::into_owned).collect()),
            Self::Object(members) => Node::Object(
                members.into_iter().map(|(name, member)| (owned(name), member.into_owned())).collect(),
            ),
        }
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
    type Value = Node<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node<'de>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node<'de>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Node<'de>, E> {
        Ok(Node::Flag(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node<'de>, E> {
        Ok(Node::Integer(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node<'de>, E> {
        Ok(Node::Integer(number.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'de>, E> {
        let at = self.0.replace(self.0.get() + 1);
        Ok(Node::Decimal { value, at })
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'de>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key_seed(NameSeed)? {
            members.push((name, map.next_value_seed(self)?));
        }
        Ok(Node::Object(members))
    }
}

/// Reads a member's name. (`Cow` itself is always copied by its own implementation.)
struct NameSeed;

impl<'de> DeserializeSeed<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Cow<'de, str>, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for NameSeed {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

/// For the values of a schema.
impl<'de> Deserialize<'de> for Node<'de> {
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

//! Which types of JSON a schema takes.

use super::tree::Node;

/// The names of types that a value may have, and the same as bits; no name: any.
#[derive(Debug, Default)]
pub(super) struct JsonTypes {
    names: Vec<String>,
    bits: u8,
}

impl JsonTypes {
    pub(super) const NULL: u8 = 1;
    pub(super) const BOOLEAN: u8 = 2;
    pub(super) const INTEGER: u8 = 4;
    pub(super) const NUMBER: u8 = 8;
    pub(super) const TEXT: u8 = 16;
    pub(super) const LIST: u8 = 32;
    pub(super) const OBJECT: u8 = 64;

    pub(super) fn of(names: Vec<String>) -> Self {
        let bit = |name: &String| match name.as_str() {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "string" => Self::TEXT,
            "array" => Self::LIST,
            "object" => Self::OBJECT,
            _ => 0,
        };
        let bits = names.iter().map(bit).fold(0, |all, bit| all | bit);
        Self { names, bits }
    }

    pub(super) const fn has(&self, bits: u8) -> bool {
        self.bits & bits != 0
    }

    pub(super) const fn take(&self, node: &Node<'_>) -> bool {
        self.names.is_empty()
            || self.has(match node {
                Node::Null => Self::NULL,
                Node::Flag(_) => Self::BOOLEAN,
                Node::Integer(_) => Self::INTEGER | Self::NUMBER,
                Node::Decimal { .. } => Self::NUMBER,
                Node::Text(_) => Self::TEXT,
                Node::List(_) => Self::LIST,
                Node::Object(_) => Self::OBJECT,
            })
    }

    /// As the schema names them.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

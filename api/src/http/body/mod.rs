//! Bodies of commands, read strictly. `tree.rs` reads the JSON as it was sent, `shape.rs` holds it against the schema that
//! the document shows, and only what fits is decoded. So whatever the document says of a body is enforced here, all that
//! is wrong is said at once, each with its JSON Pointer, and nothing is read as something that it is not.
//!
//! How bytes are collected from the network is `command_input.rs`.

mod body_path;
mod exact;
mod field_error;
mod formats;
mod json_types;
mod shape;
mod tree;

pub(crate) use field_error::FieldError;

use crate::problem::{Problem, kind};
use body_path::BodyPath;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use shape::Shape;
use tree::Tree;

/// More errors than this help nobody.
const MOST_ERRORS: usize = 50;

/// Reads `bytes` as a `T`, if they are JSON that fits its schema.
pub(crate) fn read_json<T: DeserializeOwned + JsonSchema + 'static>(bytes: &[u8]) -> Result<T, Problem> {
    let tree = Tree::read(bytes).map_err(|error| {
        Problem::new(&kind::MALFORMED_JSON, error.to_string())
            .with("line", error.line())
            .with("column", error.column())
    })?;
    let mut errors = Vec::new();
    tree.objections(&mut errors);
    Shape::of::<T>().check(tree.root(), &mut errors);
    if !errors.is_empty() {
        return Err(invalid_body(errors));
    }
    serde_json::from_slice(bytes).map_err(|_| invalid_body(vec![placed::<T>(bytes)]))
}

/// The problem of a body in which these fields are wrong.
pub(crate) fn invalid_body(mut errors: Vec<FieldError>) -> Problem {
    errors.sort();
    // What else is wrong with the same field shows once this is right.
    errors.dedup_by(|one, other| one.is_of_the_same_field(other));
    let more = errors.len().saturating_sub(1);
    let first = errors.first().map(FieldError::to_string).unwrap_or_default();
    let detail = if more == 0 { first } else { format!("{first}; and {more} more, see `errors`") };
    errors.truncate(MOST_ERRORS);
    let errors = serde_json::to_value(errors).expect("errors have text keys and no failing serializers");
    Problem::new(&kind::INVALID_BODY, detail).with("errors", errors)
}

/// What the schema allows and the type does not, for example an id that does not parse: where it is, and why.
fn placed<T: DeserializeOwned>(bytes: &[u8]) -> FieldError {
    use serde_path_to_error::Segment;
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut json) else {
        return FieldError::new("", "cannot be read");
    };
    let mut pointer = String::new();
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => pointer = format!("{pointer}/{index}"),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                let escaped = BodyPath::Member(&BodyPath::Body, key);
                pointer = format!("{pointer}{escaped}");
            }
            Segment::Unknown => {}
        }
    }
    let said = error.into_inner().to_string();
    let said = said.split(" at line ").next().unwrap_or_default();
    // What serde says of its own is in words of the program.
    let own = said.starts_with("invalid ") || said.contains("expected ");
    FieldError::new(&pointer, if own { "is not what is expected here" } else { said })
}

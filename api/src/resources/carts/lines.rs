//! One line or a list of lines to add to a cart; both are the same command.

use super::bodies::LineBody;
use crate::http::CommandBody;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Value, json};
use std::{borrow::Cow, fmt};

/// Lines to add. Serializes as a list, so that one line and a list of one line have the same digest.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct LinesBody(pub Vec<LineBody>);

impl CommandBody for LinesBody {
    fn example() -> Value {
        json!([{ "sku": "MUG-RED", "quantity": 2 }, { "sku": "TEAPOT", "quantity": 1 }])
    }
}

impl<'de> Deserialize<'de> for LinesBody {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;

        impl<'de> Visitor<'de> for OneOrMany {
            type Value = LinesBody;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a line or a list of lines")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LinesBody, A::Error> {
                LineBody::deserialize(MapAccessDeserializer::new(map)).map(|line| LinesBody(vec![line]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<LinesBody, A::Error> {
                let mut lines = Vec::new();
                while let Some(line) = seq.next_element()? {
                    lines.push(line);
                }
                Ok(LinesBody(lines))
            }
        }

        deserializer.deserialize_any(OneOrMany)
    }
}

impl JsonSchema for LinesBody {
    fn schema_name() -> Cow<'static, str> {
        "LinesBody".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let line = generator.subschema_for::<LineBody>();
        json_schema!({ "description": "One line or a list of lines.",
            "oneOf": [line, { "type": "array", "items": line, "minItems": 1 }] })
    }
}

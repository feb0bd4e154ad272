//! Proofs as they are answered, with their schemas: the types of the proofs are `daybook_audit`'s, which describes none.

use crate::describe::{AnswerDoc, Content, DescribeAnswer, Description, Form};
use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use daybook_audit::{ConsistencyProof, Hash, InclusionProof};
use daybook_domain::OrderId;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;

pub(super) const NOTE: &str = "daybook/3f1c9a7b2e40\n4720\nq1Rz…=\n\n— daybook/3f1c9a7b2e40 Az3g…=\n";

/// A record with the proof that it is under a checkpoint.
#[derive(Serialize)]
pub(super) struct ProvenRecord {
    pub position: u64,
    pub version: u64,
    #[serde(rename = "type")]
    pub event_type: String,
    /// The stored bytes in base64; their leaf hash is what the proof is about.
    pub record: String,
    pub proof: InclusionProof,
}

#[derive(Serialize)]
pub(super) struct RecordProof {
    #[serde(flatten)]
    pub proven: ProvenRecord,
    pub checkpoint: String,
}

#[derive(Serialize)]
pub(super) struct OrderProof {
    pub order_id: OrderId,
    pub events: Vec<ProvenRecord>,
    pub checkpoint: String,
    pub key: String,
}

#[derive(Serialize)]
pub(super) struct Continuation {
    pub proof: ConsistencyProof,
    pub checkpoint: String,
}

fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn text_of(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn hashes() -> Value {
    json!({ "type": "array", "items": text_of("A hash of 32 bytes, in base64.") })
}

/// The schema of a record with its proof: members and which of them must be there.
fn proven() -> Value {
    json!({
        "position": number(), "version": number(), "type": text_of("What happened."),
        "record": text_of("The stored bytes in base64; their leaf hash is what the proof is about."),
        "proof": { "type": "object", "required": ["leaf_index", "tree_size", "hashes"],
            "properties": { "leaf_index": number(), "tree_size": number(), "hashes": hashes() } },
    })
}

const PROVEN: [&str; 5] = ["position", "version", "type", "record", "proof"];

pub(super) fn proven_example() -> Value {
    json!({ "position": 4720, "version": 3, "type": "OrderConfirmed", "record": "AQAA…",
        "proof": { "leaf_index": 4719, "tree_size": 4720, "hashes": ["q1Rz…="] } })
}

/// A record with its proof and the checkpoint, for the document.
pub(super) fn proof_example() -> Value {
    let mut example = proven_example();
    example["checkpoint"] = NOTE.into();
    example
}

/// Gives a type this schema, written where it is used.
macro_rules! schema {
    ($type:ident, $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                Schema::try_from($schema).expect("an object is a schema")
            }
        }
    };
}

schema!(RecordProof, {
    let mut members = proven();
    members["checkpoint"] = text_of("The signed note.");
    let required: Vec<_> = PROVEN.into_iter().chain(["checkpoint"]).collect();
    json!({ "type": "object", "required": required, "properties": members })
});

schema!(
    Continuation,
    json!({
        "type": "object",
        "required": ["proof", "checkpoint"],
        "properties": {
            "proof": { "type": "object", "required": ["old_size", "new_size", "hashes"],
                "properties": { "old_size": number(), "new_size": number(), "hashes": hashes() } },
            "checkpoint": text_of("The signed note."),
        },
    })
);

schema!(
    OrderProof,
    json!({
        "type": "object",
        "required": ["order_id", "events", "checkpoint", "key"],
        "properties": {
            "order_id": { "type": "string", "format": "uuid" },
            "events": { "type": "array",
                "items": { "type": "object", "required": PROVEN, "properties": proven() } },
            "checkpoint": text_of("The signed note."),
            "key": text_of("What the note can be verified with."),
        },
    })
);

/// A signed note or a key, as text. The note changes with every second.
pub(super) struct Note {
    pub text: String,
    pub is_latest: bool,
}

impl IntoResponse for Note {
    fn into_response(self) -> Response {
        let media_type = (header::CONTENT_TYPE, "text/plain; charset=utf-8");
        if self.is_latest {
            ([media_type, (header::CACHE_CONTROL, "no-cache")], self.text).into_response()
        } else {
            ([media_type], self.text).into_response()
        }
    }
}

impl DescribeAnswer for Note {
    type Docs = AnswerDoc;

    fn describe(doc: &AnswerDoc, to: &mut Description) {
        let content = Content { media_type: "text/plain", form: Form::Text, example: doc.example.clone() };
        to.answers_with(200, doc.text, &[], vec![content]);
    }
}

/// A tile of the tree: up to 256 hashes, which never change.
pub(super) struct TileAnswer(pub Vec<Hash>);

impl IntoResponse for TileAnswer {
    fn into_response(self) -> Response {
        let tile: Vec<u8> = self.0.iter().flat_map(|hash| hash.0).collect();
        let headers = [
            (header::CONTENT_TYPE, "application/octet-stream"),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        ];
        (headers, tile).into_response()
    }
}

impl DescribeAnswer for TileAnswer {
    type Docs = AnswerDoc;

    fn describe(doc: &AnswerDoc, to: &mut Description) {
        let (media_type, example) = ("application/octet-stream", doc.example.clone());
        to.answers_with(200, doc.text, &[], vec![Content { media_type, form: Form::Text, example }]);
    }
}

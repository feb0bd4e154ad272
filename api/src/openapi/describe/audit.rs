//! The routes for auditors.

use super::ORDER;
use crate::{openapi::Operation, problem::kind};
use serde_json::{Value, json};

const TAG: &str = "audit";
const NOTE: &str = "daybook/3f1c9a7b2e40\n4720\nq1Rz…=\n\n— daybook/3f1c9a7b2e40 Az3g…=\n";

fn number() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn hashes() -> Value {
    json!({ "type": "array", "items": text("A hash of 32 bytes, in base64.") })
}

/// A record with its proof: members and which of them must be there.
fn proven() -> Value {
    json!({
        "position": number(), "version": number(), "type": text("What happened."),
        "record": text("The stored bytes in base64; their leaf hash is what the proof is about."),
        "proof": { "type": "object", "required": ["leaf_index", "tree_size", "hashes"],
            "properties": { "leaf_index": number(), "tree_size": number(), "hashes": hashes() } },
    })
}

const PROVEN: [&str; 5] = ["position", "version", "type", "record", "proof"];

fn proven_example() -> Value {
    json!({ "position": 4720, "version": 3, "type": "OrderConfirmed", "record": "AQAA…",
        "proof": { "leaf_index": 4719, "tree_size": 4720, "hashes": ["q1Rz…="] } })
}

pub(crate) fn checkpoint() -> Operation {
    Operation::other(TAG, "auditCheckpoint", "The latest signed checkpoint of the log")
        .says("A signed note in the C2SP tlog-checkpoint format. Keep one, and nothing before it can be changed unnoticed.")
        .answers_as(200, "The note.", &[("text/plain", NOTE)])
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND])
        .inside_only()
}

pub(crate) fn key() -> Operation {
    Operation::other(TAG, "auditKey", "The public key that checkpoints are signed with")
        .answers_as(
            200,
            "A C2SP signed-note verifier key.",
            &[("text/plain", "daybook/3f1c9a7b2e40+1a2b3c4d+AX…\n")],
        )
        .problems(&[&kind::INVALID_PARAMETER])
        .inside_only()
}

pub(crate) fn tile() -> Operation {
    Operation::other(TAG, "auditTile", "A tile of the Merkle tree, after C2SP tlog-tiles")
        .answers_as(200, "Up to 256 hashes of 32 bytes.", &[("application/octet-stream", "")])
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND])
        .inside_only()
}

pub(crate) fn proof() -> Operation {
    let (mut members, mut example) = (proven(), proven_example());
    members["checkpoint"] = text("The signed note.");
    example["checkpoint"] = NOTE.into();
    let required: Vec<_> = PROVEN.into_iter().chain(["checkpoint"]).collect();
    let schema = json!({ "type": "object", "required": required, "properties": members });
    Operation::other(TAG, "auditProof", "That one event is under the latest checkpoint")
        .param("query", "position", "Of the event.", json!({ "type": "integer", "minimum": 1 }), json!(4720))
        .required()
        .answers_json(
            200,
            "The record's stored bytes, its inclusion proof (RFC 9162), and the checkpoint.",
            schema,
            example,
        )
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::NOT_REACHED, &kind::UNAVAILABLE])
        .inside_only()
}

pub(crate) fn consistency() -> Operation {
    let schema = json!({
        "type": "object",
        "required": ["proof", "checkpoint"],
        "properties": {
            "proof": { "type": "object", "required": ["old_size", "new_size", "hashes"],
                "properties": { "old_size": number(), "new_size": number(), "hashes": hashes() } },
            "checkpoint": text("The signed note."),
        },
    });
    let example =
        json!({ "proof": { "old_size": 4000, "new_size": 4720, "hashes": ["q1Rz…="] }, "checkpoint": NOTE });
    Operation::other(TAG, "auditConsistency", "That an earlier checkpoint is the beginning of the latest one")
        .param(
            "query",
            "from",
            "How many events the earlier one covers.",
            json!({ "type": "integer", "minimum": 1 }),
            json!(4000),
        )
        .required()
        .answers_json(200, "The consistency proof (RFC 9162), and the checkpoint.", schema, example)
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::UNAVAILABLE])
        .inside_only()
}

pub(crate) fn order() -> Operation {
    let schema = json!({
        "type": "object",
        "required": ["order_id", "events", "checkpoint", "key"],
        "properties": {
            "order_id": { "type": "string", "format": "uuid" },
            "events": { "type": "array",
                "items": { "type": "object", "required": PROVEN, "properties": proven() } },
            "checkpoint": text("The signed note."),
            "key": text("What the note can be verified with."),
        },
    });
    let example = json!({ "order_id": ORDER, "events": [proven_example()], "checkpoint": NOTE,
        "key": "daybook/3f1c9a7b2e40+1a2b3c4d+AX…" });
    Operation::other("orders", "proveOrder", "What the log says about an order, with proof")
        .says("Every event of the order as stored, in base64, with an inclusion proof under one signed checkpoint.")
        .answers_json(200, "The events and their proofs.", schema, example)
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::NOT_REACHED, &kind::UNAVAILABLE])
        .inside_only()
}

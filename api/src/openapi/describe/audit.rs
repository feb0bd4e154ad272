//! The routes for auditors.

use super::ORDER;
use crate::{openapi::Operation, problem::kind};
use serde_json::json;

const TAG: &str = "audit";
const NOTE: &str = "daybook/3f1c9a7b2e40\n4720\nq1Rz…=\n\n— daybook/3f1c9a7b2e40 Az3g…=\n";
const INCLUSION: &str = r#"{"position":4720,"version":3,"type":"OrderConfirmed","record":"AQAA…","proof":{"leaf_index":4719,"tree_size":4720,"hashes":["q1Rz…="]},"checkpoint":"daybook/…"}"#;

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
    Operation::other(TAG, "auditProof", "That one event is under the latest checkpoint")
        .param("query", "position", "Of the event.", json!({ "type": "integer", "minimum": 1 }), json!(4720))
        .answers_as(
            200,
            "The record's stored bytes, its inclusion proof (RFC 9162), and the checkpoint.",
            &[("application/json", INCLUSION)],
        )
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::NOT_REACHED, &kind::UNAVAILABLE])
        .inside_only()
}

pub(crate) fn consistency() -> Operation {
    Operation::other(TAG, "auditConsistency", "That an earlier checkpoint is the beginning of the latest one")
        .param(
            "query",
            "from",
            "How many events the earlier one covers.",
            json!({ "type": "integer", "minimum": 1 }),
            json!(4000),
        )
        .answers_as(
            200,
            "The consistency proof (RFC 9162), and the checkpoint.",
            &[(
                "application/json",
                r#"{"proof":{"old_size":4000,"new_size":4720,"hashes":["q1Rz…="]},"checkpoint":"daybook/…"}"#,
            )],
        )
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::UNAVAILABLE])
        .inside_only()
}

pub(crate) fn order() -> Operation {
    let example =
        format!(r#"{{"order_id":"{ORDER}","events":[],"checkpoint":"daybook/…","key":"daybook/…"}}"#);
    Operation::other("orders", "proveOrder", "What the log says about an order, with proof")
        .says("Every event of the order as stored, in base64, with an inclusion proof under one signed checkpoint.")
        .answers_as(200, "The events and their proofs.", &[("application/json", &example)])
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::NOT_REACHED, &kind::UNAVAILABLE])
        .inside_only()
}

//! The routes for operators, and those about the interface itself.

use crate::{
    http::EmptyBody,
    openapi::Operation,
    problem::kind,
    resources::admin::{DeadLetters, Projections, RetryBody, SkipBody},
};
use daybook_projections::{RebuildProgress, Retried};
use serde_json::json;

const TAG: &str = "operation";

pub(crate) fn list() -> Operation {
    let example = json!({ "projections": [{ "projection": "order", "position": 4720, "head": 4720, "lag_events": 0 }], "rebuilds": [] });
    Operation::other(TAG, "listProjections", "How fresh every read model is, and which are being rebuilt")
        .answers::<Projections>(200, "The read models.", example)
        .problems(&[&kind::INVALID_PARAMETER])
}

pub(crate) fn rebuild() -> Operation {
    let progress = json!([{ "projection": "order", "version": 1, "filling": 2, "position": 0, "head": 4720, "events_per_s": 0 }]);
    Operation::other(TAG, "rebuildProjection", "Fill a read model again from the first event")
        .says("The old rows answer until the new ones have caught up.")
        .optional_body::<EmptyBody>(json!({}))
        .answers::<Vec<RebuildProgress>>(202, "The rebuild has begun.", progress)
        .problems(&[&kind::NOT_FOUND, &kind::CONFLICT, &kind::UNAVAILABLE])
}

pub(crate) fn dead_letters() -> Operation {
    Operation::other(
        TAG,
        "listDeadLetters",
        "Events that could not be applied, and those that wait behind them",
    )
    .param(
        "query",
        "limit",
        "How many at most.",
        json!({ "type": "integer", "minimum": 1, "maximum": 10000, "default": 100 }),
        json!(100),
    )
    .answers::<DeadLetters>(
        200,
        "What waits, and what was left out for good.",
        json!({ "waiting": [], "skipped": [] }),
    )
    .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::UNAVAILABLE])
}

pub(crate) fn retry() -> Operation {
    Operation::other(TAG, "retryDeadLetters", "Apply what waits in one stream, in order")
        .body::<RetryBody>(json!({ "stream": "order-0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012" }))
        .answers::<Retried>(200, "How far it went.", json!({ "applied": 3 }))
        .problems(&[&kind::INVALID_BODY, &kind::NOT_FOUND, &kind::UNAVAILABLE])
}

pub(crate) fn skip() -> Operation {
    Operation::other(
        TAG,
        "skipDeadLetter",
        "Leave one waiting event out for good, then go on with its stream",
    )
    .says("Who decides it (`X-Daybook-Actor`) and why is kept.")
    .body::<SkipBody>(json!({ "position": 4713, "reason": "its order was entered again by hand" }))
    .answers::<Retried>(200, "How far it went.", json!({ "applied": 2 }))
    .problems(&[&kind::INVALID_BODY, &kind::NOT_FOUND, &kind::UNAVAILABLE])
}

pub(crate) fn live() -> Operation {
    let schema =
        json!({ "type": "object", "required": ["status"], "properties": { "status": { "const": "live" } } });
    let operation = Operation::other(TAG, "live", "The process answers");
    operation.answers_json(200, "It does.", schema, json!({ "status": "live" }))
}

pub(crate) fn ready() -> Operation {
    let number = json!({ "type": "integer", "minimum": 0 });
    let schema = json!({
        "type": "object",
        "required": ["status", "position", "lag_events"],
        "properties": {
            "status": { "const": "ready" },
            "position": number,
            "lag_events": { "type": "integer", "minimum": 0, "description": "How far the read models are behind." },
        },
        "additionalProperties": true,
    });
    let example = json!({ "status": "ready", "position": 4720, "lag_events": 0 });
    Operation::other(TAG, "ready", "The server can do its work, or what is missing")
        .answers_json(200, "It can; beside it, what this node does.", schema, example)
        .problems(&[&kind::UNAVAILABLE])
}

pub(crate) fn metrics() -> Operation {
    Operation::other(TAG, "metrics", "Metrics in the Prometheus text format").answers_as(
        200,
        "Metrics.",
        &[("text/plain", "daybook_http_connections 3")],
    )
}

pub(crate) fn openapi() -> Operation {
    let schema = json!({ "type": "object", "required": ["openapi", "info", "paths"] });
    let example = json!({ "openapi": "3.1.0", "info": { "title": "Daybook", "version": "1" }, "paths": {} });
    Operation::other(TAG, "openapi", "This document").answers_json(200, "OpenAPI 3.1.", schema, example)
}

pub(crate) fn problem() -> Operation {
    let text = json!({ "type": "string" });
    let schema = json!({
        "type": "object",
        "required": ["type", "status", "title", "explanation"],
        "properties": { "type": text, "status": { "type": "integer" }, "title": text, "explanation": text },
    });
    let example = json!({ "type": "/problems/out-of-stock", "status": 409, "title": "There is not enough stock",
        "explanation": "`available` says how much can be had." });
    Operation::other(TAG, "explainProblem", "What a problem's `type` means")
        .answers_json(200, "The kind of problem.", schema, example)
        .problems(&[&kind::NOT_FOUND])
}

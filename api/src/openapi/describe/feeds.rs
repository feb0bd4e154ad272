//! Bulk commands and the event feed.

use crate::{
    openapi::Operation,
    problem::kind,
    resources::bulk::{BulkLine, BulkOutcome},
};
use serde_json::json;

const TAG: &str = "feeds";

pub(crate) fn commands() -> Operation {
    let line = json!({ "method": "POST", "path": "/inventory/MUG-RED/receive", "idempotency_key": "r-1", "body": { "quantity": 100 } });
    let outcome =
        json!({ "line": 1, "status": 200, "body": { "id": "MUG-RED", "position": 4702, "version": 1 } });
    Operation::other(TAG, "bulkCommands", "Many commands in one request, one per line")
        .says("JSON Lines in, one outcome per line out, in the same order, while the lines still come in. A line is a request to one of the other command routes. Lines about the same resource are executed in order, others side by side. A line that fails says so in its outcome and does not stop the others. Give every line an `idempotency_key`, then the whole request can be sent again.")
        .body::<BulkLine>(line)
        .body_as("application/jsonl")
        .answers::<BulkOutcome>(200, "One outcome per line.", outcome)
        .answered_as("application/jsonl")
        .problems(&[&kind::UNSUPPORTED_MEDIA_TYPE, &kind::UNAVAILABLE])
}

pub(crate) fn events() -> Operation {
    let number = |description: &str| json!({ "type": "integer", "minimum": 0, "description": description });
    let texts = || json!({ "type": "array", "items": { "type": "string" } });
    Operation::other(TAG, "events", "Everything that happened, in order, from any position")
        .says("CloudEvents 1.0 in JSON, the payload byte for byte as stored. As JSON Lines, or as Server-Sent Events where `Accept` asks for `text/event-stream`; there the id is the position, so `Last-Event-ID` goes on behind it. A following reader gets an empty line (or an SSE comment) at least every 15 seconds.")
        .param("query", "from", "The first position; 1 unless given.", number("position"), json!(4711))
        .param("query", "limit", "How many events at most.", number("count"), json!(100))
        .param("query", "follow", "Go on with what is yet to come; the default for Server-Sent Events.", json!({ "type": "boolean" }), json!(true))
        .param("query", "type", "Only these event types; repeated or with commas.", texts(), json!(["OrderPlaced"]))
        .param("query", "aggregate", "Only of these aggregates.", texts(), json!(["order"]))
        .param("query", "stream", "Only of these streams.", texts(), json!(["inventory-MUG-RED"]))
        .param("header", "Last-Event-ID", "Go on behind this position.", json!({ "type": "integer" }), json!(4711))
        .answers_as(200, "Events.", &[
            ("application/jsonl", r#"{"specversion":"1.0","id":"0199a5b0-…","source":"/daybook/order","type":"OrderPlaced","subject":"order-0199a5b0-…","time":"2026-11-22T10:00:00Z","position":"4713","data":{}}"#),
            ("text/event-stream", "id: 4713\nevent: OrderPlaced\ndata: {\"specversion\":\"1.0\"}\n\n"),
        ])
        .problems(&[&kind::INVALID_PARAMETER, &kind::INVALID_HEADER, &kind::NOT_ACCEPTABLE])
        .inside_only()
}

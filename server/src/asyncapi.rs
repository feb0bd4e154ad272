//! The description of what is told over NATS: AsyncAPI 3.0, made from the released schemas of the events and the
//! names the relay publishes under. It lists every version that was ever released, because the log has events of
//! all of them. `schemas/asyncapi.json` is this text; the data of each event is described beside it, in
//! `schemas/events/`.

use daybook_domain::{ReleasedSchema, released_schemas};
use daybook_messaging::{POSITION_HEADER, STREAM_NAME, SUBJECTS};
use serde_json::{Map, Value, json};

const DESCRIPTION: &str = "Every event of the shop, in the order of the log, as CloudEvents 1.0 in JSON. \
    The messages stand in one JetStream stream in the order of their positions in the log: dense, in commit order, each \
    once; the header Daybook-Position has the position. JetStream delivers; the log is the record, and what a stream lost is fed again. \
    Consumers that keep the last position they have handled, and skip what is not beyond it, see every event exactly once.";

/// The whole document, pretty-printed with a line break at its end: what `schemas/asyncapi.json` holds.
#[must_use]
pub fn text() -> String {
    let mut text = format!("{:#}", document(&released_schemas()));
    text.push('\n');
    text
}

fn document(schemas: &[ReleasedSchema]) -> Value {
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    // Of a version's revisions the newest comes last, and stays: it describes all fields that may be there.
    for schema in schemas {
        let ReleasedSchema { aggregate, event_type, version, .. } = *schema;
        let name = format!("{event_type}.v{version}");
        let mut described = message(schema);
        // What has no summary has none; a null would not be AsyncAPI.
        if let (Some(summary), Some(members)) = (schema.description(), described.as_object_mut()) {
            members.insert("summary".to_owned(), summary.into());
        }
        messages.insert(name.clone(), described);
        let channel = channels.entry(aggregate).or_insert_with(|| channel(aggregate));
        let link = json!({ "$ref": format!("#/components/messages/{name}") });
        if let Some(offered) = channel["messages"].as_object_mut() {
            offered.insert(name, link);
        }
        let operation = format!("tell_{aggregate}_events");
        operations.entry(operation).or_insert_with(|| {
            json!({ "action": "send", "channel": { "$ref": format!("#/channels/{aggregate}") },
                "summary": format!("Whatever happens to aggregates of the kind {aggregate}.") })
        });
    }
    json!({
        "asyncapi": "3.0.0",
        "info": { "title": "Daybook events", "version": env!("CARGO_PKG_VERSION"), "description": DESCRIPTION },
        "defaultContentType": "application/cloudevents+json",
        "servers": { "nats": { "host": "localhost:4222", "protocol": "nats",
            "description": format!("NATS 2.9 or newer with JetStream; the stream is {STREAM_NAME}, all its subjects are {SUBJECTS}.") } },
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": { "Headers": headers(), "Attributes": attributes() } },
    })
}

fn channel(aggregate: &str) -> Value {
    json!({
        "address": format!("daybook.events.{aggregate}.{{id}}"),
        "parameters": { "id": {
            "description": "The aggregate's id; a full stop in it is written %2E, an asterisk %2A, a greater-than sign %3E." } },
        "messages": {},
    })
}

fn message(schema: &ReleasedSchema) -> Value {
    let ReleasedSchema { aggregate, event_type, version, .. } = schema;
    json!({
        "name": event_type,
        "headers": { "$ref": "#/components/schemas/Headers" },
        "payload": { "allOf": [
            { "$ref": "#/components/schemas/Attributes" },
            { "type": "object", "properties": {
                "type": { "const": event_type },
                "source": { "const": format!("/daybook/{aggregate}") },
                "dataschema": { "const": format!("/schemas/events/{aggregate}/{event_type}.v{version}.json") },
                "data": { "$ref": format!("./{}", schema.path()) },
            } },
        ] },
    })
}

fn headers() -> Value {
    json!({
        "type": "object",
        "required": ["Nats-Msg-Id", POSITION_HEADER],
        "properties": {
            "Nats-Msg-Id": { "type": "string", "format": "uuid", "description": "The event's id." },
            (POSITION_HEADER): { "type": "string", "pattern": "^[1-9][0-9]*$", "description": "The event's position in the log; the message's stream sequence is the same number, unless others have published to the stream." },
        },
    })
}

/// The attributes of every event, whatever its type.
fn attributes() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    let uuid = |description: &str| json!({ "type": "string", "format": "uuid", "description": description });
    let time =
        |description: &str| json!({ "type": "string", "format": "date-time", "description": description });
    let number = |description: &str| json!({ "type": "string", "pattern": "^[1-9][0-9]*$", "description": description });
    json!({
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema",
            "position", "streamversion", "recordedat", "actor"],
        "oneOf": [{ "required": ["data"] }, { "required": ["dataref"] }],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": uuid("The event's id, the same for ever."),
            "source": text("`/daybook/<aggregate>`."),
            "type": text("What happened."),
            "subject": text("The stream: `<aggregate>-<id>`."),
            "time": time("When it happened in the world."),
            "datacontenttype": { "const": "application/json" },
            "dataschema": text("Where `data` is described."),
            "position": number("In the whole log, from 1, without gaps."),
            "streamversion": number("In its stream, from 1."),
            "recordedat": time("When it was written down."),
            "actor": text("Who did it."),
            "commandid": uuid("The command that led to it."),
            "correlationid": uuid("What it belongs to."),
            "causationid": uuid("What it follows from."),
            "requesthash": { "type": "string", "pattern": "^[0-9a-f]{16}$", "description": "Tells one request from another under the same command id." },
            "dataref": { "type": "string", "format": "uri-reference", "description": "In place of `data` where NATS takes no message as large as the event: where the shop answers with all of it." },
            "data": { "type": "object", "description": "As it was written, byte for byte." },
        },
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_released_version_is_a_message_and_of_a_version_the_newest_revision() {
        let first = ReleasedSchema {
            aggregate: "lamp",
            event_type: "LampLit",
            version: 1,
            revision: 1,
            text: r#"{"description":"It is lit."}"#,
        };
        let more = ReleasedSchema { revision: 2, text: "{}", ..first };
        let second = ReleasedSchema { version: 2, ..first };
        let document = document(&[first, more, second]);
        let messages = document["components"]["messages"].as_object().unwrap();
        assert_eq!(messages.keys().collect::<Vec<_>>(), ["LampLit.v1", "LampLit.v2"]);
        let data = |name: &str| &messages[name]["payload"]["allOf"][1]["properties"];
        assert_eq!(data("LampLit.v1")["data"]["$ref"], "./events/lamp/LampLit.v1.r2.json");
        // What a CloudEvent says of its data does not change with a revision.
        assert_eq!(data("LampLit.v1")["dataschema"]["const"], "/schemas/events/lamp/LampLit.v1.json");
        assert_eq!(data("LampLit.v2")["data"]["$ref"], "./events/lamp/LampLit.v2.json");
        assert_eq!(messages["LampLit.v2"]["summary"], "It is lit.");
        let offered = document["channels"]["lamp"]["messages"].as_object().unwrap();
        assert_eq!(offered.keys().collect::<Vec<_>>(), ["LampLit.v1", "LampLit.v2"]);
    }
}

//! Writes the descriptions out as one OpenAPI 3.1 document.

use super::operation::{Answer, Content, Form, Operation, Role};
use crate::{
    problem::{ALL, Kind, MEDIA_TYPE},
    route::Described,
};
use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The document for these routes.
pub(crate) fn document(operations: Vec<Described>) -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.meta_schema = None;
    settings.definitions_path = "/components/schemas".into();
    let mut schemas = settings.into_generator();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for (method, path, operation) in operations {
        // OpenAPI has no name for a parameter that spans slashes.
        let path = path.replace("{*", "{");
        let described = route(&path, &operation, &mut schemas);
        paths.entry(path).or_default().insert(method.as_str().to_lowercase(), described);
    }
    let mut components: Map<String, Value> = schemas.take_definitions(true);
    components.insert("Problem".to_owned(), problem_schema());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Daybook",
            "version": env!("CARGO_PKG_VERSION"),
            "description": include_str!("introduction.md"),
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "tags": TAGS.iter().map(|(name, description)| json!({ "name": name, "description": description })).collect::<Vec<_>>(),
        "paths": paths,
        "components": { "schemas": components, "examples": problem_examples() },
    })
}

const READ_MODELS: [&str; 6] = ["catalog", "cart", "order", "stock", "payment", "search"];

const TAGS: &[(&str, &str)] = &[
    ("catalog", "What is offered: products, their variants and prices, and finding them."),
    ("carts", "What a customer means to buy, up to checkout."),
    ("orders", "What was sold, and what became of it."),
    ("payments", "What was authorised, captured, voided and refunded for an order."),
    ("inventory", "What is there, per SKU and location, and why."),
    ("feeds", "Many commands at once, and everything that happened."),
    ("operation", "For whoever runs the server."),
];

fn route(path: &str, operation: &Operation, schemas: &mut SchemaGenerator) -> Value {
    let mut route = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "parameters": parameters(path, operation),
        "responses": responses(operation, schemas),
    });
    if !operation.description.is_empty() {
        route["description"] = operation.description.into();
    }
    if let Some(body) = &operation.body {
        route["requestBody"] = json!({ "required": operation.body_required, "content": contents(std::slice::from_ref(body), schemas) });
    }
    route
}

fn parameters(path: &str, operation: &Operation) -> Vec<Value> {
    let mut all = Vec::new();
    for name in path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name)) {
        let name_of_it =
            json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9._-]+$" });
        let (description, example, schema) = match (name, path.split('/').nth(1)) {
            ("line", _) => (
                "The line's number in the cart.",
                "1",
                json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX }),
            ),
            ("sku", _) => ("The stock keeping unit.", "MUG-RED", name_of_it),
            ("name", Some("problems")) => {
                let names: Vec<_> = ALL.iter().map(|kind| kind.name).collect();
                (
                    "The last part of a problem's `type`.",
                    "out-of-stock",
                    json!({ "type": "string", "enum": names }),
                )
            }
            ("path", _) => ("Level and index of the tile.", "0/000.p/112", json!({ "type": "string" })),
            ("name", _) => {
                ("The read model's name.", "order", json!({ "type": "string", "enum": READ_MODELS }))
            }
            (_, Some("products")) => ("The product's id.", "mug", name_of_it),
            _ => {
                let uuid = json!({ "type": "string", "format": "uuid" });
                ("Its id, a UUID.", "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90", uuid)
            }
        };
        let example = if name == "line" { json!(1) } else { json!(example) };
        all.push(json!({ "name": name, "in": "path", "required": true, "description": description,
            "schema": schema, "example": example }));
    }
    for param in &operation.params {
        all.push(json!({ "name": param.name, "in": param.place, "required": param.required,
            "description": param.description, "schema": param.schema, "example": param.example }));
    }
    let (common, tracing): (Value, bool) = match operation.role {
        Role::Command => {
            (serde_json::from_str(include_str!("command_headers.json")).unwrap_or_default(), true)
        }
        Role::Query => {
            (serde_json::from_str(include_str!("query_parameters.json")).unwrap_or_default(), true)
        }
        Role::Other => (json!([]), false),
    };
    if let Value::Array(common) = common {
        all.extend(common);
    }
    if tracing {
        all.push(json!({ "name": "X-Request-Id", "in": "header", "required": false,
            "description": "Echoed in the answer, and in the server's log where a request fails; one of more than 128 bytes is not.",
            "schema": { "type": "string" }, "example": "r-4711" }));
    }
    all
}

fn responses(operation: &Operation, schemas: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for answer in &operation.answers {
        let mut response =
            json!({ "description": answer.description, "headers": headers(operation, answer) });
        if !answer.content.is_empty() {
            response["content"] = contents(&answer.content, schemas);
        }
        responses.insert(answer.status.to_string(), response);
        if answer.etag && operation.role == Role::Query {
            responses.insert(
                "304".to_owned(),
                json!({ "description": "The client has the current version already." }),
            );
        }
    }
    let mut by_status: BTreeMap<u16, Vec<&Kind>> = BTreeMap::new();
    for kind in operation.all_problems() {
        by_status.entry(kind.status).or_default().push(kind);
    }
    for (status, kinds) in by_status {
        responses.insert(status.to_string(), problems(&kinds));
    }
    Value::Object(responses)
}

fn headers(operation: &Operation, answer: &Answer) -> Value {
    let mut headers = Map::new();
    let mut header = |name: &str, description: &str, kind: &str| {
        headers.insert(name.to_owned(), json!({ "description": description, "schema": { "type": kind } }));
    };
    match operation.role {
        Role::Command => {
            header("X-Daybook-Position", "Where the command's last event stands in the log.", "integer");
            header("Idempotent-Replayed", "`true` for a retry: it had been executed before.", "string");
        }
        Role::Query => header("X-Daybook-Position", "The position that the answer is current to.", "integer"),
        Role::Other => {}
    }
    if answer.etag {
        header("ETag", "The resource's version, for example `\"v7\"`.", "string");
    }
    if answer.location {
        header("Location", "The address of the resource.", "string");
    }
    Value::Object(headers)
}

fn contents(contents: &[Content], schemas: &mut SchemaGenerator) -> Value {
    let mut all = Map::new();
    for content in contents {
        let schema = match &content.schema {
            Form::Text => json!({ "type": "string" }),
            Form::Of(schema) => schema(schemas).into(),
            Form::Said(schema) => schema.clone(),
        };
        all.insert(content.media_type.to_owned(), json!({ "schema": schema, "example": content.example }));
    }
    Value::Object(all)
}

fn problems(kinds: &[&Kind]) -> Value {
    let description: Vec<_> = kinds.iter().map(|kind| format!("`{}`: {}.", kind.name, kind.title)).collect();
    let examples: Map<String, Value> = kinds
        .iter()
        .map(|kind| (kind.name.to_owned(), json!({ "$ref": format!("#/components/examples/{}", kind.name) })))
        .collect();
    json!({ "description": description.join(" "), "content": { MEDIA_TYPE:
        { "schema": { "$ref": "#/components/schemas/Problem" }, "examples": examples } } })
}

/// One example per kind of problem; routes refer to them.
fn problem_examples() -> Value {
    let example = |kind: &&Kind| {
        let value = json!({ "type": format!("/problems/{}", kind.name), "title": kind.title,
            "status": kind.status, "detail": kind.explanation, "instance": "/" });
        (kind.name.to_owned(), json!({ "summary": kind.title, "value": value }))
    };
    Value::Object(ALL.iter().map(example).collect())
}

fn problem_schema() -> Value {
    let types: Vec<_> = ALL.iter().map(|kind| format!("/problems/{}", kind.name)).collect();
    json!({
        "description": "RFC 9457 problem details, with data for programs beside the standard members.",
        "type": "object",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": { "type": "string", "enum": types, "description": "Stable; the address explains it." },
            "title": { "type": "string" },
            "status": { "type": "integer" },
            "detail": { "type": "string", "description": "What was wrong with this request, for people." },
            "instance": { "type": "string", "description": "The path that was asked for." },
            "reason": { "type": "string", "description": "Of a rejection: the name of the rule." },
        },
        "additionalProperties": true,
    })
}

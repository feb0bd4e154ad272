//! Writes the descriptions of all routes out as one OpenAPI 3.1 document.

use super::schemas;
use crate::{
    describe::{AnswerDescription, Content, Description, Form, HeaderDescription},
    limits::Limits,
    problem::{self, ALL, MEDIA_TYPE, ProblemKind},
    route::Registered,
};
use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The document for these routes.
pub(crate) fn document(routes: &[Registered]) -> Value {
    let mut schemas = schemas::generator();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    for route in routes {
        // OpenAPI has no name for a parameter that spans slashes.
        let path = route.path.replace("{*", "{");
        let described = operation(&path, route, &mut schemas);
        paths.entry(path).or_default().insert(route.method.as_str().to_lowercase(), described);
    }
    let mut components: Map<String, Value> = schemas::definitions(&mut schemas);
    components.insert("Problem".to_owned(), problem::any_schema());
    components.extend(answered(routes).map(|kind| (problem::schema_name(kind), problem::schema(kind))));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Daybook",
            "version": env!("CARGO_PKG_VERSION"),
            "description": include_str!("introduction.md"),
            "contact": { "name": "The operator of this server" },
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [],
        "tags": TAGS.iter().map(|(name, description)| json!({ "name": name, "description": description })).collect::<Vec<_>>(),
        "paths": paths,
        "components": { "schemas": components, "securitySchemes": { "key": key_scheme() } },
    })
}

const TAGS: &[(&str, &str)] = &[
    ("catalog", "What is offered: products, their variants and prices, and finding them."),
    ("carts", "What a customer means to buy, up to checkout."),
    ("orders", "What was sold, and what became of it."),
    ("payments", "What was authorised, captured, voided and refunded for an order."),
    ("inventory", "What is there, per SKU and location, and why."),
    ("audit", "Proofs that the record was not changed."),
    ("feeds", "Many commands at once, and everything that happened."),
    ("keys", "Who may do what: keys, their roles and scopes."),
    ("operation", "For whoever runs the server."),
];

fn operation(path: &str, route: &Registered, generator: &mut SchemaGenerator) -> Value {
    let description = &route.description;
    let mut operation = json!({
        "operationId": route.id,
        "tags": [route.tag],
        "summary": route.summary,
        "description": text(route),
        "parameters": parameters(path, route),
        "responses": responses(description, generator),
    });
    if let Some(scope) = route.access.needed() {
        // Scopes of a scheme that is not OAuth have no place beside it; they are told in words, and to programs.
        operation["security"] = json!([{ "key": [] }]);
        operation["x-scope"] = scope.name().into();
    }
    if let Some(body) = &description.body {
        let content = contents(std::slice::from_ref(&body.content), generator);
        let most = Limits::default().body_bytes;
        let text = format!(
            "At most {most} bytes, of each line where it has lines, unless the operator says otherwise; 413 beyond."
        );
        operation["requestBody"] =
            json!({ "description": text, "required": body.is_required, "content": content });
    }
    operation
}

/// What a route does, and what a key needs for it.
fn text(route: &Registered) -> String {
    let text = if route.text.is_empty() { format!("{}.", route.summary) } else { route.text.to_owned() };
    match route.access.needed() {
        Some(scope) => format!("{text} Needs a key with the scope `{scope}`."),
        None => text,
    }
}

fn key_scheme() -> Value {
    json!({ "type": "http", "scheme": "bearer",
        "description": "A key of the shop, `dbs_…` or `dbo_…`. An operation says which scope it needs (`x-scope`). A shop that has no key yet is \
            open to its own machine." })
}

/// The names of a path's placeholders.
pub(crate) fn placeholders(path: &str) -> impl Iterator<Item = &str> {
    path.split('{').skip(1).filter_map(|rest| rest.split_once('}').map(|(name, _)| name))
}

fn parameters(path: &str, route: &Registered) -> Vec<Value> {
    let description = &route.description;
    let in_path = placeholders(path).zip(&description.path).map(|(name, part)| {
        json!({ "name": name, "in": "path", "required": true, "description": part.description,
            "schema": part.schema, "example": part.example })
    });
    let others = description.parameters.iter().map(|parameter| {
        let mut shown = json!({ "name": parameter.name, "in": parameter.place, "required": parameter.is_required,
            "description": parameter.description, "schema": parameter.schema });
        if parameter.is_deep_object {
            shown["style"] = "deepObject".into();
            shown["explode"] = true.into();
        }
        // A key names one request, so no two operations may have the same.
        let example = if parameter.name == "Idempotency-Key" {
            json!(format!("{}-1", route.id))
        } else {
            parameter.example.clone()
        };
        if !example.is_null() {
            shown["example"] = example;
        }
        shown
    });
    // Read by the layer that every route has.
    let request_id = json!({ "name": "X-Request-Id", "in": "header", "required": false,
        "description": "Echoed in the answer, and in the server's log where a request fails; one of more than 128 bytes is not.",
        "schema": { "type": "string" }, "example": "r-4711" });
    in_path.chain(others).chain([request_id]).collect()
}

fn responses(description: &Description, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    for answer in &description.answers {
        let mut response = json!({ "description": answer.text, "headers": headers(answer) });
        if !answer.content.is_empty() {
            response["content"] = contents(&answer.content, generator);
        }
        responses.insert(answer.status.to_string(), response);
    }
    let mut by_status: BTreeMap<u16, Vec<&ProblemKind>> = BTreeMap::new();
    for kind in description.sorted_problems() {
        by_status.entry(kind.status).or_default().push(kind);
    }
    for (status, kinds) in by_status {
        responses.insert(status.to_string(), problems(&kinds));
    }
    Value::Object(responses)
}

fn headers(answer: &AnswerDescription) -> Value {
    let header = |header: &HeaderDescription| {
        let value = json!({ "description": header.description, "schema": { "type": header.schema_type } });
        (header.name.to_owned(), value)
    };
    Value::Object(answer.headers.iter().map(header).collect())
}

fn contents(contents: &[Content], generator: &mut SchemaGenerator) -> Value {
    let mut all = Map::new();
    for content in contents {
        let schema = match &content.form {
            Form::Text => json!({ "type": "string" }),
            Form::Of(schema) => schemas::inlined(*schema, generator),
        };
        all.insert(content.media_type.to_owned(), json!({ "schema": schema, "example": content.example }));
    }
    Value::Object(all)
}

/// The problems of one status: one of those that are known, or one that is yet to come.
fn problems(kinds: &[&ProblemKind]) -> Value {
    let description: Vec<_> = kinds.iter().map(|kind| format!("`{}`: {}.", kind.name, kind.title)).collect();
    let reference = |name: String| json!({ "$ref": format!("#/components/schemas/{name}") });
    let known = kinds.iter().map(|kind| reference(problem::schema_name(kind)));
    let schemas: Vec<_> = known.chain([reference("Problem".to_owned())]).collect();
    let mut headers = Map::new();
    if kinds.iter().any(|kind| kind.retry_after_s().is_some()) {
        let text = "In how many seconds it may be worth trying again.";
        headers.insert(
            "Retry-After".to_owned(),
            json!({ "description": text, "schema": { "type": "integer" } }),
        );
    }
    json!({ "description": description.join(" "), "headers": headers,
        "content": { MEDIA_TYPE: { "schema": { "anyOf": schemas } } } })
}

/// The kinds of problems that a route answers with. (Others are of addresses that no route has.)
fn answered(routes: &[Registered]) -> impl Iterator<Item = &'static ProblemKind> {
    ALL.iter().copied().filter(|kind| routes.iter().any(|route| route.description.problems.contains(kind)))
}

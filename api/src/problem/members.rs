//! The data beside the standard members of each kind of problem: what the document shows as the kind's own schema, and
//! what every problem is held against in debug builds, which tests are.

use super::ProblemKind;
use serde_json::{Map, Value, json};

/// A member beside the standard ones.
pub(crate) struct ProblemMember {
    name: &'static str,
    is_required: bool,
    schema: fn() -> Value,
}

const fn always(name: &'static str, schema: fn() -> Value) -> ProblemMember {
    ProblemMember { name, is_required: true, schema }
}

const fn perhaps(name: &'static str, schema: fn() -> Value) -> ProblemMember {
    ProblemMember { name, is_required: false, schema }
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn texts() -> Value {
    json!({ "type": "array", "items": { "type": "string" } })
}

fn id() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn number() -> Value {
    json!({ "type": "integer" })
}

fn errors() -> Value {
    let error = json!({ "type": "object", "required": ["pointer", "detail"], "properties": {
        "pointer": { "type": "string", "description": "Where in the body, as a JSON Pointer (RFC 6901); empty: the body itself." },
        "detail": { "type": "string", "description": "What is wrong there." } } });
    json!({ "type": "array", "minItems": 1, "items": error })
}

fn blockers() -> Value {
    json!({ "type": "array", "minItems": 1, "items": { "$ref": "#/components/schemas/CheckoutBlocker" } })
}

// The order that a checkout's problem is about.
const ORDER_ID: ProblemMember = perhaps("order_id", id);
const CART_ID: ProblemMember = perhaps("cart_id", id);
const ORDER_AT: ProblemMember = perhaps("position", count);

/// The members of a kind. None: they vary with `reason`, or are not told apart.
fn own(kind: &ProblemKind) -> Option<&'static [ProblemMember]> {
    Some(match kind.name {
        "malformed-json" => &const { [always("line", count), always("column", count)] },
        "invalid-parameter" => {
            &const { [perhaps("parameter", text), perhaps("known", texts), perhaps("head", count)] }
        }
        "invalid-header" => &const { [always("header", text)] },
        "payment-declined" => &const { [always("code", text), ORDER_ID, CART_ID, ORDER_AT] },
        "payment-timed-out" => &const { [ORDER_ID, CART_ID, ORDER_AT] },
        "reservation-expired" => &const { [always("sku", text), ORDER_ID, CART_ID, ORDER_AT] },
        "out-of-stock" => {
            &const {
                [
                    always("sku", text),
                    always("requested", count),
                    always("available", number),
                    ORDER_ID,
                    CART_ID,
                    ORDER_AT,
                ]
            }
        }
        "not-there" => {
            &const { [always("location", text), always("requested", count), always("on_hand", number)] }
        }
        "reserved-units" => {
            &const {
                [
                    always("location", text),
                    always("requested", count),
                    always("unreserved", number),
                    always("on_hand", number),
                ]
            }
        }
        "choose-location" => &const { [always("choices", texts)] },
        "missing-scope" => &const { [always("scope", text)] },
        "not-acceptable" => &const { [always("available", texts)] },
        "checkout-blocked" => &const { [always("blockers", blockers)] },
        "unknown-location" => &const { [always("location", text), always("nearest", texts)] },
        "version-mismatch" => {
            &const { [always("actual_version", count), perhaps("expected_version", count)] }
        }
        "body-too-large" => &const { [always("limit_bytes", count)] },
        "unsupported-media-type" => &const { [always("expected", text)] },
        "invalid-body" => &const { [always("errors", errors)] },
        "foreign-currency" => {
            &const {
                [perhaps("sku", text), always("offered", text), always("expected", text), perhaps("into", id)]
            }
        }
        "unknown-sku" => &const { [always("sku", text), perhaps("currency", text)] },
        "role-not-here" => &const { [always("role", text), perhaps("roles", texts)] },
        "position-not-reached" => &const { [perhaps("position", count)] },
        "card-number-refused" | "idempotency-key-reused" => &[],
        _ => return None,
    })
}

/// What is wrong with the members of a problem of this kind, if anything is.
pub(super) fn objection(kind: &ProblemKind, members: &Map<String, Value>) -> Option<String> {
    let own = own(kind)?;
    if let Some(missing) = own.iter().find(|member| member.is_required && !members.contains_key(member.name))
    {
        return Some(format!("{} has no {}", kind.name, missing.name));
    }
    let is_known = |name: &str| {
        matches!(name, "reason" | "request_id" | "repeated") || own.iter().any(|member| member.name == name)
    };
    let unknown = members.keys().find(|name| !is_known(name))?;
    Some(format!("{} has {unknown}, which its schema does not show", kind.name))
}

/// The name of a kind's schema: `OutOfStockProblem` for `out-of-stock`.
pub(crate) fn schema_name(kind: &ProblemKind) -> String {
    let words = kind.name.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_uppercase() + rest
    });
    words.chain(["Problem".to_owned()]).collect()
}

/// What is the same of all problems. `type` is open: more kinds will come.
pub(crate) fn any_schema() -> Value {
    let mut schema = base(json!({ "type": "string", "format": "uri-reference",
        "description": "Stable; the address explains it. More kinds will come: treat one that you do not know by its status." }));
    schema["description"] =
        "RFC 9457 problem details of any kind, with data for programs beside the standard members.".into();
    schema
}

/// The schema of one kind.
pub(crate) fn schema(kind: &ProblemKind) -> Value {
    let mut schema = base(json!({ "type": "string", "const": format!("/problems/{}", kind.name) }));
    schema["description"] = format!("{}. {}", kind.title, kind.explanation).into();
    for member in own(kind).unwrap_or_default() {
        schema["properties"][member.name] = (member.schema)();
        if member.is_required
            && let Some(required) = schema["required"].as_array_mut()
        {
            required.push(member.name.into());
        }
    }
    schema["examples"] = json!([example(kind)]);
    if kind.status >= 500 {
        schema["properties"]["request_id"] =
            json!({ "type": "string", "description": "As `X-Request-Id`; the server's log has it." });
    }
    schema
}

/// An example of the kind with values for what it always has.
fn example(kind: &ProblemKind) -> Value {
    let mut example = json!({ "type": format!("/problems/{}", kind.name), "title": kind.title,
        "status": kind.status, "detail": kind.explanation, "instance": "/" });
    for member in own(kind).unwrap_or_default().iter().filter(|member| member.is_required) {
        let schema = (member.schema)();
        example[member.name] = match (member.name, schema["type"].as_str()) {
            ("errors", _) => json!([{ "pointer": "/lines/0/quantity", "detail": "is missing" }]),
            ("blockers", _) => {
                json!([{ "blocker": "out_of_stock", "sku": "MUG-RED", "requested": 2, "available": 1 }])
            }
            ("sku", _) => json!("MUG-RED"),
            ("offered", _) => json!("EUR"),
            ("expected", _) => json!(if kind.status == 415 { "application/json" } else { "GBP" }),
            ("header", _) => json!("If-Match"),
            ("code", _) => json!("insufficient_funds"),
            ("role", _) => json!("queries"),
            (_, Some("integer")) => json!(1),
            (_, Some("array")) => json!(["application/jsonl"]),
            _ => json!("…"),
        };
    }
    example
}

fn base(problem_type: Value) -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "instance"],
        "properties": {
            "type": problem_type,
            "title": { "type": "string" },
            "status": { "type": "integer", "minimum": 400, "maximum": 599 },
            "detail": { "type": "string", "description": "What was wrong with this request, for people." },
            "instance": { "type": "string", "description": "The path that was asked for." },
            "reason": { "type": "string", "description": "Of a rejection: the name of the rule." },
            "repeated": { "type": "boolean", "description": "Of a retry: that it was executed before." },
        },
        "additionalProperties": true,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::{ALL, kind};

    #[test]
    fn each_kind_has_a_schema_of_its_own_name() {
        let names: std::collections::BTreeSet<_> = ALL.iter().map(|kind| schema_name(kind)).collect();
        assert_eq!(names.len(), ALL.len());
        assert!(names.contains("OutOfStockProblem"), "{names:?}");
        assert_eq!(schema(&kind::OUT_OF_STOCK)["properties"]["available"], number());
    }

    #[test]
    fn members_that_lack_or_are_not_shown_are_objected_to() {
        let members = |value: Value| value.as_object().cloned().unwrap_or_default();
        assert!(objection(&kind::INVALID_HEADER, &members(json!({}))).is_some());
        assert!(objection(&kind::INVALID_HEADER, &members(json!({ "header": "x", "y": 1 }))).is_some());
        assert_eq!(objection(&kind::INVALID_HEADER, &members(json!({ "header": "x" }))), None);
        assert_eq!(objection(&kind::CONFLICT, &members(json!({ "any": 1 }))), None);
    }
}

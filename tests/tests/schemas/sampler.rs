//! The first example of an event, made from its schema with every field there is, so that a person has one to look at
//! before it is released. Names decide what stands in a text; the first of several choices is taken.

use serde_json::{Map, Value, json};

pub(crate) fn sample(schema: &Value) -> Value {
    of(schema, schema, "")
}

fn of(root: &Value, schema: &Value, name: &str) -> Value {
    let money = |minor: i64| json!({ "minor": minor, "currency": "GBP" });
    match name {
        "unit_price" => return money(1299),
        "charge" => return json!({ "kind": "shipping", "label": "Postage", "amount": money(395) }),
        "total" => return money(2993),
        _ => {}
    }
    if let Some(pointer) = schema["$ref"].as_str() {
        return of(root, root.pointer(&pointer[1..]).expect("references lead somewhere"), name);
    }
    if let Some(value) = schema.get("const").or(schema["enum"].get(0)) {
        return value.clone();
    }
    if let Some(choice) = schema["oneOf"].get(0).or(schema["anyOf"].get(0)) {
        let chosen = of(root, choice, name);
        return match (chosen, schema.get("properties")) {
            (Value::Object(chosen), Some(_)) => {
                let mut both = members(root, schema);
                both.extend(chosen);
                Value::Object(both)
            }
            (chosen, _) => chosen,
        };
    }
    let first = schema["type"].as_array().and_then(|types| types.first());
    match first.unwrap_or(&schema["type"]).as_str().expect("a type") {
        "object" => match schema["additionalProperties"].as_object() {
            Some(_) => json!({ "colour": of(root, &schema["additionalProperties"], "option") }),
            None => Value::Object(members(root, schema)),
        },
        "array" => json!([of(root, &schema["items"], name.trim_end_matches('s'))]),
        "boolean" => json!(true),
        "integer" => number(name),
        "string" => text(schema, name),
        other => panic!("no example for the type {other:?}"),
    }
}

fn members(root: &Value, schema: &Value) -> Map<String, Value> {
    let properties = schema["properties"].as_object().into_iter().flatten();
    properties.map(|(name, schema)| (name.clone(), of(root, schema, name))).collect()
}

fn number(name: &str) -> Value {
    match name {
        "minor" => json!(2598),
        "line_id" => json!(1),
        "delta" => json!(-1),
        _ => json!(2),
    }
}

fn text(schema: &Value, name: &str) -> Value {
    let uuid = |number: u8| json!(format!("0192f3a1-7c00-7000-8000-0000000000{number:02}"));
    if schema["format"] == "date-time" {
        return json!("2026-11-22T10:00:00.123456789Z");
    }
    if schema["format"] == "uuid" {
        let known = ["cart_id", "into", "order_id", "payment_id", "operation_id", "shipment_id", "return_id"];
        let at = known.iter().position(|known| *known == name).unwrap_or(known.len());
        return uuid(at as u8 + 1);
    }
    json!(match name {
        "currency" => "GBP",
        "country" => "GB",
        "number" => "06CTB-C3W7R-HT5M",
        "sku" => "MUG-RED",
        "product_id" => "mug",
        "customer_id" => "17850",
        "location" | "from" => "main",
        "to" => "leeds",
        "title" => "Enamel mug",
        "brand" => "Daybook Pottery",
        "categor" | "category" => "Kitchen",
        "option" => "red",
        "description" => "Holds half a pint.",
        "name" => "Ada Lovelace",
        "email" => "ada@example.org",
        "phone" => "+44 20 7946 0000",
        "line" => "12 St James's Square",
        "city" => "London",
        "region" => "Greater London",
        "postal_code" => "SW1Y 4JH",
        "url" | "action_url" => "https://shop.example/red-mug",
        "alt" => "A red mug",
        "barcode" => "5012345678900",
        "tax_class" => "standard",
        "payment_token" | "token" => "tok_visa",
        "code" => "insufficient_funds",
        "reference" => "PO-2041",
        "carrier" => "Royal Mail",
        "tracking" => "AB123456789GB",
        "label" => "Postage",
        "reason" => "no longer needed",
        other if schema.get("pattern").is_none() => other,
        other => panic!("no example for {other:?}"),
    })
}

//! Whether one JSON Schema of an event only adds optional fields to another: rules (a) and (d) of
//! `schemas/README.md`. What the fields mean, rules (b) and (c), no machine can check.

use serde_json::{Map, Value};

/// Keywords that ask for nothing.
const REMARKS: &[&str] = &["$schema", "title", "description", "default", "examples"];

/// Why `new` is more than an additive change of `old`; none if it is not.
pub(crate) fn objection(old: &Value, new: &Value) -> Option<String> {
    at(old, new, "").err()
}

fn at(old: &Value, new: &Value, path: &str) -> Result<(), String> {
    let (Some(old), Some(new)) = (old.as_object(), new.as_object()) else {
        return if old == new { Ok(()) } else { Err(format!("{path} was {old} and is {new}")) };
    };
    for keyword in old.keys().chain(new.keys()).filter(|keyword| !REMARKS.contains(&keyword.as_str())) {
        let path = format!("{path}/{keyword}");
        match (keyword.as_str(), old.get(keyword), new.get(keyword)) {
            ("properties" | "$defs", before, after) => members(before, after, old, keyword, &path)?,
            ("items", Some(before), Some(after)) => at(before, after, &path)?,
            ("anyOf" | "oneOf", Some(Value::Array(before)), Some(Value::Array(after)))
                if before.len() == after.len() =>
            {
                before.iter().zip(after).try_for_each(|(before, after)| at(before, after, &path))?;
            }
            (_, before, after) if before == after => {}
            (_, before, after) => return Err(format!("{path} was {before:?} and is {after:?}")),
        }
    }
    Ok(())
}

/// All members that were there are there; new ones are allowed where unknown ones always were.
fn members(
    before: Option<&Value>,
    after: Option<&Value>,
    old: &Map<String, Value>,
    keyword: &str,
    path: &str,
) -> Result<(), String> {
    let none = Map::new();
    let of = |members: Option<&'_ Value>| members.and_then(Value::as_object).cloned().unwrap_or(none.clone());
    let (before, after) = (of(before), of(after));
    for (name, schema) in &before {
        let now = after.get(name).ok_or_else(|| format!("{path}/{name} is gone"))?;
        at(schema, now, &format!("{path}/{name}"))?;
    }
    let closed = keyword == "properties" && old.get("additionalProperties") == Some(&Value::Bool(false));
    match after.keys().find(|name| !before.contains_key(*name)) {
        Some(name) if closed => {
            Err(format!("{path}/{name} is new where older programs refuse what they do not know"))
        }
        _ => Ok(()),
    }
}

#[test]
fn optional_fields_and_words_may_be_added_and_nothing_else() {
    use serde_json::json;
    let old = json!({
        "description": "It happened.", "type": "object", "required": ["a"],
        "properties": {
            "a": { "type": "string" },
            "money": { "$ref": "#/$defs/Money" },
            "lines": { "type": "array", "items": { "type": "object", "properties": { "x": { "type": "integer" } } } },
        },
        "$defs": { "Money": { "type": "object", "additionalProperties": false, "properties": { "minor": { "type": "integer" } } } },
    });
    let with = |pointer: &str, name: &str, value: Value| {
        let mut new = old.clone();
        new.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert(name.to_owned(), value);
        new
    };
    let text = || json!({ "type": "string" });
    assert_eq!(objection(&old, &old), None);
    assert_eq!(objection(&old, &with("", "description", "It did happen.".into())), None);
    assert_eq!(objection(&old, &with("/properties", "b", text())), None);
    assert_eq!(objection(&old, &with("/properties/lines/items/properties", "y", text())), None);
    assert_eq!(objection(&old, &with("/$defs", "Other", text())), None);
    for wrong in [
        with("", "required", json!(["a", "b"])),
        with("", "required", json!([])),
        with("", "additionalProperties", false.into()),
        with("/properties", "a", json!({ "type": "integer" })),
        with("/properties/a", "maxLength", 3.into()),
        with("/properties/lines/items", "required", json!(["x"])),
        with("/$defs/Money/properties", "rate", json!({ "type": "number" })),
    ] {
        assert!(objection(&old, &wrong).is_some(), "{wrong:#}");
    }
    let mut gone = old.clone();
    gone["properties"].as_object_mut().unwrap().remove("a");
    assert!(objection(&old, &gone).is_some());
}

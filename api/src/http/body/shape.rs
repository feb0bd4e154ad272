//! The schema of a body, made ready to be held against one. It is the very schema that the document shows, so what the
//! document says is what is enforced: types, names, lengths, counts, ranges, formats.

use super::{body_path::BodyPath, field_error::FieldError, formats, json_types::JsonTypes, tree::Node};
use crate::openapi::schema_of;
use regex::Regex;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::{
    any::TypeId,
    borrow::Cow,
    collections::HashMap,
    sync::{LazyLock, RwLock},
};

/// Whole numbers beyond this are not told apart by programs that keep numbers as JavaScript does (RFC 7493).
const EXACT: i128 = (1 << 53) - 1;

/// What a value may be.
#[derive(Debug, Default)]
pub(super) struct Shape {
    types: JsonTypes,
    /// One of these; empty: any.
    values: Vec<Node<'static>>,
    /// The first that takes the value's type counts; empty: there is no choice.
    alternatives: Vec<Shape>,
    /// Few, so they are looked through.
    properties: Vec<(String, Shape)>,
    required: Vec<String>,
    /// Of members that `properties` does not name.
    others: Others,
    names: Option<Box<Shape>>,
    items: Option<Box<Shape>>,
    characters: Bounds,
    count_of_items: Bounds,
    count_of_members: Bounds,
    minimum: Option<i128>,
    maximum: Option<i128>,
    pattern: Option<Regex>,
    format: Option<fn(&str) -> Option<String>>,
}

/// How many there may be.
#[derive(Debug, Default, Clone, Copy)]
struct Bounds {
    least: Option<usize>,
    most: Option<usize>,
}

#[derive(Debug, Default)]
enum Others {
    #[default]
    Any,
    None,
    Like(Box<Shape>),
}

impl Bounds {
    const fn take_any(self) -> bool {
        self.least.is_none() && self.most.is_none()
    }

    fn broken(self, count: usize, of: &str) -> Option<String> {
        let (least, most) = (self.least.unwrap_or(0), self.most.unwrap_or(usize::MAX));
        if (least..=most).contains(&count) {
            return None;
        }
        let allowed =
            if most == usize::MAX { format!("at least {least}") } else { format!("{least} to {most}") };
        Some(format!("has {count} {of}, {allowed} are allowed"))
    }
}

static SHAPES: LazyLock<RwLock<HashMap<TypeId, &'static Shape>>> = LazyLock::new(RwLock::default);

impl Shape {
    /// The shape of `T`, made when it is first asked for and kept: there are as many as types of bodies.
    pub(super) fn of<T: JsonSchema + 'static>() -> &'static Self {
        let id = TypeId::of::<T>();
        let known = SHAPES.read().expect("nothing fails while shapes are read").get(&id).copied();
        known.unwrap_or_else(|| {
            let (schema, definitions) = schema_of::<T>();
            let made: &'static Self = Box::leak(Box::new(Self::compile(&schema, &definitions)));
            SHAPES.write().expect("nothing fails while a shape is kept").entry(id).or_insert(made)
        })
    }

    fn compile(schema: &Value, definitions: &Map<String, Value>) -> Self {
        if let Some(reference) = schema["$ref"].as_str() {
            let name = reference.rsplit('/').next().unwrap_or_default();
            return Self::compile(&definitions[name], definitions);
        }
        let list = |name: &str| schema[name].as_array().map(Vec::as_slice).unwrap_or_default();
        let of = |schema: &Value| Self::compile(schema, definitions);
        let size = |name: &str| schema[name].as_u64().and_then(|size| usize::try_from(size).ok());
        let bounds = |least: &str, most: &str| Bounds { least: size(least), most: size(most) };
        let number =
            |name: &str| schema[name].as_i64().map(i128::from).or(schema[name].as_u64().map(i128::from));
        let types = match &schema["type"] {
            Value::String(one) => vec![one.clone()],
            Value::Array(several) => several.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        let branches = [list("anyOf"), list("oneOf")].concat();
        let constants: Vec<&Value> = branches.iter().filter_map(|branch| branch.get("const")).collect();
        let are_constants = !branches.is_empty() && constants.len() == branches.len();
        let constants = if are_constants { constants } else { Vec::new() };
        let values = list("enum").iter().chain(schema.get("const")).chain(constants);
        let node =
            |value: &Value| Node::deserialize(value).expect("a value of a schema is JSON").into_owned();
        Self {
            types: JsonTypes::of(types),
            values: values.map(node).collect(),
            alternatives: if are_constants { Vec::new() } else { branches.iter().map(of).collect() },
            properties: schema["properties"]
                .as_object()
                .map(|members| members.iter().map(|(name, schema)| (name.clone(), of(schema))).collect())
                .unwrap_or_default(),
            required: list("required").iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            others: match schema.get("additionalProperties") {
                Some(Value::Bool(false)) => Others::None,
                Some(other @ Value::Object(_)) => Others::Like(Box::new(of(other))),
                _ => Others::Any,
            },
            names: schema.get("propertyNames").map(|names| Box::new(of(names))),
            items: schema.get("items").map(|items| Box::new(of(items))),
            characters: bounds("minLength", "maxLength"),
            count_of_items: bounds("minItems", "maxItems"),
            count_of_members: bounds("minProperties", "maxProperties"),
            minimum: number("minimum"),
            maximum: number("maximum"),
            pattern: schema["pattern"].as_str().map(|pattern| {
                Regex::new(pattern).expect("patterns are regular expressions, as a test shows")
            }),
            format: schema["format"].as_str().and_then(formats::check_of),
        }
    }

    /// Adds what is wrong with `node`.
    pub(super) fn check(&self, node: &Node<'_>, errors: &mut Vec<FieldError>) {
        self.check_at(node, &BodyPath::Body, errors);
    }

    fn check_at(&self, node: &Node<'_>, path: &BodyPath<'_>, errors: &mut Vec<FieldError>) {
        if !self.alternatives.is_empty() {
            match self.alternatives.iter().find(|alternative| alternative.takes_type_of(node)) {
                Some(alternative) => alternative.check_at(node, path, errors),
                None => errors.push(FieldError::at(path, self.unexpected(node))),
            }
            return;
        }
        if !self.takes_type_of(node) {
            errors.push(FieldError::at(path, self.unexpected(node)));
            return;
        }
        let may_be_null = *node == Node::Null && self.types.has(JsonTypes::NULL);
        if !self.values.is_empty() && !may_be_null && !self.values.contains(node) {
            errors.push(FieldError::at(path, format!("is not one of {}", self.shown_values())));
            return;
        }
        match node {
            Node::Object(members) => self.check_members(members, path, errors),
            Node::List(items) => {
                errors.extend(
                    self.count_of_items
                        .broken(items.len(), "items")
                        .map(|detail| FieldError::at(path, detail)),
                );
                for (at, item) in items.iter().enumerate() {
                    if let Some(shape) = &self.items {
                        shape.check_at(item, &BodyPath::Item(path, at), errors);
                    }
                }
            }
            Node::Text(text) => {
                errors.extend(self.objection_to(text).map(|detail| FieldError::at(path, detail)));
            }
            Node::Integer(number) => {
                errors.extend(self.out_of_range(*number).map(|detail| FieldError::at(path, detail)));
            }
            Node::Decimal { .. } | Node::Null | Node::Flag(_) => {}
        }
    }

    fn check_members(
        &self,
        members: &[(Cow<'_, str>, Node<'_>)],
        path: &BodyPath<'_>,
        errors: &mut Vec<FieldError>,
    ) {
        for name in &self.required {
            if !members.iter().any(|(given, _)| given == name) {
                errors.push(FieldError::at(&BodyPath::Member(path, name), "is missing"));
            }
        }
        errors.extend(
            self.count_of_members.broken(members.len(), "members").map(|detail| FieldError::at(path, detail)),
        );
        for (name, member) in members {
            let at = BodyPath::Member(path, name);
            if let Some(detail) = self.names.as_ref().and_then(|names| names.objection_to(name)) {
                errors.push(FieldError::at(&at, format!("has a name that {detail}")));
            }
            let property = self.properties.iter().find(|(known, _)| known == name);
            match (property, &self.others) {
                (Some((_, shape)), _) => shape.check_at(member, &at, errors),
                (None, Others::Like(shape)) => shape.check_at(member, &at, errors),
                (None, Others::None) => errors.push(FieldError::at(&at, self.unknown())),
                (None, Others::Any) => {}
            }
        }
    }

    fn objection_to(&self, text: &str) -> Option<String> {
        if !self.characters.take_any()
            && let Some(detail) = self.characters.broken(text.chars().count(), "characters")
        {
            return Some(detail);
        }
        let named = self.format.and_then(|objection| objection(text));
        let pattern = self.pattern.as_ref().filter(|pattern| !pattern.is_match(text));
        named.or_else(|| pattern.map(|pattern| format!("does not match {}", pattern.as_str())))
    }

    fn out_of_range(&self, number: i128) -> Option<String> {
        if let Some(minimum) = self.minimum.filter(|minimum| number < *minimum) {
            return Some(format!("is less than {minimum}"));
        }
        if let Some(maximum) = self.maximum.filter(|maximum| number > *maximum) {
            return Some(format!("is more than {maximum}"));
        }
        let is_any_number = self.types.has(JsonTypes::NUMBER);
        (is_any_number && number.abs() > EXACT)
            .then(|| "is beyond 2^53 and would not be kept exactly; send it as a text".to_owned())
    }

    fn takes_type_of(&self, node: &Node<'_>) -> bool {
        if !self.alternatives.is_empty() {
            return self.alternatives.iter().any(|alternative| alternative.takes_type_of(node));
        }
        self.types.take(node)
    }

    fn unexpected(&self, node: &Node<'_>) -> String {
        format!("is {}; expected {}", node.kind(), self.kinds().join(" or "))
    }

    /// The types that are taken, with their articles, for people.
    fn kinds(&self) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self.alternatives.iter().flat_map(Self::kinds).collect();
        kinds.extend(self.types.names().iter().filter_map(|name| match name.as_str() {
            "boolean" => Some("true or false"),
            "integer" => Some("a whole number"),
            "number" => Some("a number"),
            "string" => Some("a text"),
            "array" => Some("a list"),
            "object" => Some("an object"),
            // What may be null may be left out.
            _ => None,
        }));
        kinds.dedup();
        kinds
    }

    fn unknown(&self) -> String {
        let mut known: Vec<&str> = self.properties.iter().map(|(name, _)| name.as_str()).collect();
        known.sort_unstable();
        if known.is_empty() {
            "is unknown; nothing is expected here".to_owned()
        } else {
            format!("is unknown; there are {}", known.join(", "))
        }
    }

    fn shown_values(&self) -> String {
        let shown = self.values.iter().filter_map(|value| match value {
            Node::Text(text) => Some(text.to_string()),
            Node::Integer(number) => Some(number.to_string()),
            Node::Flag(flag) => Some(flag.to_string()),
            Node::Null | Node::Decimal { .. } | Node::List(_) | Node::Object(_) => None,
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn errors(schema: &Value, body: &str) -> Vec<String> {
        let tree = super::super::tree::Tree::read(body.as_bytes()).unwrap();
        let mut errors = Vec::new();
        Shape::compile(schema, &Map::new()).check(tree.root(), &mut errors);
        errors.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let schema = json!({ "type": "object", "required": ["a", "b"], "additionalProperties": false, "properties": {
            "a": { "type": "integer", "minimum": 1, "maximum": 9 }, "b": { "type": ["string", "null"], "maxLength": 3 },
            "c": { "type": "array", "maxItems": 2, "items": { "oneOf": [{ "const": "x" }, { "const": "y" }] } } } });
        assert!(errors(&schema, r#"{"a":1,"b":null,"c":["x","y"]}"#).is_empty());
        assert_eq!(
            errors(&schema, r#"{"a":"1","c":["z","x","y"],"d":1}"#),
            [
                "/b is missing",
                "/a is a text; expected a whole number",
                "/c has 3 items, 0 to 2 are allowed",
                "/c/0 is not one of x, y",
                "/d is unknown; there are a, b, c"
            ]
        );
        assert_eq!(
            errors(&schema, r#"{"a":1.5,"b":"long"}"#),
            [
                "/a is a number with decimals, or too large; expected a whole number",
                "/b has 4 characters, 0 to 3 are allowed"
            ]
        );
        assert_eq!(errors(&schema, "[1]"), ["the body is a list; expected an object"]);
    }

    #[test]
    fn every_schema_of_a_body_in_the_document_can_be_held_against_one() {
        let document = crate::openapi::document(&crate::openapi::all_routes());
        let schemas = document["components"]["schemas"].as_object().unwrap();
        let operations =
            document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap());
        let bodies = operations.filter_map(|(_, operation)| operation.pointer("/requestBody/content"));
        let compiled = bodies.flat_map(|content| content.as_object().unwrap().values());
        let compiled: Vec<Shape> =
            compiled.map(|content| Shape::compile(&content["schema"], schemas)).collect();
        assert!(compiled.len() > 25, "only {} bodies", compiled.len());
    }

    #[test]
    fn a_choice_goes_by_the_type_of_the_value() {
        let one = json!({ "type": "object", "required": ["a"] });
        let schema = json!({ "oneOf": [one, { "type": "array", "items": one }] });
        assert_eq!(errors(&schema, r#"[{"a":1},{}]"#), ["/1/a is missing"]);
        assert_eq!(errors(&schema, "{}"), ["/a is missing"]);
        assert_eq!(errors(&schema, "1"), ["the body is a whole number; expected an object or a list"]);
    }

    #[test]
    fn numbers_that_other_programs_would_change_are_refused_where_any_number_may_stand() {
        let schema = json!({ "type": "number" });
        assert!(errors(&schema, "9007199254740991").is_empty());
        assert_eq!(errors(&schema, "9007199254740993").len(), 1);
    }
}

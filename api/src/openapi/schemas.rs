//! Schemas as the document shows them and as bodies are held against: what the types say, and beside it what only the
//! interface knows. (The domain's types are also those of events, whose schemas are pinned; so limits and the
//! standards behind codes are added here.)

use daybook_domain::{
    CountryCode, Currency, cart::limits as cart, inventory, order, product::limits as product,
};
use schemars::{JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};

/// A limit: the schema, the pointer to a part of it, the keyword and its value.
type Limit = (&'static str, &'static str, &'static str, usize);

/// What the domain takes at most. `api/tests/http/limits.rs` sends one more of each.
const LIMITS: &[Limit] = &[
    ("ProductBody", "/properties/title", "minLength", 1),
    ("ProductBody", "/properties/title", "maxLength", product::TITLE_CHARS),
    ("ProductBody", "/properties/description", "maxLength", product::DESCRIPTION_CHARS),
    ("ProductBody", "/properties/brand", "minLength", 1),
    ("ProductBody", "/properties/brand", "maxLength", product::NAME_CHARS),
    ("ProductBody", "/properties/tax_class", "minLength", 1),
    ("ProductBody", "/properties/tax_class", "maxLength", product::NAME_CHARS),
    ("ProductBody", "/properties/category", "maxItems", product::CATEGORY_LEVELS),
    ("ProductBody", "/properties/category/items", "minLength", 1),
    ("ProductBody", "/properties/category/items", "maxLength", product::NAME_CHARS),
    ("ProductBody", "/properties/attributes", "maxProperties", product::ATTRIBUTES),
    ("ProductBody", "/properties/attributes/propertyNames", "minLength", 1),
    ("ProductBody", "/properties/attributes/propertyNames", "maxLength", product::NAME_CHARS),
    ("ProductBody", "/properties/attributes/additionalProperties", "maxLength", product::VALUE_CHARS),
    ("ProductBody", "/properties/attributes/additionalProperties", "maxItems", product::TEXTS),
    ("ProductBody", "/properties/attributes/additionalProperties/items", "minLength", 1),
    ("ProductBody", "/properties/attributes/additionalProperties/items", "maxLength", product::VALUE_CHARS),
    ("ProductBody", "/properties/media", "maxItems", product::MEDIA),
    ("ProductBody", "/properties/variants", "minItems", 1),
    ("ProductBody", "/properties/variants", "maxItems", product::VARIANTS),
    ("PricesBody", "/properties/variants", "maxItems", product::VARIANTS),
    ("SkuPrices", "/properties/prices", "maxItems", product::CURRENCIES),
    ("Media", "/properties/url", "maxLength", product::URL_CHARS),
    ("Media", "/properties/alt", "maxLength", product::URL_CHARS),
    ("Variant", "/properties/options", "maxProperties", product::OPTIONS),
    ("Variant", "/properties/options/propertyNames", "minLength", 1),
    ("Variant", "/properties/options/propertyNames", "maxLength", product::NAME_CHARS),
    ("Variant", "/properties/options/additionalProperties", "minLength", 1),
    ("Variant", "/properties/options/additionalProperties", "maxLength", product::NAME_CHARS),
    ("Variant", "/properties/prices", "maxItems", product::CURRENCIES),
    ("Variant", "/properties/barcodes", "maxItems", product::BARCODES),
    ("Variant", "/properties/barcodes/items", "minLength", 1),
    ("Variant", "/properties/barcodes/items", "maxLength", product::NAME_CHARS),
    ("CartBody", "/properties/lines", "maxItems", cart::LINES),
    ("LinesBody", "/oneOf/1", "maxItems", cart::LINES),
    ("CheckoutBody", "/properties/payment_token", "maxLength", cart::TOKEN_CHARS),
    ("CheckoutBody", "/properties/reference", "minLength", 1),
    ("CheckoutBody", "/properties/reference", "maxLength", cart::TEXT_CHARS),
    ("CheckoutBody", "/properties/charges", "maxItems", cart::CHARGES),
    ("Charge", "/properties/label", "minLength", 1),
    ("Charge", "/properties/label", "maxLength", cart::TEXT_CHARS),
    ("Personal", "/properties/name", "minLength", 1),
    ("Personal", "/properties/name", "maxLength", cart::TEXT_CHARS),
    ("Personal", "/properties/email", "minLength", 1),
    ("Personal", "/properties/email", "maxLength", cart::TEXT_CHARS),
    ("Personal", "/properties/phone", "minLength", 1),
    ("Personal", "/properties/phone", "maxLength", cart::TEXT_CHARS),
    ("Address", "/properties/lines", "minItems", 1),
    ("Address", "/properties/lines", "maxItems", cart::ADDRESS_LINES),
    ("Address", "/properties/lines/items", "minLength", 1),
    ("Address", "/properties/lines/items", "maxLength", cart::TEXT_CHARS),
    ("Address", "/properties/city", "minLength", 1),
    ("Address", "/properties/city", "maxLength", cart::TEXT_CHARS),
    ("Address", "/properties/region", "minLength", 1),
    ("Address", "/properties/region", "maxLength", cart::TEXT_CHARS),
    ("Address", "/properties/postal_code", "minLength", 1),
    ("Address", "/properties/postal_code", "maxLength", cart::TEXT_CHARS),
    ("CancelBody", "/properties/reason", "minLength", 1),
    ("CancelBody", "/properties/reason", "maxLength", order::TEXT_CHARS),
    ("ShipBody", "/properties/carrier", "minLength", 1),
    ("ShipBody", "/properties/carrier", "maxLength", order::TRACKING_CHARS),
    ("ShipBody", "/properties/tracking", "minLength", 1),
    ("ShipBody", "/properties/tracking", "maxLength", order::TRACKING_CHARS),
    ("ReturnBody", "/properties/reason", "minLength", 1),
    ("ReturnBody", "/properties/reason", "maxLength", order::TEXT_CHARS),
    ("CreditBody", "/properties/label", "minLength", 1),
    ("CreditBody", "/properties/label", "maxLength", order::TEXT_CHARS),
    ("ReceiveBody", "/properties/reference", "minLength", 1),
    ("ReceiveBody", "/properties/reference", "maxLength", inventory::TEXT_CHARS),
    ("AdjustBody", "/properties/reason", "minLength", 1),
    ("AdjustBody", "/properties/reason", "maxLength", inventory::TEXT_CHARS),
];

/// Texts that must be web addresses: a page that shows them would run whatever else they are.
const WEB_ADDRESSES: &[(&str, &str)] = &[("Media", "/properties/url")];

/// The generator behind every schema of the interface.
pub(super) fn generator() -> SchemaGenerator {
    let mut settings = SchemaSettings::draft2020_12();
    settings.meta_schema = None;
    settings.definitions_path = "/components/schemas".into();
    settings.into_generator()
}

/// The schema of `T`, and those that it refers to by name.
pub(crate) fn schema_of<T: JsonSchema>() -> (Value, Map<String, Value>) {
    let mut generator = generator();
    let mut schema = generator.subschema_for::<T>().into();
    plain(&mut schema);
    (schema, definitions(&mut generator))
}

/// All that the generator has met, by name, complete.
pub(super) fn definitions(generator: &mut SchemaGenerator) -> Map<String, Value> {
    let mut all = generator.take_definitions(true);
    all.values_mut().for_each(plain);
    for (name, pointer, keyword, value) in LIMITS {
        limit(&mut all, name, pointer, keyword, (*value).into());
    }
    for (name, pointer) in WEB_ADDRESSES {
        limit(&mut all, name, pointer, "format", "web-address".into());
        limit(&mut all, name, pointer, "pattern", "^[Hh][Tt][Tt][Pp][Ss]?://".into());
    }
    all
}

fn limit(all: &mut Map<String, Value>, name: &str, pointer: &str, keyword: &str, value: Value) {
    let Some(schema) = all.get_mut(name) else { return };
    if let Some(of) = pointer.strip_suffix("/propertyNames")
        && let Some(of) = schema.pointer_mut(of)
        && of.get("propertyNames").is_none()
    {
        of["propertyNames"] = Value::Object(Map::new());
    }
    let part = schema.pointer_mut(pointer);
    let part = part.unwrap_or_else(|| panic!("{name} has no {pointer}, whose limit is listed"));
    part[keyword] = value;
}

/// Writes a schema as other programs read it best, whatever it is nested in.
pub(super) fn plain(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            told_default(members);
            known_code(members);
            listed_values(members);
            known_range(members);
            complete_tuple(members);
            members.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A default goes into the text: as a keyword it makes generators take an optional member for one that is always there.
fn told_default(schema: &mut Map<String, Value>) {
    // A member that is called so is a schema itself.
    if schema.get("default").is_none_or(|default| default.is_object() && default.get("type").is_some()) {
        return;
    }
    let Some(default) = schema.remove("default") else { return };
    let is_empty = match &default {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    };
    if !is_empty {
        let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let text = format!(
            "{text} `{}` if it is left out.",
            default.as_str().map_or(default.to_string(), str::to_owned)
        );
        schema.insert("description".to_owned(), text.trim().into());
    }
}

/// A tuple says also that anything may stand behind its parts (there is no room: its length is bounded), because linters
/// take an array without `items` for a mistake.
fn complete_tuple(schema: &mut Map<String, Value>) {
    if schema.get("prefixItems").is_some_and(Value::is_array) {
        schema.entry("items").or_insert_with(|| Value::Object(Map::new()));
    }
}

/// Codes are those of a standard, which their pattern alone does not say.
fn known_code(schema: &mut Map<String, Value>) {
    let format = match schema.get("pattern").and_then(Value::as_str) {
        Some(Currency::PATTERN) => "iso-4217",
        Some(CountryCode::PATTERN) => "iso-3166-1-alpha-2",
        _ => return,
    };
    schema.insert("format".to_owned(), format.into());
}

/// A choice among constants is an enumeration, which generators make a type of; what each means goes into the text.
fn listed_values(schema: &mut Map<String, Value>) {
    let Some(Value::Array(branches)) = schema.get("oneOf") else { return };
    let mut values: Vec<Value> = Vec::new();
    let mut meanings: Vec<String> = Vec::new();
    for branch in branches {
        match (branch.get("const"), branch.get("enum")) {
            (Some(value @ Value::String(name)), None) => {
                values.push(value.clone());
                meanings.extend(branch["description"].as_str().map(|text| format!("`{name}`: {text}")));
            }
            (None, Some(Value::Array(several))) if several.iter().all(Value::is_string) => {
                values.extend_from_slice(several);
            }
            _ => return,
        }
    }
    schema.remove("oneOf");
    schema.insert("type".to_owned(), "string".into());
    schema.insert("enum".to_owned(), values.into());
    if !meanings.is_empty() {
        let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        schema.insert("description".to_owned(), format!("{text} {}", meanings.join(" ")).trim().into());
    }
}

/// Rust's names of ranges are no formats of OpenAPI; their bounds say the same.
fn known_range(schema: &mut Map<String, Value>) {
    let (format, maximum): (&str, Option<u64>) = match schema.get("format").and_then(Value::as_str) {
        Some("uint8") => ("int32", Some(u8::MAX.into())),
        Some("uint16") => ("int32", Some(u16::MAX.into())),
        Some("uint32") => ("int64", Some(u32::MAX.into())),
        Some("uint" | "uint64" | "int64" | "int") => ("int64", None),
        _ => return,
    };
    schema.insert("format".to_owned(), format.into());
    if let Some(maximum) = maximum {
        schema.entry("maximum").or_insert_with(|| maximum.into());
    }
}

/// The schema under which `Form::Of` asks for a type, plain.
pub(super) fn inlined(make: fn(&mut SchemaGenerator) -> Schema, generator: &mut SchemaGenerator) -> Value {
    let mut schema = make(generator).into();
    plain(&mut schema);
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::describe::Form;
    use crate::openapi::all_routes;

    #[test]
    fn every_limit_is_of_a_schema_that_the_document_has() {
        let mut generator = generator();
        for route in all_routes() {
            if let Some(Form::Of(make)) = route.description.body.as_ref().map(|body| &body.content.form) {
                make(&mut generator);
            }
        }
        let all = definitions(&mut generator);
        let unknown: Vec<_> = LIMITS.iter().filter(|(name, ..)| !all.contains_key(*name)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
    }
}

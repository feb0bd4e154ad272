//! Which columns the table of an event type has: derived from the JSON Schema of its payload.
//!
//! A scalar field is a column of its own; an object's scalar fields are columns `<field>_<inner field>`, one
//! level deep (`total_minor`, `total_currency`). What lies deeper, and lists, stay in the payload's own column; the lists that
//! people count in are tables of their own ([`LISTS`]), one row an entry, with columns by the same rule.

use daybook_domain::{
    Event, EventData as _, EventKind,
    order::{OrderPlaced, OrderReturned, OrderShipped},
};
use serde_json::{Map, Value};

/// The column of a list's table that counts its entries from one.
pub(super) const ENTRY: &str = "entry";

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Integer,
    Real,
    Boolean,
    /// Microseconds since the Unix epoch, UTC.
    Time,
}

/// One column out of the payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    /// The field, and the field within it.
    pub(super) path: (String, Option<String>),
    pub(super) kind: Kind,
}

impl Field {
    /// The field's value in a payload.
    pub(super) fn of<'v>(&self, payload: &'v Value) -> Option<&'v Value> {
        let outer = payload.get(&self.path.0)?;
        match &self.path.1 {
            Some(inner) => outer.get(inner),
            None => Some(outer),
        }
    }
}

/// The lists that have a table of their own: of which event, and which field.
const LISTS: [(EventKind, &str); 4] = [
    (OrderPlaced::KIND, "lines"),
    (OrderPlaced::KIND, "charges"),
    (OrderShipped::KIND, "lines"),
    (OrderReturned::KIND, "lines"),
];

/// The fields of an event type that are lists with a table of their own.
pub(super) fn lists(aggregate: &str, event_type: &str) -> impl Iterator<Item = &'static str> {
    let of = LISTS.into_iter().filter(|(kind, _)| (kind.aggregate, kind.name) == (aggregate, event_type));
    of.map(|(_, list)| list).collect::<Vec<_>>().into_iter()
}

/// The columns of an event type's payload, or of the entries of one of its lists; none if today's code does not know it.
pub(super) fn fields(aggregate: &str, event_type: &str, list: Option<&str>) -> Vec<Field> {
    let schemas = Event::schemas();
    let found = schemas.into_iter().find(|(kind, _)| (kind.aggregate, kind.name) == (aggregate, event_type));
    let Some((_, schema)) = found else { return Vec::new() };
    let root = schema.to_value();
    let Some(list) = list else { return fields_of(&root, &root) };
    let entries = properties(&root, &root).get(list).map(|list| resolve(list, &root).clone());
    entries
        .and_then(|list| list.get("items").cloned())
        .map_or_else(Vec::new, |entry| fields_of(&entry, &root))
}

fn fields_of(schema: &Value, root: &Value) -> Vec<Field> {
    let mut fields = Vec::new();
    for (name, field) in properties(schema, root) {
        if let Some(kind) = scalar(&field, root) {
            fields.push(Field { name: name.clone(), path: (name, None), kind });
            continue;
        }
        for (inner, field) in properties(&field, root) {
            if let Some(kind) = scalar(&field, root) {
                let path = (name.clone(), Some(inner.clone()));
                fields.push(Field { name: format!("{name}_{inner}"), path, kind });
            }
        }
    }
    fields
}

/// A schema's fields; of several alternatives, the fields of all of them.
fn properties(schema: &Value, root: &Value) -> Map<String, Value> {
    let schema = resolve(schema, root);
    let mut all = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    for alternative in alternatives(schema) {
        for (name, field) in properties(alternative, root) {
            all.entry(name).or_insert(field);
        }
    }
    all
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| schema.get(key)?.as_array()).flatten()
}

fn scalar(schema: &Value, root: &Value) -> Option<Kind> {
    let schema = resolve(schema, root);
    let named = match schema.get("type") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    };
    match named {
        Some("string") if schema.get("format").is_some_and(|format| format == "date-time") => {
            Some(Kind::Time)
        }
        Some("string") => Some(Kind::Text),
        Some("integer") => Some(Kind::Integer),
        Some("number") => Some(Kind::Real),
        Some("boolean") => Some(Kind::Boolean),
        Some(_) => None,
        None if schema.get("const").or(schema.get("enum")).is_some() => Some(Kind::Text),
        None => {
            let mut kinds =
                alternatives(schema).filter(|one| one.get("type").is_none_or(|name| name != "null"));
            let first = scalar(kinds.next()?, root)?;
            kinds.all(|kind| scalar(kind, root) == Some(first)).then_some(first)
        }
    }
}

fn resolve<'s>(schema: &'s Value, root: &'s Value) -> &'s Value {
    let named = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix('#'));
    named.and_then(|path| root.pointer(path)).unwrap_or(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(aggregate: &str, event_type: &str) -> Vec<(String, Kind)> {
        fields(aggregate, event_type, None).into_iter().map(|field| (field.name, field.kind)).collect()
    }

    #[test]
    fn money_is_two_columns_and_lists_are_none() {
        let placed = kinds("order", "OrderPlaced");
        for (name, kind) in [
            ("order_id", Kind::Text),
            ("customer_id", Kind::Text),
            ("total_minor", Kind::Integer),
            ("total_currency", Kind::Text),
        ] {
            assert!(placed.contains(&(name.to_owned(), kind)), "{name} in {placed:?}");
        }
        assert!(placed.iter().all(|(name, _)| name != "lines"));
    }

    #[test]
    fn order_lines_have_columns_of_their_own() {
        let lines: Vec<_> = lists("order", "OrderPlaced").collect();
        assert_eq!(lines, ["lines", "charges"]);
        let columns = fields("order", "OrderPlaced", Some("lines"));
        let has = |name: &str, kind| columns.iter().any(|field| field.name == name && field.kind == kind);
        assert!(has("sku", Kind::Text) && has("quantity", Kind::Integer), "{columns:?}");
        assert!(has("net_minor", Kind::Integer) && has("unit_price_currency", Kind::Text), "{columns:?}");
        for (kind, list) in LISTS {
            assert!(!fields(kind.aggregate, kind.name, Some(list)).is_empty(), "{}.{list}", kind.name);
        }
    }

    #[test]
    fn times_flags_and_reasons_have_their_types() {
        assert!(kinds("inventory", "StockReserved").contains(&("until".to_owned(), Kind::Time)));
        let rejected = kinds("order", "OrderRejected");
        assert!(rejected.contains(&("allocated".to_owned(), Kind::Boolean)), "{rejected:?}");
        assert!(rejected.contains(&("reason_reason".to_owned(), Kind::Text)), "{rejected:?}");
        assert!(rejected.contains(&("reason_available".to_owned(), Kind::Integer)), "{rejected:?}");
    }

    #[test]
    fn no_column_has_the_name_of_another_or_of_a_common_one() {
        for kind in Event::kinds() {
            let tables = std::iter::once(None).chain(lists(kind.aggregate, kind.name).map(Some));
            for table in tables {
                let fields = fields(kind.aggregate, kind.name, table);
                let mut names: Vec<String> = fields.into_iter().map(|field| field.name).collect();
                let all = names.len();
                names.sort();
                names.dedup();
                assert_eq!(names.len(), all, "{}", kind.name);
                for common in super::super::parquet::COMMON.into_iter().chain(["day", ENTRY]) {
                    let taken = names.iter().any(|field| field == common);
                    assert!(!taken, "{}: a field is called {common}", kind.name);
                }
            }
        }
    }
}

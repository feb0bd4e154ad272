//! What changed between two JSON documents, path by path.

use serde::Serialize;
use serde_json::Value;

/// One change.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Change {
    /// Where: `lines[2].quantity`.
    pub(crate) path: String,
    /// None: it was not there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Value>,
    /// None: it is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) after: Option<Value>,
}

/// The changes that make `after` of `before`, in the order of the paths.
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare(String::new(), Some(before), Some(after), &mut found);
    found
}

fn compare(path: String, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    match (before, after) {
        (before, after) if before == after => {}
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for (key, old) in before {
                compare(field(&path, key), Some(old), after.get(key), found);
            }
            for (key, new) in after.iter().filter(|(key, _)| !before.contains_key(*key)) {
                compare(field(&path, key), None, Some(new), found);
            }
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => {
            for at in 0..before.len().max(after.len()) {
                compare(format!("{path}[{at}]"), before.get(at), after.get(at), found);
            }
        }
        (before, after) => {
            found.push(Change { path, before: before.cloned(), after: after.cloned() });
        }
    }
}

/// The same for people: what is new or gone as a whole is told field by field, and what changed in the same way in
/// neighbouring entries of a list is told once (`lines[0–30].location`).
pub(crate) fn for_people(changes: Vec<Change>) -> Vec<Change> {
    let mut told: Vec<Change> = Vec::new();
    // Entries that may go on: their place in `told`, by what was changed how.
    let mut open: Vec<(usize, Series)> = Vec::new();
    for change in changes.into_iter().flat_map(spread) {
        let Some(series) = Series::of(&change) else {
            told.push(change);
            continue;
        };
        match open.iter_mut().find(|(at, one)| one.goes_on_with(&series) && told[*at].is_like(&change)) {
            Some((at, one)) => {
                one.last = series.last;
                told[*at].path = one.path();
            }
            None => {
                open.push((told.len(), series));
                told.push(change);
            }
        }
    }
    told
}

impl Change {
    fn is_like(&self, other: &Self) -> bool {
        (&self.before, &self.after) == (&other.before, &other.after)
    }
}

/// The first list in a path, from one entry to another.
struct Series {
    list: String,
    first: usize,
    last: usize,
    within: String,
}

impl Series {
    fn of(change: &Change) -> Option<Self> {
        let (list, rest) = change.path.split_once('[')?;
        let (index, within) = rest.split_once(']')?;
        let index = index.parse().ok()?;
        Some(Self { list: list.to_owned(), first: index, last: index, within: within.to_owned() })
    }

    fn goes_on_with(&self, next: &Self) -> bool {
        (&self.list, &self.within, self.last + 1) == (&next.list, &next.within, next.first)
    }

    fn path(&self) -> String {
        format!("{}[{}–{}]{}", self.list, self.first, self.last, self.within)
    }
}

/// A whole object that is new is told by its fields; what they are empty of is not.
fn spread(change: Change) -> Vec<Change> {
    let Change { path, before: None | Some(Value::Null), after: Some(after @ Value::Object(_)) } = &change
    else {
        return vec![change];
    };
    let mut leaves = Vec::new();
    collect(path.clone(), after, &mut leaves);
    leaves
}

fn collect(path: String, value: &Value, leaves: &mut Vec<Change>) {
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (key, value) in fields {
                collect(field(&path, key), value, leaves);
            }
        }
        Value::Array(entries) => {
            for (at, value) in entries.iter().enumerate() {
                collect(format!("{path}[{at}]"), value, leaves);
            }
        }
        leaf => leaves.push(Change { path, before: None, after: Some(leaf.clone()) }),
    }
}

fn field(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_differs_is_named_with_its_place() {
        let before = json!({ "status": "placed", "lines": [{ "open": 2 }], "gone": 1 });
        let after = json!({ "status": "placed", "lines": [{ "open": 1 }, { "open": 5 }], "new": true });
        let found = changes(&before, &after);
        let paths: Vec<&str> = found.iter().map(|change| change.path.as_str()).collect();
        assert_eq!(paths, ["gone", "lines[0].open", "lines[1]", "new"]);
        assert_eq!((found[1].before.clone(), found[1].after.clone()), (Some(json!(2)), Some(json!(1))));
        assert_eq!(found[0].after, None);
        assert!(changes(&before, &before).is_empty());
    }
    #[test]
    fn what_is_new_is_told_by_its_fields_and_what_repeats_is_told_once() {
        let before = json!({ "sale": null });
        let after = json!({ "sale": { "total": 7, "note": null, "lines": [
            { "sku": "A", "open": 1 }, { "sku": "B", "open": 1 }, { "sku": "C", "open": 2 },
        ] } });
        let told = for_people(changes(&before, &after));
        let told: Vec<String> = told
            .iter()
            .map(|change| format!("{}: {}", change.path, change.after.clone().unwrap_or_default()))
            .collect();
        let expected = [
            "sale.lines[0–1].open: 1",
            "sale.lines[0].sku: \"A\"",
            "sale.lines[1].sku: \"B\"",
            "sale.lines[2].open: 2",
            "sale.lines[2].sku: \"C\"",
            "sale.total: 7",
        ];
        assert_eq!(told, expected);
    }
}

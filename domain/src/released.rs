//! The released schemas of all events, as they stand in `schemas/events`: what is told to others of the data that
//! they get, in audit bundles, in `asyncapi.json` and by `daybook schemas`. Of every version that was ever
//! released, not only of those that this program writes, because the log has events of all of them for ever.

use crate::Event;

/// The JSON Schema of one version of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReleasedSchema {
    pub aggregate: &'static str,
    pub event_type: &'static str,
    pub version: u16,
    /// From 1. A further revision has additional optional fields and is the same version.
    pub revision: u16,
    pub text: &'static str,
}

/// In the order of the files.
const FILES: &[ReleasedSchema] = include!(concat!(env!("OUT_DIR"), "/released.rs"));

impl ReleasedSchema {
    /// Where it stands under `schemas/`: `events/<aggregate>/<Type>.v<version>.json`, with `.r<revision>` before the
    /// ending from the second revision on.
    #[must_use]
    pub fn path(&self) -> String {
        let Self { aggregate, event_type, version, revision, .. } = self;
        match revision {
            1 => format!("events/{aggregate}/{event_type}.v{version}.json"),
            _ => format!("events/{aggregate}/{event_type}.v{version}.r{revision}.json"),
        }
    }

    /// What it says of the event in words.
    #[must_use]
    pub fn description(&self) -> Option<String> {
        let schema: serde_json::Value = serde_json::from_str(self.text).ok()?;
        Some(schema.get("description")?.as_str()?.to_owned())
    }
}

/// Every schema ever released: event by event in the order of the list of aggregates, versions and revisions rising.
#[must_use]
pub fn released_schemas() -> Vec<ReleasedSchema> {
    let mut all = Vec::with_capacity(FILES.len());
    for kind in Event::kinds() {
        let own =
            FILES.iter().filter(|file| (file.aggregate, file.event_type) == (kind.aggregate, kind.name));
        let from = all.len();
        all.extend(own);
        all[from..].sort_by_key(|schema: &ReleasedSchema| (schema.version, schema.revision));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_of_an_event_that_there_is() {
        assert_eq!(released_schemas().len(), FILES.len());
    }

    #[test]
    fn a_revision_stands_beside_its_version() {
        let first = ReleasedSchema { aggregate: "a", event_type: "B", version: 2, revision: 1, text: "{}" };
        assert_eq!(first.path(), "events/a/B.v2.json");
        assert_eq!(ReleasedSchema { revision: 3, ..first }.path(), "events/a/B.v2.r3.json");
        let described = ReleasedSchema { text: r#"{"description":"It happened."}"#, ..first };
        assert_eq!(described.description().as_deref(), Some("It happened."));
        assert_eq!(first.description(), None);
    }
}

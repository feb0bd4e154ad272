//! The files under `schemas/events`, and the list of those that are released.

use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// `schemas/`
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas")
}

/// One revision of one version of one event.
#[derive(Debug)]
pub(crate) struct Pinned {
    pub(crate) aggregate: String,
    pub(crate) event_type: String,
    pub(crate) version: u16,
    /// From 1; further ones have additional optional fields.
    pub(crate) revision: u16,
}

impl Pinned {
    pub(crate) fn new(aggregate: &str, event_type: &str, version: u16, revision: u16) -> Self {
        Self { aggregate: aggregate.to_owned(), event_type: event_type.to_owned(), version, revision }
    }

    /// The newest revision that there is a schema of.
    pub(crate) fn newest(aggregate: &str, event_type: &str, version: u16) -> Option<Self> {
        let revisions = (1..).map(|revision| Self::new(aggregate, event_type, version, revision));
        revisions.take_while(|pinned| pinned.schema_path().is_file()).last()
    }

    pub(crate) fn next_revision(&self) -> Self {
        Self::new(&self.aggregate, &self.event_type, self.version, self.revision + 1)
    }

    pub(crate) fn revision_before(&self) -> Self {
        Self::new(&self.aggregate, &self.event_type, self.version, self.revision - 1)
    }

    pub(crate) fn name(&self) -> (&str, &str) {
        (&self.aggregate, &self.event_type)
    }

    fn path(&self, ending: &str) -> PathBuf {
        let revision = if self.revision == 1 { String::new() } else { format!(".r{}", self.revision) };
        let file = format!("{}.v{}{revision}{ending}", self.event_type, self.version);
        root().join("events").join(&self.aggregate).join(file)
    }

    pub(crate) fn schema_path(&self) -> PathBuf {
        self.path(".json")
    }

    pub(crate) fn example_path(&self) -> PathBuf {
        self.path(".example.json")
    }

    pub(crate) fn schema(&self) -> Value {
        read(&self.schema_path())
    }

    pub(crate) fn example(&self) -> Value {
        read(&self.example_path())
    }
}

/// Writes a file that is not there; one that is there stays as it is.
pub(crate) fn write_missing(path: &Path, text: &str) {
    if !path.exists() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn read(path: &Path) -> Value {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every JSON file below `schemas/events`, relative to `schemas`, in order.
pub(crate) fn files() -> Vec<String> {
    let mut found = Vec::new();
    for aggregate in fs::read_dir(root().join("events")).unwrap() {
        let aggregate = aggregate.unwrap().path();
        if !aggregate.is_dir() {
            continue;
        }
        for file in fs::read_dir(&aggregate).unwrap() {
            let path = file.unwrap().path();
            assert!(path.extension().is_some_and(|ending| ending == "json"), "{}", path.display());
            found.push(path.strip_prefix(root()).unwrap().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

/// Every revision there is an example of, of today and of before.
pub(crate) fn all() -> Vec<Pinned> {
    let examples = files().into_iter().filter(|file| file.ends_with(".example.json"));
    let read = |file: String| {
        let mut parts = file.trim_end_matches(".example.json").split('/').skip(1);
        let (aggregate, rest) = (parts.next().unwrap(), parts.next().unwrap());
        let (event_type, rest) = rest.split_once(".v").unwrap();
        let (version, revision) = rest.split_once(".r").unwrap_or((rest, "1"));
        Pinned::new(aggregate, event_type, version.parse().unwrap(), revision.parse().unwrap())
    };
    examples.map(read).collect()
}

pub(crate) mod released {
    //! `released.txt`: a digest and a path a line, as `sha256sum` writes them (from within `schemas/`).

    use super::{files, root};
    use sha2::{Digest, Sha256};
    use std::{collections::BTreeMap, fmt::Write as _, fs, path::PathBuf};

    fn list() -> PathBuf {
        root().join("events").join("released.txt")
    }

    /// Path to digest.
    pub(crate) fn read() -> BTreeMap<String, String> {
        let text = fs::read_to_string(list()).unwrap_or_default();
        let lines = text.lines().map(|line| line.split_once("  ").expect("digest, two spaces, path"));
        lines.map(|(digest, path)| (path.to_owned(), digest.to_owned())).collect()
    }

    pub(crate) fn digest(path: &str) -> String {
        let digest = Sha256::digest(fs::read(root().join(path)).unwrap());
        digest.iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        })
    }

    /// Adds what is new; a line that is there stays as it is.
    pub(crate) fn add_new() {
        let mut listed = read();
        for path in files() {
            let digest = digest(&path);
            listed.entry(path).or_insert(digest);
        }
        let text: String = listed.iter().map(|(path, digest)| format!("{digest}  {path}\n")).collect();
        fs::write(list(), text).unwrap();
    }
}

//! The structure of the code, as far as a machine can check it: one type a file with all its inherent methods, one
//! name for one type, and no word that the vocabulary has replaced.

use daybook_tests::root;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

/// Names that two crates use for two things, each clear where it stands. A new one belongs here only if no better name is found.
const SHARED_NAMES: &[&str] = &[
    "Answer",
    "AsOf",
    "Check",
    "Checkpoint",
    "Cli",
    "Command",
    "Cursor",
    "Decision",
    "Filter",
    "Finding",
    "Form",
    "Freshness",
    "Group",
    "Head",
    "Held",
    "ImportError",
    "Kind",
    "Live",
    "Memory",
    "Named",
    "Offer",
    "Order",
    "Outcome",
    "Page",
    "Part",
    "Parts",
    "Place",
    "Prepared",
    "PriceChange",
    "Prices",
    "Progress",
    "Reaction",
    "ReadStore",
    "Rebuild",
    "Refused",
    "Segment",
    "Session",
    "Shelf",
    "Signed",
    "Slot",
    "Source",
    "Stock",
    "Taken",
    "Texts",
    "Value",
    "View",
    "Written",
];

/// Types whose inherent methods stand in more than one file, and why.
const SPREAD: &[(&str, &str)] = &[
    ("EmbeddedStore", "dead letters, apart from rows"),
    ("NatsOptions", "TLS is read apart from the other options"),
    ("OrderId", "what people call an order is derived beside its alphabet"),
    ("Plan", "the plan's books are a page of their own"),
    ("PostgresRows", "queries, apart from how rows are kept"),
    ("PostgresStore", "one connection to a server, by what is asked of it"),
    ("Reactor", "its parts by what they answer: due timers, failures"),
    ("ReadModels", "what operators ask, apart from what runs"),
    ("Requests", "commands by what they are for"),
    ("SearchRequest", "reading its parameters, apart from what it means"),
    ("Shard", "one writer in its steps: decide, commit, snapshot"),
    ("Shared", "the batch, the generations and the store use one state"),
];

/// Names that the vocabulary has replaced, with what they are called now.
const REPLACED: &[(&str, &str)] = &[
    ("Door", "ReopenableStore"),
    ("Seat", "ProjectionStatus"),
    ("Member", "Applier"),
    ("Lane", "CommitGroup, PriorityClass or Track"),
    ("GroupWork", "Worker"),
    ("Trail", "AuditStatus"),
    ("Steps", "PageLimits"),
    ("Pauses", "Backoff"),
    ("FedLog", "NatsLog"),
    ("Chunk", "Page"),
    ("Intake", "ProcessInput"),
    ("Slots", "ReactionTable"),
    ("Turns", "StreamQueue"),
    ("Cause", "Trigger"),
    ("Occurrence", "Trigger"),
    ("Happened", "Sequenced"),
    ("Mailbox", "BatchChannel"),
    ("Inbox", "CommandQueue"),
    ("Fate", "AppendResult"),
    ("OrderWatch", "OrderOutcomeWaiter"),
    ("Edge", "RouteLayer"),
    ("Thing", "Target"),
    ("Cut", "StreamUntil"),
    ("Fold", "InMemoryReplay"),
    ("Lent", "PooledConnection"),
    ("Trouble", "LastError"),
    ("Wire", "Connection"),
    ("Stall", "WriteTimeout"),
    ("Room", "BodyBudget or DiskSpace"),
    ("Outside", "RemotePeer"),
    ("Asked", "CommandInput"),
    ("Serving", "CustomerPermit"),
    ("Duties", "NodeTasks"),
    ("Desk", "Scratch"),
    ("Alone", "OfflineIndex"),
    ("Library", "Segments"),
    ("Upkeep", "Maintenance"),
    ("EitherForm", "SegmentFile"),
    ("Asking", "RetryingReader"),
    ("Basket", "ActiveCart"),
    ("Sale", "PlacedOrder"),
];

/// Product files with their code: no tests, no bench.
fn product_sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the project is readable") {
            let path = entry.expect("the project is readable").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let skipped = ["target", "tests", "bench", "examples"].contains(&name.as_str());
            if path.is_dir() && !skipped && !name.starts_with('.') {
                folders.push(path);
            } else if name.ends_with(".rs") && name != "tests.rs" {
                let relative = path.strip_prefix(root()).expect("it was found below the root");
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
                found.push((relative.to_string_lossy().into_owned(), code));
            }
        }
    }
    assert!(found.len() > 200, "only {} sources found: the search is broken", found.len());
    found
}

/// The name at the beginning of `text`.
fn name_in(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

/// What a line at a file's top level declares: the name of a type or trait.
fn declared(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("pub(crate) ").or_else(|| line.strip_prefix("pub(super) "));
    let rest = rest.or_else(|| line.strip_prefix("pub ")).unwrap_or(line);
    let kinds = ["struct ", "enum ", "trait ", "union "];
    kinds.iter().find_map(|kind| rest.strip_prefix(kind)).map(name_in).filter(|name| !name.is_empty())
}

/// The type that a line at a file's top level begins an inherent `impl` of.
fn inherent(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("impl")?;
    let rest = if rest.starts_with('<') {
        let mut depth = 0_usize;
        let end = rest.find(|c| {
            depth = match c {
                '<' => depth + 1,
                '>' => depth.saturating_sub(1),
                _ => depth,
            };
            depth == 0
        })?;
        &rest[end + 1..]
    } else {
        rest
    };
    let rest = rest.strip_prefix(' ')?;
    (!rest.contains(" for ")).then(|| name_in(rest)).filter(|name| !name.is_empty())
}

fn crate_of(path: &str) -> &str {
    path.split('/').next().unwrap_or_default()
}

#[test]
fn a_type_name_stands_for_one_thing() {
    let mut places: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, code) in product_sources() {
        for name in code.lines().filter_map(declared) {
            places.entry(name.to_owned()).or_default().insert(path.clone());
        }
    }
    assert!(places.len() > 400, "only {} types found: the search is broken", places.len());
    let shared: BTreeMap<_, _> = places.iter().filter(|(_, files)| files.len() > 1).collect();
    let three: Vec<_> = shared.iter().filter(|(_, files)| files.len() > 2).collect();
    let unlisted: Vec<_> = shared.iter().filter(|(name, _)| !SHARED_NAMES.contains(&name.as_str())).collect();
    let gone: Vec<_> =
        SHARED_NAMES.iter().filter(|name| !shared.contains_key(&(**name).to_owned())).collect();
    assert!(three.is_empty(), "names for three things and more: {three:#?}");
    assert!(unlisted.is_empty(), "names for two things that are not listed: {unlisted:#?}");
    assert!(gone.is_empty(), "listed, but no longer shared: {gone:?}");
}

#[test]
fn the_methods_of_a_type_stand_in_its_file() {
    let mut places: BTreeMap<(String, String), BTreeSet<String>> = BTreeMap::new();
    for (path, code) in product_sources() {
        for name in code.lines().filter_map(inherent) {
            places.entry((crate_of(&path).to_owned(), name.to_owned())).or_default().insert(path.clone());
        }
    }
    assert!(places.len() > 300, "only {} types with methods found: the search is broken", places.len());
    let spread: BTreeMap<_, _> = places.iter().filter(|(_, files)| files.len() > 1).collect();
    let listed: BTreeSet<&str> = SPREAD.iter().map(|(name, _)| *name).collect();
    let unlisted: Vec<_> = spread.iter().filter(|((_, name), _)| !listed.contains(name.as_str())).collect();
    let gone: Vec<_> =
        listed.iter().filter(|name| !spread.keys().any(|(_, known)| known == **name)).collect();
    assert!(unlisted.is_empty(), "methods in several files: {unlisted:#?}");
    assert!(gone.is_empty(), "listed, but in one file now: {gone:?}");
}

#[test]
fn no_type_has_a_name_that_was_replaced() {
    let mut offenders = Vec::new();
    for (path, code) in product_sources() {
        for name in code.lines().filter_map(declared) {
            if let Some((_, now)) = REPLACED.iter().find(|(old, _)| *old == name) {
                offenders.push(format!("{path}: {name} is called {now}"));
            }
        }
    }
    assert!(offenders.is_empty(), "{offenders:#?}");
}

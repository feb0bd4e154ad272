//! The rules of the house, as far as a machine can check them: crate arrows, file heads and lengths, words
//! that name nothing, checks that cannot fail. CONTRIBUTING.md gives the reasons.

use daybook_tests::root;
use std::{collections::BTreeMap, fs};

/// Each crate with the crates of ours it may use. Read downwards this is the flow of the data.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("event-log", &[]),
    ("subscriptions", &["event-log"]),
    ("event-log-postgres", &["event-log", "subscriptions"]),
    ("engine", &["domain", "event-log", "subscriptions"]),
    ("cqrs-es-log", &["domain", "event-log", "engine"]),
    ("messaging", &["domain", "event-log", "subscriptions"]),
    ("read-store", &["event-log", "event-log-postgres", "subscriptions"]),
    ("projections", &["domain", "event-log", "subscriptions", "read-store"]),
    ("views", &["domain", "event-log", "read-store", "projections"]),
    ("search", &["domain", "event-log", "read-store", "projections"]),
    ("import", &["domain", "event-log", "engine"]),
    ("audit", &["event-log", "subscriptions"]),
    ("esdb", &["event-log", "subscriptions"]),
    (
        "api",
        &[
            "domain",
            "event-log",
            "subscriptions",
            "engine",
            "read-store",
            "projections",
            "views",
            "search",
            "audit",
        ],
    ),
    (
        "server",
        &[
            "domain",
            "event-log",
            "event-log-postgres",
            "subscriptions",
            "engine",
            "messaging",
            "read-store",
            "projections",
            "views",
            "search",
            "import",
            "audit",
            "api",
            "esdb",
        ],
    ),
    (
        "replay-tool",
        &[
            "domain",
            "event-log",
            "event-log-postgres",
            "read-store",
            "projections",
            "views",
            "search",
            "audit",
        ],
    ),
    (
        "bench",
        &[
            "domain",
            "event-log",
            "event-log-postgres",
            "engine",
            "messaging",
            "projections",
            "views",
            "import",
            "server",
            "replay-tool",
            "tests",
        ],
    ),
];

const MAX_LINES: usize = 400;

/// All Rust files of the project with their text.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the project is readable") {
            let path = entry.expect("the project is readable").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if path.is_dir() && name != "target" && !name.starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(root()).expect("it was found below the root");
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                found.push((relative.to_string_lossy().into_owned(), text));
            }
        }
    }
    assert!(found.len() > 50, "only {} sources found: the search is broken", found.len());
    found
}

/// The folders of the workspace's crates.
fn members() -> Vec<String> {
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("the workspace has a manifest");
    let (_, list) = manifest.split_once("\nmembers = [").expect("the list of members");
    let (list, _) = list.split_once(']').expect("the end of the list");
    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The part of a file that is not its test module.
fn product_code(text: &str) -> &str {
    text.split("#[cfg(test)]").next().unwrap_or(text)
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.starts_with("bench/")
}

fn assert_none(rule: &str, offenders: &[String]) {
    assert!(offenders.is_empty(), "{rule}:\n  {}", offenders.join("\n  "));
}

#[test]
fn crates_depend_only_on_those_above_them() {
    let rules: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut offenders: Vec<String> = members()
        .into_iter()
        // The system tests may use everything.
        .filter(|member| member != "tests" && !rules.contains_key(member.as_str()))
        .map(|member| format!("{member} has no line in ARROWS"))
        .collect();
    for (folder, allowed) in &rules {
        let manifest =
            fs::read_to_string(root().join(folder).join("Cargo.toml")).expect("each crate has a manifest");
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap_or(&manifest);
        for line in dependencies.lines().filter(|line| line.starts_with("daybook")) {
            let name = line.split(['.', ' ', '=']).next().unwrap_or_default();
            // The crate of the program is called as the program.
            let used = name.strip_prefix("daybook-").unwrap_or("server");
            if !allowed.contains(&used) {
                offenders.push(format!("{folder} uses {used}"));
            }
        }
    }
    assert_none("an arrow points the wrong way", &offenders);
}

#[test]
fn the_domain_knows_no_runtime_no_database_and_no_http() {
    let manifest = fs::read_to_string(root().join("domain/Cargo.toml")).expect("the domain has a manifest");
    let dependencies = manifest.split("[dev-dependencies]").next().unwrap_or(&manifest);
    let banned = ["tokio", "axum", "sqlx", "fjall", "async-nats", "hyper", "reqwest", "tantivy", "rand"];
    let used: Vec<String> = banned
        .iter()
        .filter(|name| dependencies.lines().any(|line| line.starts_with(&format!("{name}."))))
        .map(|name| (*name).to_owned())
        .collect();
    assert_none("the domain must stay pure", &used);
}

#[test]
fn the_domain_reads_no_clock_and_rolls_no_dice() {
    let banned =
        ["SystemTime::now", "Instant::now", "Timestamp::now", "new_v4", "now_v7", "thread_rng", "rand::"];
    let mut offenders = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| path.starts_with("domain/src")) {
        for word in banned.iter().filter(|word| product_code(text).contains(**word)) {
            offenders.push(format!("{path}: {word}"));
        }
    }
    assert_none("time and ids are arguments", &offenders);
}

#[test]
fn every_file_says_at_its_head_what_it_is_for() {
    let offenders: Vec<String> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//!")).map(|(path, _)| path).collect();
    assert_none("files without a //! head", &offenders);
}

#[test]
fn no_file_is_too_long_to_read_in_one_go() {
    let offenders: Vec<String> = sources()
        .into_iter()
        .map(|(path, text)| (path, text.lines().count()))
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(path, lines)| format!("{path}: {lines} lines"))
        .collect();
    assert_none("files over 400 lines", &offenders);
}

#[test]
fn nothing_is_left_to_do_and_nothing_is_silenced_without_a_reason() {
    let banned = [
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("#[al", "low("),
        concat!("#![al", "low("),
    ];
    let notes = [concat!("// TO", "DO"), concat!("// FIX", "ME"), concat!("// XX", "X")];
    let mut offenders = Vec::new();
    for (path, text) in sources() {
        for word in banned.iter().chain(&notes).filter(|word| text.contains(**word)) {
            offenders.push(format!("{path}: {word}"));
        }
    }
    assert_none("stubs and silenced lints", &offenders);
}

#[test]
fn no_check_is_written_so_that_it_cannot_fail() {
    let mut offenders = Vec::new();
    for (path, text) in sources() {
        let mut before = "";
        for (number, line) in text.lines().map(str::trim).enumerate() {
            // Behind `let … =` and the like the answer is used.
            let is_used = before.ends_with('=');
            if !is_used && line.starts_with(concat!("mat", "ches!(")) && line.ends_with(';') {
                offenders.push(format!("{path}:{}", number + 1));
            }
            before = line;
        }
    }
    assert_none("a statement that asserts nothing", &offenders);
}

#[test]
fn product_code_does_not_unwrap() {
    let mut offenders = Vec::new();
    for (path, text) in sources().iter().filter(|(path, _)| !is_test(path)) {
        let count = product_code(text).matches(".unwrap()").count();
        if count > 0 {
            offenders.push(format!("{path}: {count}"));
        }
    }
    assert_none("unwrap() outside tests", &offenders);
}

#[test]
fn names_say_what_a_thing_is() {
    let hollow = ["Manager", "Helper", "Util", "Service"];
    let mut offenders = Vec::new();
    for (path, text) in sources() {
        for line in
            text.lines().filter(|line| ["struct ", "enum ", "trait "].iter().any(|kind| line.contains(kind)))
        {
            for word in hollow {
                let name = line
                    .split_whitespace()
                    .skip_while(|token| !["struct", "enum", "trait"].contains(token))
                    .nth(1)
                    .unwrap_or_default();
                if name.trim_end_matches(['{', ';', '<', '(']).ends_with(word)
                    && !line.trim_start().starts_with("//")
                {
                    offenders.push(format!("{path}: {name}"));
                }
            }
        }
    }
    assert_none("names that say nothing", &offenders);
}

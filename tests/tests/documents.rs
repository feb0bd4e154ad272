//! What the documents tell people to type is there: every variable and every flag they name is one of the programs'.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use daybook_tests::{root, shop::daybook};
use std::{collections::BTreeSet, fs, path::Path, process::Command};

const DOCUMENTS: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "deploy/README.md",
    "deploy/compose.yml",
    "deploy/Dockerfile",
    "import/README.md",
    "bench/README.md",
];

fn documents() -> Vec<(&'static str, String)> {
    let read = |name: &&'static str| (*name, fs::read_to_string(root().join(name)).unwrap());
    DOCUMENTS.iter().map(read).collect()
}

/// What the program and all its commands say of themselves.
fn help(program: &Path, commands: &[&str]) -> String {
    let output = Command::new(program).args(commands).arg("--help").output().unwrap();
    assert!(output.status.success(), "{program:?} {commands:?}");
    let mut said = String::from_utf8(output.stdout).unwrap();
    let listed = said.split_once("Commands:\n").map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    let names = listed.lines().take_while(|line| !line.trim().is_empty());
    for name in names.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()) {
        if !name.is_empty() && name != "help" {
            said += &help(program, &[commands, &[name]].concat());
        }
    }
    said
}

/// Everything in `text` that begins like this and goes on with such characters.
fn named<'a>(text: &'a str, beginning: &'a str, goes_on: fn(char) -> bool) -> BTreeSet<&'a str> {
    let ends = move |at: usize| {
        text[at + beginning.len()..].find(|c| !goes_on(c)).map_or(text.len(), |n| at + beginning.len() + n)
    };
    text.match_indices(beginning).map(|(at, _)| &text[at..ends(at)]).collect()
}

fn is_of_flag(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'
}

#[test]
fn every_variable_in_the_documents_is_one_of_the_programs() {
    let replay = daybook().with_file_name("daybook-replay");
    let known = help(&daybook(), &[]) + &help(&replay, &[]);
    let known = named(&known, "DAYBOOK_", |c| c.is_ascii_uppercase() || c == '_');
    assert!(known.len() > 10, "{known:?}");
    for (name, text) in documents() {
        let unknown: Vec<_> = named(&text, "DAYBOOK_", |c| c.is_ascii_uppercase() || c == '_')
            .into_iter()
            .filter(|variable| !known.contains(variable) && *variable != "DAYBOOK_BENCH_DIR")
            .collect();
        assert!(unknown.is_empty(), "{name} names {unknown:?}");
    }
}

#[test]
fn every_flag_in_an_example_is_one_of_the_program_that_is_called() {
    let replay = daybook().with_file_name("daybook-replay");
    let (ours, replays) = (help(&daybook(), &[]), help(&replay, &[]));
    let (ours, replays) = (named(&ours, "--", is_of_flag), named(&replays, "--", is_of_flag));
    let calls =
        [("daybook-replay ", &replays), ("cargo run --release -- ", &ours), ("daybook serve ", &ours)];
    let mut seen = 0;
    for (name, text) in documents() {
        for line in text.lines() {
            let line = line.split(" #").next().unwrap_or(line);
            let called = calls.iter().find_map(|(call, flags)| Some((flags, line.split_once(call)?.1)));
            let Some((flags, arguments)) = called else { continue };
            for flag in named(arguments, "--", is_of_flag).into_iter().filter(|flag| flag.len() > 2) {
                assert!(flags.contains(flag), "{name}: {flag} in {line:?}");
                seen += 1;
            }
        }
    }
    assert!(seen > 20, "only {seen} flags found: the search is broken");
}

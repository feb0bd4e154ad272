//! What the documents name is there: every variable and flag is one of the programs', every path is in the repository,
//! every metric is recorded by the code, and every metric of the code is explained.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use daybook_tests::{root, shop::daybook};
use std::{collections::BTreeSet, fs, path::Path, process::Command};

/// Every Markdown file of the repository, and what `deploy/` starts nodes with.
fn documents() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let relative = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            let is_document = path.extension().is_some_and(|extension| extension == "md")
                || ["deploy/compose.yml", "deploy/Dockerfile"].contains(&relative.as_str());
            if path.is_dir() && !["target", "node_modules"].contains(&name.as_str()) && !name.starts_with('.')
            {
                folders.push(path);
            } else if is_document {
                found.push((relative, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 10, "only {} documents found: the search is broken", found.len());
    found
}

/// Variables that are read by the benchmarks, and by the test that makes the log's fixtures.
const OF_OTHERS: &[&str] = &["DAYBOOK_BENCH_DIR", "DAYBOOK_WRITE_LOG_FIXTURE"];

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
            .filter(|variable| !known.contains(variable) && !OF_OTHERS.contains(variable))
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

/// Relative links, and what stands between backquotes and looks like a file or folder of the repository.
fn paths(text: &str) -> Vec<&str> {
    let tops = fs::read_dir(root()).unwrap().flatten().filter(|entry| entry.path().is_dir());
    let tops: BTreeSet<String> = tops.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let prose: Vec<&str> = text.split("```").step_by(2).collect();
    let quoted = prose.iter().flat_map(|part| part.split('`').skip(1).step_by(2));
    let quoted = quoted.filter(|word| {
        let is_pattern = word.contains(['<', '{', '*', '…', ' ', '$', ':']);
        let top = word.split('/').next().unwrap_or_default();
        word.contains('/') && !is_pattern && tops.contains(top)
    });
    let linked = prose.iter().flat_map(|part| part.split("](").skip(1));
    let linked = linked.filter_map(|rest| rest.split([')', '#']).next());
    let linked = linked.filter(|link| !link.is_empty() && !link.contains("://"));
    quoted.chain(linked).collect()
}

#[test]
fn every_path_in_a_document_is_in_the_repository() {
    let mut seen = 0;
    for (name, text) in documents() {
        let folder = root().join(&name).parent().unwrap().to_owned();
        for path in paths(&text) {
            let there = root().join(path).exists() || folder.join(path).exists();
            assert!(there, "{name} names {path}, which is not there");
            seen += 1;
        }
    }
    assert!(seen > 40, "only {seen} paths found: the search is broken");
}

/// The names of all metrics that product code records.
fn recorded_metrics() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let skipped = ["target", "tests", "bench"].contains(&name.as_str()) || name.starts_with('.');
            if path.is_dir() && !skipped {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                for kind in ["counter!(", "gauge!(", "histogram!("] {
                    let arguments = text.split(kind).skip(1).map(str::trim_start);
                    let names = arguments.filter_map(|rest| rest.strip_prefix('"')?.split('"').next());
                    found.extend(names.map(str::to_owned));
                }
            }
        }
    }
    found
}

#[test]
fn the_operators_page_explains_every_metric_there_is_and_no_other() {
    let page = fs::read_to_string(root().join("deploy/OPERATING.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `daybook_")?.split('`').next());
    let explained: BTreeSet<String> = rows.map(|name| format!("daybook_{name}")).collect();
    let recorded = recorded_metrics();
    assert!(recorded.len() > 40, "{recorded:?}");
    let missing: Vec<_> = recorded.difference(&explained).collect();
    let surplus: Vec<_> = explained.difference(&recorded).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "not explained: {missing:?}; not there: {surplus:?}");
}

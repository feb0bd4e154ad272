//! How many places know an aggregate: the checklist "an aggregate" of CONTRIBUTING.md, held. Whoever quotes an
//! aggregate's name outside its own folder is listed here, so that one more place is a line in a diff.
//!
//! An event and a field of an event need no list: nothing outside the aggregate's folder names every event, and what
//! is missing does not compile (`events!`, `evolve`) or fails `there_is_a_sample_of_everything` of the domain and the
//! tests of `schemas/`. That everything else follows from the list of aggregates is held by
//! `domain/src/registry/tests.rs`, which runs `aggregates!` with aggregates of its own.

use daybook_domain::AGGREGATES;
use daybook_tests::root;
use std::{collections::BTreeMap, fs, path::Path};

/// Files of the product outside `domain/src/<aggregate>/` that have the aggregate's name in quotes: its views and routes
/// where they say it to people, ids that are derived from one another, and tools for one question.
const COLLABORATORS: &[(&str, &[&str])] = &[
    ("product", &["search/src/projection.rs", "views/src/catalog/apply.rs", "views/src/catalog/queries.rs"]),
    (
        "cart",
        &[
            "api/src/access.rs",
            "api/src/cart_history.rs",
            "api/src/resources/carts/view.rs",
            "import/src/run/requests/orders.rs",
            "views/src/cart/apply.rs",
            "views/src/cart/queries.rs",
        ],
    ),
    (
        "order",
        &[
            "api/src/access.rs",
            "api/src/resources/admin.rs",
            "api/src/resources/audit/mod.rs",
            "api/src/resources/events/filter.rs",
            "api/src/resources/orders/mod.rs",
            "api/src/resources/orders/parts.rs",
            "domain/src/id.rs",
            "engine/src/order_outcome.rs",
            "replay-tool/src/what_if/mod.rs",
            "views/src/order/apply.rs",
            "views/src/order/queries.rs",
        ],
    ),
    (
        "inventory",
        &[
            "api/src/openapi/document.rs",
            "api/src/resources/inventory/mod.rs",
            "api/src/resources/locations.rs",
            "replay-tool/src/what_if/mod.rs",
            "views/src/stock/queries.rs",
        ],
    ),
    (
        "payment",
        &[
            "api/src/access.rs",
            "api/src/resources/orders/mod.rs",
            "api/src/resources/payments.rs",
            "domain/src/id.rs",
            "views/src/order/queries.rs",
            "views/src/payment/apply.rs",
            "views/src/payment/queries.rs",
        ],
    ),
    ("skuowner", &[]),
    // In the interface and in rules of what-ifs: the field that names a location.
    (
        "location",
        &[
            "api/src/problem/members.rs",
            "api/src/resources/inventory/commands.rs",
            "api/src/resources/inventory/mod.rs",
            "api/src/resources/orders/commands.rs",
            "api/src/resources/orders/mod.rs",
            "api/src/stock_names.rs",
            "replay-tool/src/what_if/mod.rs",
            "replay-tool/src/what_if/never_twice.rs",
            "views/src/location/apply.rs",
            "views/src/location/queries.rs",
        ],
    ),
    ("request", &[]),
    ("access", &["api/src/route.rs"]),
];

/// Folders with the sources of programs; tests and measurements may name what they like.
fn is_product(path: &str) -> bool {
    !["tests/", "bench/", "target/"].iter().any(|folder| path.starts_with(folder))
        && !path.contains("/tests/")
        && !path.ends_with("/tests.rs")
        && !path.ends_with("build.rs")
}

/// Rust files of the product with their text, without test modules.
fn sources() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the project is readable") {
            let path = entry.expect("the project is readable").path();
            let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
            let relative = relative(&path);
            if path.is_dir() {
                if !hidden && relative != "target" {
                    folders.push(path);
                }
            } else if relative.ends_with(".rs") && is_product(&relative) {
                let text = fs::read_to_string(&path).expect("sources are UTF-8");
                let product = text.split("#[cfg(test)]\nmod").next().unwrap_or(&text).to_owned();
                found.push((relative, product));
            }
        }
    }
    assert!(found.len() > 100, "only {} sources found: the search is broken", found.len());
    found
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).expect("it was found below the root").to_string_lossy().into_owned()
}

#[test]
fn whoever_quotes_an_aggregates_name_is_known() {
    let sources = sources();
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for aggregate in AGGREGATES {
        let (quoted, own) = (format!("\"{}\"", aggregate.name), format!("domain/src/{}/", aggregate.name));
        let quoting = sources.iter().filter(|(path, text)| !path.starts_with(&own) && text.contains(&quoted));
        let mut quoting: Vec<&str> = quoting.map(|(path, _)| path.as_str()).collect();
        quoting.sort_unstable();
        found.insert(aggregate.name, quoting);
    }
    let known: BTreeMap<&str, Vec<&str>> =
        COLLABORATORS.iter().map(|(aggregate, files)| (*aggregate, files.to_vec())).collect();
    assert_eq!(
        found, known,
        "left: files that quote an aggregate's name; right: those that are listed. A file more should take the name \
         from the aggregate (`Decider::NAME`, `AGGREGATES`), or a kind from the event (`EventData::KIND`)"
    );
}

#[test]
fn an_aggregate_is_four_files_and_a_line() {
    for aggregate in AGGREGATES {
        let folder = root().join("domain/src").join(aggregate.name);
        let name = format!("{}.rs", aggregate.name);
        for file in ["mod.rs", "commands.rs", "events.rs", "samples.rs", name.as_str()] {
            assert!(folder.join(file).is_file(), "{} has no {file}", folder.display());
        }
    }
    let list = fs::read_to_string(root().join("domain/src/lib.rs")).expect("the list is there");
    let (_, list) = list.split_once("aggregates! {").expect("the list of aggregates");
    let (list, _) = list.split_once('}').expect("the end of the list");
    assert_eq!(list.lines().filter(|line| line.contains('(')).count(), AGGREGATES.len());
}

/// Events are read where they are wanted: `let Event::Order(event) = event else { … }` or by `try_from`. A match over
/// all aggregates outside the domain would have to be changed for each new one.
#[test]
fn nobody_outside_the_domain_names_all_aggregates() {
    let offenders: Vec<String> = sources()
        .into_iter()
        .filter(|(path, _)| !path.starts_with("domain/"))
        .filter(|(_, text)| {
            AGGREGATES.iter().all(|kind| {
                let variant = variant(kind.name);
                text.contains(&format!("Event::{variant}(")) || text.contains(&format!("Command::{variant}("))
            })
        })
        .map(|(path, _)| path)
        .collect();
    assert!(offenders.is_empty(), "{offenders:?}");
}

/// The name of an aggregate's variant: `promotion_use` is `PromotionUse`.
fn variant(aggregate: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    aggregate.split(['_', '-']).map(capital).collect()
}

//! How many places know a view: the checklist "a view" of CONTRIBUTING.md, held. A view is a folder of `views/src` and a
//! line of its list; outside, only what shows it to people names it, and is listed here.

use daybook_tests::root;
use daybook_views::Views;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Files outside `views/` that use a view's types: its resource of the interface, what prices a cart, the demo's tour.
const USERS: &[(&str, &[&str])] = &[
    ("cart", &["api/src/resources/carts/view.rs"]),
    (
        "catalog",
        &[
            "api/src/prices.rs",
            "api/src/resources/products/mod.rs",
            "api/src/resources/quotes.rs",
            "server/src/cli/tour.rs",
        ],
    ),
    (
        "order",
        &[
            "api/src/resources/carts/checkout.rs",
            "api/src/resources/orders/mod.rs",
            "api/src/resources/orders/parts.rs",
            "server/src/cli/tour.rs",
        ],
    ),
    ("location", &["api/src/resources/locations.rs", "api/src/stock_names.rs"]),
    ("payment", &["api/src/resources/payments.rs"]),
    (
        "stock",
        &["api/src/resources/carts/view.rs", "api/src/resources/inventory/mod.rs", "server/src/cli/tour.rs"],
    ),
];

/// Product files outside `views/`, with their code.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).expect("the project is readable") {
        let path = entry.expect("the project is readable").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let skipped = ["target", "tests", "bench", "views", "examples"].contains(&name.as_str());
        if path.is_dir() && !skipped && !name.starts_with('.') {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            let relative = path.strip_prefix(root()).expect("it was found below the root");
            let text = fs::read_to_string(&path).expect("sources are UTF-8");
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
            found.push((relative.to_string_lossy().into_owned(), code));
        }
    }
}

/// The modules of `daybook_views` that a file imports or names.
fn modules_used(code: &str) -> BTreeSet<&str> {
    let mut used = BTreeSet::new();
    for rest in code.split("daybook_views::").skip(1) {
        let imported = rest.strip_prefix('{').and_then(|list| list.split("};").next()).unwrap_or(rest);
        let is_list = rest.starts_with('{');
        let ends = |c: char| !c.is_alphanumeric() && c != '_';
        let words = imported.split("::").map(|part| part.rsplit(ends).next().unwrap_or_default());
        let count = if is_list { imported.matches("::").count() } else { 1 };
        used.extend(words.take(count));
    }
    used
}

#[test]
fn a_view_is_a_folder_and_a_line() {
    let list = fs::read_to_string(root().join("views/src/lib.rs")).expect("the list is there");
    let (_, list) = list.split_once("views! {").expect("the list of views");
    let lines = list.lines().take_while(|line| !line.starts_with('}'));
    assert_eq!(lines.filter(|line| line.ends_with(',')).count(), Views::NAMES.len());
    for name in Views::NAMES {
        assert!(root().join("views/src").join(name).join("mod.rs").is_file(), "{name} has no folder");
    }
}

#[test]
fn who_uses_a_view_is_known() {
    let mut files = Vec::new();
    sources(&root(), &mut files);
    assert!(files.len() > 100, "only {} sources found: the search is broken", files.len());
    let mut found: BTreeMap<&str, Vec<&str>> = Views::NAMES.iter().map(|name| (*name, Vec::new())).collect();
    for (path, code) in &files {
        for module in modules_used(code) {
            if let Some(users) = found.get_mut(module) {
                users.push(path);
            }
        }
    }
    found.values_mut().for_each(|users| users.sort_unstable());
    let known: BTreeMap<&str, Vec<&str>> =
        USERS.iter().map(|(name, users)| (*name, users.to_vec())).collect();
    assert_eq!(found, known, "left: files that use a view's types; right: those that are listed");
}

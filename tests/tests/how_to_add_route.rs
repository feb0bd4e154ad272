//! How many places a route and a resource of the HTTP interface touch: one file, and for a new resource two lines in the
//! list of resources. The checklist is at the head of `api/src/resources/mod.rs`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use daybook_tests::root;
use std::{collections::BTreeSet, fs, path::Path};

const RESOURCES: &str = "api/src/resources";

/// Files outside a resource that quote a whole path of it, with the path and the reason.
const QUOTED_ELSEWHERE: &[(&str, &str, &str)] = &[
    ("api/src/api.rs", "/openapi.json", "the page to try routes reads the document"),
    ("api/src/listener/serving.rs", "/livez", "answered also when all connections are in use"),
    ("api/src/listener/serving.rs", "/readyz", "answered also when all connections are in use"),
    ("api/src/listener/serving.rs", "/metrics", "answered also when all connections are in use"),
    ("server/src/cli/starting.rs", "/livez", "answered before the interface is there"),
];

/// Files outside a resource that use its module, with the reason.
const USED_ELSEWHERE: &[(&str, &str, &str)] =
    &[("api/src/api.rs", "bulk", "the assembled routes are what bulk lines are sent to")];

/// The product's sources below a folder, with paths from the root.
fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(&text).to_owned();
            found.push((name, product));
        }
    }
}

fn product() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let (folder, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        let source = folder.join("src");
        if source.is_dir() && name != "tests" && name != "bench" {
            sources(&source, &mut found);
        }
    }
    assert!(found.len() > 100, "only {} sources found: the search is broken", found.len());
    found
}

/// The paths of all routes, from the generated page.
fn paths() -> BTreeSet<String> {
    let page = fs::read_to_string(root().join("schemas/routes.txt")).unwrap();
    let paths = page.lines().skip(1).filter_map(|line| line.split_whitespace().next());
    let paths: BTreeSet<String> = paths.map(str::to_owned).collect();
    assert!(paths.len() > 40, "only {} paths: the page is broken", paths.len());
    paths
}

/// The names of the resources: files and folders beside the list.
fn resources() -> BTreeSet<String> {
    let names = fs::read_dir(root().join(RESOURCES))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().trim_end_matches(".rs").to_owned());
    let names: BTreeSet<String> = names.filter(|name| name != "mod" && name != "matrix").collect();
    assert!(names.len() > 10, "{names:?}");
    names
}

/// The resource that a file belongs to.
fn resource_of(file: &str) -> Option<&str> {
    let name = file.strip_prefix(RESOURCES)?.trim_start_matches('/');
    let name = name.split('/').next()?.trim_end_matches(".rs");
    (name != "mod").then_some(name)
}

#[test]
fn the_path_of_a_route_stands_in_one_resource_and_nowhere_else() {
    let sources = product();
    for path in paths() {
        let quoted = format!("\"{path}\"");
        let holders = sources.iter().filter(|(_, text)| text.contains(&quoted));
        let (inside, outside): (Vec<_>, Vec<_>) =
            holders.map(|(file, _)| file.as_str()).partition(|file| resource_of(file).is_some());
        let owners: BTreeSet<_> = inside.iter().filter_map(|file| resource_of(file)).collect();
        assert_eq!(owners.len(), 1, "{path} stands in {inside:?}");
        let unexpected: Vec<_> = outside
            .into_iter()
            .filter(|file| !QUOTED_ELSEWHERE.iter().any(|(known, what, _)| known == file && *what == path))
            .collect();
        assert!(unexpected.is_empty(), "{path} stands outside its resource in {unexpected:?}");
    }
}

#[test]
fn a_resource_is_named_twice_in_the_list_and_nowhere_else() {
    let (sources, resources) = (product(), resources());
    let list = fs::read_to_string(root().join(RESOURCES).join("mod.rs")).unwrap();
    for name in &resources {
        let module = list.lines().filter(|line| line.trim_end().ends_with(&format!("mod {name};"))).count();
        let entry = list.lines().filter(|line| line.trim() == format!("{name}::routes,")).count();
        assert_eq!((module, entry), (1, 1), "{name} in the list of resources");
        let uses = [format!("resources::{name}::"), format!("super::{name}::"), format!("{name}::Bulk")];
        let users = sources.iter().filter(|(file, text)| {
            resource_of(file) != Some(name) && uses.iter().any(|used| text.contains(used.as_str()))
        });
        let unexpected: Vec<_> = users
            .filter(|(file, _)| {
                !USED_ELSEWHERE.iter().any(|(known, resource, _)| known == file && resource == name)
            })
            .map(|(file, _)| file)
            .collect();
        assert!(unexpected.is_empty(), "{name} is used by {unexpected:?}");
    }
}

#[test]
fn every_route_is_written_with_all_its_declarations() {
    let mut routes = 0;
    for (file, text) in product().iter().filter(|(file, _)| resource_of(file).is_some()) {
        for literal in text.split("Route {\n").skip(1) {
            routes += 1;
            let literal = literal.split("        })\n").next().unwrap();
            let fields =
                ["access:", "owner:", "retry:", "limits:", "load:", "doc: Doc {", "summary:", "problems:"];
            let missing: Vec<_> = fields.into_iter().filter(|field| !literal.contains(field)).collect();
            assert!(missing.is_empty() && !literal.contains(".."), "{file}: {missing:?} in {literal}");
        }
    }
    let page = fs::read_to_string(root().join("schemas/routes.txt")).unwrap();
    assert_eq!(routes, page.lines().count() - 1, "routes and lines of the page");
}

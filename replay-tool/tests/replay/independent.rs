//! Our formats against readers that are not ours: DuckDB, pandas and Polars for the tables, a Python of
//! its own for the proofs, and validators for the contracts.

use crate::{
    data::{Data, good},
    shop::{Book, SECOND},
};
use daybook_audit::{ConsistencyProof, Tiles};
use serde_json::{Value, json};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Runs a script of `tests/independent` in its environment, which is installed when it is not there yet.
fn python(script: &str, arguments: &[&Path]) -> String {
    good(program(script).args(arguments).output().unwrap())
}

/// The same, with a file as its standard input.
pub(crate) fn python_with(script: &str, arguments: &[&str], input: &Path) -> String {
    good(program(script).args(arguments).stdin(fs::File::open(input).unwrap()).output().unwrap())
}

fn program(script: &str) -> Command {
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/independent");
    let environment: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("python");
    good(Command::new(scripts.join("install")).arg(&environment).output().unwrap());
    let mut python = Command::new(environment.join("bin/python"));
    python.arg(scripts.join(script));
    python
}

#[test]
fn the_pinned_contracts_are_valid_by_other_peoples_rules() {
    let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("schemas");
    let said = python("contracts.py", &[&schemas]);
    assert!(said.ends_with("events are what they say\n"), "{said}");
}

#[test]
fn others_read_every_typed_cell_of_every_table_whole_and_by_day() {
    let mut book = Book::day(16);
    book.now_ns += 86_400 * SECOND;
    book.receive(0, 3, 3);
    book.product(99, 250);
    let data = Data::of(&book);
    let lines = data.path("events.jsonl");
    good(data.run(&["export", "--format", "jsonl", "--out", lines.to_str().unwrap()]));
    for partition in ["none", "day"] {
        let tables = data.path(partition);
        let export = ["export", "--format", "parquet", "--partition", partition, "--out"];
        good(data.run(&[&export[..], &[tables.to_str().unwrap()]].concat()));
        let said = python("tables.py", &[&tables, &lines]);
        assert!(said.starts_with(&format!("{} rows", data.head)), "{said}");
    }
    assert!(data.path("day/StockReceived/day=1970-01-02").is_dir());
}

#[test]
fn tables_that_were_resumed_are_the_same_to_a_reader() {
    let data = Data::of(&Book::day(8));
    let (tables, lines) = (data.path("tables"), data.path("events.jsonl"));
    let export = ["export", "--format", "parquet", "--out", tables.to_str().unwrap()];
    good(data.run(&[&export[..], &["--to-position", "50"]].concat()));
    assert_eq!(data.run(&export).status.code(), Some(1), "an export is never written over");
    // What an interruption leaves behind is no table.
    fs::write(tables.join("OrderPlaced/.000000000051.parquet.unfinished"), "PAR1").unwrap();
    good(data.run(&[&export[..], &["--resume"]].concat()));
    good(data.run(&["export", "--format", "jsonl", "--out", lines.to_str().unwrap()]));
    python("tables.py", &[&tables, &lines]);
}

#[test]
fn another_implementation_finds_bundle_tiles_signatures_and_proofs_right() {
    let data = Data::of(&Book::day(40));
    assert!(data.head > 256, "more than one tile");
    let bundle = data.path("bundle");
    good(data.run(&["audit", "export", bundle.to_str().unwrap()]));
    let positions = [1, 2, 256, 257, data.head - 1, data.head];
    let inclusion: Vec<Value> =
        positions.iter().map(|at| data.json(&["audit", "proof", "--position", &at.to_string()])).collect();
    let tiles = Tiles::open(&data.path("audit"), data.head).unwrap();
    let consistency: Vec<_> = [1, 2, 7, 255, 256, 257, data.head - 1, data.head]
        .iter()
        .map(|old| ConsistencyProof::new(&tiles, *old, data.head).unwrap().unwrap())
        .collect();
    let proofs = data.path("proofs.json");
    fs::write(&proofs, json!({ "inclusion": inclusion, "consistency": consistency }).to_string()).unwrap();
    let said = python("audit.py", &[&bundle, &data.path("audit/checkpoint"), &proofs]);
    assert!(said.contains("6 inclusion and 8 consistency"), "{said}");
}

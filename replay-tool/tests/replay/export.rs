//! `export` in the formats of lines: whole, filtered, resumed, read again.

use crate::{
    data::{Data, good, run},
    shop::Book,
};
use serde_json::Value;
use std::fs;

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn what_was_exported_can_be_looked_at_like_the_log_itself() {
    let data = Data::of(&Book::day(4));
    let file = data.path("events.jsonl");
    let path = file.to_str().unwrap();
    good(data.run(&["export", "--format", "cloudevents", "--out", path]));
    let again = good(run(&["--json", "--file", path, "stats"]));
    assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), data.json(&["stats"]));
    let filtered =
        good(data.run(&["export", "--format", "cloudevents", "--type", "OrderPlaced", "--out", "-"]));
    fs::write(&file, filtered).unwrap();
    let output = run(&["--file", path, "stats"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("all events of a log"));
}

#[test]
fn filters_narrow_an_export() {
    let data = Data::of(&Book::day(8));
    let export = |filters: &[&str]| {
        lines(&good(data.run(&[&["export", "--format", "jsonl", "--out", "-"], filters].concat())))
    };
    assert_eq!(export(&[]).len() as u64, data.head);
    let placed = export(&["--type", "OrderPlaced"]);
    assert_eq!(placed.len(), 6);
    assert!(placed.iter().all(|line| line["payload"]["order_id"].is_string()));
    let stock = export(&["--stream", "inventory-SKU-1,inventory-SKU-2"]);
    assert!(stock.iter().all(|line| line["payload"]["sku"] != "SKU-0"));
    // Business time goes by seconds from 1970-01-01T00:00:01Z in this shop.
    let early = export(&["--since", "1970-01-01T00:00:03Z", "--until", "1970-01-01T00:00:06Z"]);
    assert_eq!(early.iter().map(|line| line["position"].as_u64().unwrap()).collect::<Vec<_>>(), [3, 4, 5]);
    let times = data.json(&["stats"]);
    let (first, last) = (&times["recorded"]["first"], &times["recorded"]["last"]);
    let late = export(&["--by", "recorded", "--since", last.as_str().unwrap()]);
    assert!(late.iter().all(|line| line["recorded_at"] == *last) && !late.is_empty());
    assert!(export(&["--by", "recorded", "--until", first.as_str().unwrap()]).is_empty());
}

#[test]
fn an_interrupted_export_goes_on_where_it_ended_in_every_format() {
    let data = Data::of(&Book::day(4));
    for format in ["jsonl", "cloudevents", "csv"] {
        let (whole, torn) = (data.path(&format!("whole.{format}")), data.path(&format!("torn.{format}")));
        good(data.run(&["export", "--format", format, "--out", whole.to_str().unwrap()]));
        let bytes = fs::read(&whole).unwrap();
        for cut in [0, 5, bytes.len() / 2, bytes.len() - 1, bytes.len()] {
            fs::write(&torn, &bytes[..cut]).unwrap();
            good(data.run(&["export", "--format", format, "--out", torn.to_str().unwrap(), "--resume"]));
            assert!(fs::read(&torn).unwrap() == bytes, "{format} cut at {cut}");
        }
    }
}

#[test]
fn a_file_that_is_there_is_never_overwritten() {
    let data = Data::of(&Book::day(1));
    let file = data.path("events.jsonl");
    fs::write(&file, "mine").unwrap();
    let output = data.run(&["export", "--out", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read(&file).unwrap(), b"mine");
}

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
    let kept = data.path("audit/checkpoint");
    let key = fs::read_to_string(data.path("audit/public-key")).unwrap();
    for format in ["jsonl", "cloudevents"] {
        let file = data.path(format);
        let path = file.to_str().unwrap();
        good(data.run(&["export", "--format", format, "--out", path]));
        let again = good(run(&["--json", "--file", path, "stats"]));
        assert_eq!(serde_json::from_str::<Value>(&again).unwrap(), data.json(&["stats"]));
        // The very records are made of the lines again, so what was signed over them still holds.
        let checked =
            run(&["--file", path, "verify", "--checkpoint", kept.to_str().unwrap(), "--key", key.trim()]);
        assert!(good(checked).contains("compared with it: 1"), "{format}");
    }
    let file = data.path("events.jsonl");
    let path = file.to_str().unwrap();
    let filtered =
        good(data.run(&["export", "--format", "cloudevents", "--type", "OrderPlaced", "--out", "-"]));
    fs::write(&file, filtered).unwrap();
    let output = run(&["--file", path, "stats"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("all events of a log"));
}

#[test]
fn a_file_of_another_kind_is_refused_with_its_line_and_what_is_expected() {
    let data = Data::of(&Book::day(1));
    let file = data.path("other.jsonl");
    fs::write(&file, "\n{\"hello\":\"world\"}\n").unwrap();
    let output = run(&["--file", file.to_str().unwrap(), "stats"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("line 2") && said.contains("JSON Lines") && said.contains("CloudEvent"), "{said}");
}

#[test]
fn a_date_is_the_start_of_its_day_and_a_range_has_not_its_end() {
    let data = Data::of(&Book::day(1));
    let positions = |filters: &[&str]| {
        let exported = good(data.run(&[&["export", "--out", "-"], filters].concat()));
        lines(&exported).len() as u64
    };
    assert_eq!(positions(&["--since", "1970-01-01", "--until", "1970-01-02"]), data.head);
    assert_eq!(positions(&["--until", "1970-01-01"]), 0);
    assert_eq!(positions(&["--since", "1970-01-02"]), 0);
    assert_eq!(positions(&["--since", "1970-01-01T00:00:03", "--until", "1970-01-01T00:00:04"]), 1);
    let refused = data.run(&["export", "--out", "-", "--since", "01/02/1970"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("the start of that day, UTC"));
    let told = data.run(&["as-of", "--occurred", "1970-01-02", "product", "P-0"]);
    assert!(String::from_utf8(told.stderr).unwrap().contains("as of 1970-01-02 00:00:00.000 UTC"));
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

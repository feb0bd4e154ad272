//! `audit`: a bundle is made, holds, and does not hold any more when somebody has been at it.

use crate::{
    data::{Data, good, run},
    shop::Book,
};
use serde_json::Value;
use std::fs;

#[test]
fn a_bundle_holds_until_a_byte_of_it_is_changed() {
    let data = Data::of(&Book::day(4));
    let kept = data.path("kept");
    fs::write(&kept, good(data.run(&["audit", "checkpoint"]))).unwrap();
    let bundle = data.path("bundle");
    let (bundle, kept) = (bundle.to_str().unwrap(), kept.to_str().unwrap());
    good(data.run(&["audit", "export", bundle]));
    let schema = fs::read(data.path("bundle/schemas/order/OrderPlaced.v1.json")).unwrap();
    assert!(serde_json::from_slice::<Value>(&schema).unwrap()["properties"]["order_id"].is_object());
    let key = fs::read_to_string(data.path("audit/public-key")).unwrap();
    let verify = ["audit", "verify", bundle, "--checkpoint", kept, "--key", key.trim()];
    let said = good(run(&verify));
    assert!(said.contains("It holds"), "{said}");
    let records = data.path("bundle/records");
    let mut bytes = fs::read(&records).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(&records, bytes).unwrap();
    let output = run(&verify);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains(&format!("record {} is not what was signed", data.head)), "{said}");
    let again = data.run(&["audit", "export", bundle]);
    assert_eq!(again.status.code(), Some(1), "a bundle is never written over");
}

#[test]
fn a_checkpoint_of_another_history_is_told() {
    let (data, other) = (Data::of(&Book::day(4)), Data::of(&Book::day(3)));
    let bundle = data.path("bundle");
    let bundle = bundle.to_str().unwrap();
    good(data.run(&["audit", "export", bundle]));
    let foreign = other.path("audit/checkpoint");
    let output = run(&["--json", "audit", "verify", bundle, "--checkpoint", foreign.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["holds"], false);
    let findings = said["findings"].to_string();
    assert!(findings.contains("signature_wrong"), "{findings}");
}

#[test]
fn every_event_can_be_proven_and_none_beyond_the_checkpoint() {
    let data = Data::of(&Book::day(2));
    for position in [1, data.head / 2, data.head] {
        let proof = data.json(&["audit", "proof", "--position", &position.to_string()]);
        assert_eq!(proof["proof"]["leaf_index"], position - 1);
        assert_eq!(proof["proof"]["tree_size"], data.head);
    }
    let beyond = (data.head + 1).to_string();
    assert_eq!(data.run(&["audit", "proof", "--position", &beyond]).status.code(), Some(2));
}

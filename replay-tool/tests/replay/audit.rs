//! `audit`: a bundle is made, holds, and does not hold any more when somebody has been at it.

use crate::{
    data::{Data, good, run},
    shop::Book,
};
use daybook_audit::{AuditTree, Checkpoint};
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
fn what_an_export_that_was_broken_off_left_is_replaced_unless_there_is_more_in_it() {
    let data = Data::of(&Book::day(2));
    let (bundle, unfinished) = (data.path("bundle"), data.path("bundle.unfinished"));
    let export = ["audit", "export", bundle.to_str().unwrap()];
    fs::create_dir_all(unfinished.join("tile")).unwrap();
    fs::write(unfinished.join("records"), b"half a rec").unwrap();
    fs::write(unfinished.join("diary"), b"mine").unwrap();
    let refused = data.run(&export);
    assert_eq!(refused.status.code(), Some(1));
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("bundle.unfinished") && said.contains("diary"), "{said}");
    assert!(unfinished.join("records").exists() && !bundle.exists());
    fs::remove_file(unfinished.join("diary")).unwrap();
    good(data.run(&export));
    assert!(!unfinished.exists());
    let said = good(run(&["audit", "verify", bundle.to_str().unwrap()]));
    assert!(said.contains("It holds"), "{said}");
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

#[test]
fn a_new_key_is_vouched_for_by_the_old_one_and_signs_from_then_on() {
    let data = Data::of(&Book::day(2));
    let old = fs::read_to_string(data.path("audit/public-key")).unwrap();
    let rotated = data.json(&["audit", "rotate-key"]);
    let new = rotated["new_key"].as_str().unwrap();
    assert_eq!(rotated["old_key"], old.trim());
    let handed_over = fs::read_to_string(rotated["handed_over_in"].as_str().unwrap()).unwrap();
    for key in [old.trim(), new] {
        let checkpoint = Checkpoint::verify(&handed_over, &key.parse().unwrap()).unwrap();
        assert_eq!(checkpoint.size, data.head);
    }
    // What the keeper opens next time, and what bundles carry, is the new key.
    let keeper = AuditTree::open(&data.path("audit"), "shop.example/daybook").unwrap();
    assert_eq!(keeper.public_key().to_string(), new);
    keeper.sign().unwrap();
    let bundle = data.path("bundle");
    good(data.run(&["audit", "export", bundle.to_str().unwrap()]));
    good(run(&["audit", "verify", bundle.to_str().unwrap(), "--key", new]));
    let by_old = run(&["audit", "verify", bundle.to_str().unwrap(), "--key", old.trim()]);
    assert_eq!(by_old.status.code(), Some(1));
}

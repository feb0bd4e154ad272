//! `audit`: a bundle is made, holds, and does not hold any more when somebody has been at it.

use crate::{
    data::{Data, good, run},
    independent::python_with,
    shop::Book,
};
use daybook_audit::{AuditTree, Checkpoint, ConsistencyProof, Tiles};
use serde_json::{Value, json};
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
fn an_edited_schema_and_a_readme_that_nobody_signed_for_are_told() {
    let data = Data::of(&Book::day(2));
    let bundle = data.path("bundle");
    let verify = |expected: i32| {
        let output = run(&["audit", "verify", bundle.to_str().unwrap()]);
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(expected), "{said}");
        said
    };
    good(data.run(&["audit", "export", bundle.to_str().unwrap()]));
    let schema = bundle.join("schemas/order/OrderPlaced.v1.json");
    let text = fs::read(&schema).unwrap();
    fs::write(&schema, "{}").unwrap();
    let said = verify(1);
    assert!(said.contains("schemas/order/OrderPlaced.v1.json was changed"), "{said}");
    fs::write(&schema, text).unwrap();
    let said = verify(0);
    assert!(said.contains("These times are the shop's own claim"), "{said}");
    assert!(said.contains("The bundle says it was made on 20"), "{said}");
    // Whoever may not read the signing key makes a bundle whose README is held against this program's own.
    fs::rename(data.path("audit/signing-key"), data.path("hidden")).unwrap();
    fs::remove_dir_all(&bundle).unwrap();
    let said = good(data.run(&["audit", "export", bundle.to_str().unwrap()]));
    assert!(said.contains("nobody vouches for README and schemas"), "{said}");
    assert!(verify(0).contains("The manifest is not signed"));
    fs::write(bundle.join("README.md"), "trust us").unwrap();
    assert!(verify(1).contains("README.md"));
}

#[test]
fn errors_say_each_cause_once() {
    let output = run(&["audit", "verify", "/nowhere/bundle"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.matches("No such file").count(), 1, "{said}");
}

/// What a witness that is not ours makes of the checkpoint in `file`: its key, its line, and the note with the line.
fn cosigned(file: &std::path::Path, name: &str) -> Value {
    let said = python_with("cosign.py", &[name, &"07".repeat(32), "1679315147"], file);
    serde_json::from_str(&said).unwrap()
}

#[test]
fn a_witness_that_is_required_must_have_cosigned_and_what_it_covers_is_told() {
    let data = Data::of(&Book::day(2));
    let by = cosigned(&data.path("audit/checkpoint"), "witness.example/w1");
    let (witness, answer) = (by["vkey"].as_str().unwrap(), data.path("answer"));
    let other = cosigned(&data.path("audit/checkpoint"), "witness.example/w2");
    let other = other["vkey"].as_str().unwrap();
    let (before, bundle) = (data.path("before"), data.path("bundle"));
    good(data.run(&["audit", "export", before.to_str().unwrap()]));
    let verify = |bundle: &std::path::Path, witnesses: &[&str]| {
        let mut arguments = vec!["--json", "audit", "verify", bundle.to_str().unwrap()];
        witnesses.iter().for_each(|witness| arguments.extend(["--witness", witness]));
        let output = run(&arguments);
        (output.status.code(), serde_json::from_slice::<Value>(&output.stdout).unwrap())
    };
    let (code, said) = verify(&before, &[witness]);
    assert_eq!((code, &said["findings"][0]["finding"]), (Some(1), &"not_witnessed".into()), "{said}");
    // The witness' line alone, as it answers, and then the whole note: both are taken.
    fs::write(&answer, by["line"].as_str().unwrap()).unwrap();
    good(data.run(&["audit", "add-cosignature", answer.to_str().unwrap(), "--witness", witness]));
    fs::write(&answer, by["note"].as_str().unwrap()).unwrap();
    let kept = data.json(&["audit", "add-cosignature", answer.to_str().unwrap()]);
    assert_eq!((&kept["size"], &kept["cosignatures"]), (&data.head.into(), &1.into()));
    good(data.run(&["audit", "export", bundle.to_str().unwrap()]));
    let (code, said) = verify(&bundle, &[witness]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(
        (&said["witnessed"][0]["size"], &said["witnessed"][0]["time_s"]),
        (&data.head.into(), &1_679_315_147.into())
    );
    assert_eq!(verify(&bundle, &[witness, other]).0, Some(1), "each one named is required");
    // A kept checkpoint that was cosigned does as well.
    let checked = run(&[
        "audit",
        "verify",
        before.to_str().unwrap(),
        "--checkpoint",
        answer.to_str().unwrap(),
        "--witness",
        witness,
    ]);
    assert!(good(checked).contains("witness.example/w1 cosigned the first"));
}

#[test]
fn a_cosigned_checkpoint_of_another_log_is_not_kept_and_a_request_has_the_proof_that_a_witness_wants() {
    let (data, other) = (Data::of(&Book::day(2)), Data::of(&Book::day(3)));
    let foreign = cosigned(&other.path("audit/checkpoint"), "witness.example/w1");
    let answer = data.path("answer");
    fs::write(&answer, foreign["note"].as_str().unwrap()).unwrap();
    let output = data.run(&["audit", "add-cosignature", answer.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!data.path("audit/cosigned").exists());
    let request = good(data.run(&["audit", "witness-request", "--old-size", "5"]));
    let (head, note) = request.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("old 5"));
    let tiles = Tiles::open(&data.path("audit"), data.head).unwrap();
    let proof = ConsistencyProof::new(&tiles, 5, data.head).unwrap().unwrap();
    assert_eq!(lines.count(), proof.hashes.len());
    assert_eq!(note, fs::read_to_string(data.path("audit/checkpoint")).unwrap());
    assert!(good(data.run(&["audit", "witness-request"])).starts_with("old 0\n\n"));
    // The answer is about the checkpoint that was sent, whatever was signed since.
    let (sent, by) = (data.path("request"), cosigned(&data.path("audit/checkpoint"), "witness.example/w1"));
    fs::write(&sent, &request).unwrap();
    fs::write(&answer, by["line"].as_str().unwrap()).unwrap();
    let (sent, answer) = (sent.to_str().unwrap(), answer.to_str().unwrap());
    let kept = data.json(&[
        "audit",
        "add-cosignature",
        answer,
        "--request",
        sent,
        "--witness",
        by["vkey"].as_str().unwrap(),
    ]);
    assert_eq!(kept["note"], by["note"]);
}

#[test]
fn a_proof_is_checked_offline_and_no_edit_of_it_holds() {
    let data = Data::of(&Book::day(2));
    let key = fs::read_to_string(data.path("audit/public-key")).unwrap();
    let file = data.path("proof.json");
    let check = |proof: &Value, more: &[&str]| {
        fs::write(&file, proof.to_string()).unwrap();
        run(&[&["audit", "check-proof", file.to_str().unwrap()], more].concat())
    };
    let one = |position: u64| data.json(&["audit", "proof", "--position", &position.to_string()]);
    let with_key = ["--key", key.trim()];
    let said = good(check(&one(3), &with_key));
    assert!(
        said.contains("It holds: 1 event in a log of") && said.contains("the shop's own claim"),
        "{said}"
    );
    // As `GET /orders/{id}/proof` answers it.
    let order_id = crate::shop::cart_id(0).order_id().to_string();
    let story = good(data.run(&["--json", "show", &format!("order-{order_id}")]));
    let positions =
        story.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["position"].as_u64().unwrap());
    let mut events: Vec<Value> = positions.map(one).collect();
    let (note, own) = (events[0]["checkpoint"].clone(), events[0]["key"].clone());
    events.iter_mut().for_each(|event| {
        event
            .as_object_mut()
            .unwrap()
            .retain(|name, _| ["position", "type", "record", "proof"].contains(&&**name))
    });
    let order =
        |events: &[Value]| json!({ "order_id": order_id, "events": events, "checkpoint": note, "key": own });
    let said = good(check(&order(&events), &with_key));
    assert!(said.contains("all events of the order up to the last one shown"), "{said}");
    good(check(&order(&events), &[]));
    assert_eq!(check(&order(&events[1..]), &with_key).status.code(), Some(1), "the first event is missing");
    let mut edited = events.clone();
    edited[0]["record"] = events[1]["record"].clone();
    assert_eq!(check(&order(&edited), &with_key).status.code(), Some(1));
    edited = events.clone();
    edited[0]["position"] = 1.into();
    assert_eq!(check(&order(&edited), &with_key).status.code(), Some(1));
    let other = Data::of(&Book::day(1));
    let other = fs::read_to_string(other.path("audit/public-key")).unwrap();
    assert_eq!(check(&order(&events), &["--key", other.trim()]).status.code(), Some(1));
    let by = cosigned(&data.path("audit/checkpoint"), "witness.example/w1");
    let witness = ["--witness", by["vkey"].as_str().unwrap()];
    assert_eq!(check(&order(&events), &witness).status.code(), Some(1), "no witness has cosigned it");
    let mut witnessed = order(&events);
    witnessed["checkpoint"] = by["note"].clone();
    assert!(good(check(&witnessed, &witness)).contains("witness.example/w1 cosigned"));
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

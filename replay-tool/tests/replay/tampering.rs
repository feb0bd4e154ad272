//! `verify` on a shop's own data that somebody who knows the format has been at: the log is written anew with good
//! frames, dense positions and versions, so only what was signed, and what an auditor kept, can tell.

use crate::{
    data::{Data, sign},
    shop::Book,
};
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog, LogImport as _, Position, RecordedEvent};
use serde_json::Value;
use std::{collections::HashMap, fs, path::Path, sync::Arc};

/// A shop, and what an auditor kept of it: the checkpoint over all there was, and the key.
struct Audited {
    data: Data,
    kept: String,
    key: String,
}

fn audited() -> Audited {
    let data = Data::of(&Book::day(4));
    let kept = data.path("kept");
    fs::copy(data.path("audit/checkpoint"), &kept).unwrap();
    let key = fs::read_to_string(data.path("audit/public-key")).unwrap().trim().to_owned();
    Audited { kept: kept.to_str().unwrap().to_owned(), key, data }
}

/// Gives positions and versions as if nothing had happened.
fn renumber(records: &mut [Vec<u8>]) {
    let mut versions: HashMap<String, u64> = HashMap::new();
    for (index, record) in records.iter_mut().enumerate() {
        let stream = RecordedEvent::decode(record.clone().into()).unwrap().stream().to_owned();
        let version = versions.entry(stream).or_insert(0);
        *version += 1;
        record[..8].copy_from_slice(&(index as u64 + 1).to_le_bytes());
        record[8..16].copy_from_slice(&version.to_le_bytes());
    }
}

impl Audited {
    /// Writes the log anew, changed and consistent in itself. With a key's folder it is also signed again.
    fn rewrite(&self, change: impl FnOnce(&mut Vec<Vec<u8>>), sign_in: Option<&Path>) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let folder = self.data.path("log");
            let log = EmbeddedLog::open_read_only(&folder).unwrap();
            let all = log.read_all(Position::new(1), 10_000).await.unwrap();
            let mut records: Vec<Vec<u8>> = all.iter().map(|event| event.as_bytes().to_vec()).collect();
            drop((all, log));
            change(&mut records);
            renumber(&mut records);
            fs::remove_dir_all(&folder).unwrap();
            let log = EmbeddedLog::open(&folder, EmbeddedOptions::default()).unwrap();
            let events: Vec<RecordedEvent> =
                records.into_iter().map(|record| RecordedEvent::decode(record.into()).unwrap()).collect();
            let head = log.append_recorded(&events).await.unwrap().get();
            let log: Arc<dyn EventLog> = Arc::new(log);
            if let Some(folder) = sign_in {
                sign(folder, &log, head).await;
            }
            log.close().await.unwrap();
        });
    }

    /// The findings, each as `name` or `name position`.
    fn findings(&self, options: &[&str]) -> Vec<String> {
        let output = self.data.run(&[&["--json", "verify"], options].concat());
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = report["findings"].as_array().unwrap().iter().map(|finding| {
            let name = finding["finding"].as_str().unwrap();
            finding["position"].as_u64().map_or(name.to_owned(), |position| format!("{name} {position}"))
        });
        let found: Vec<String> = found.collect();
        assert_eq!(output.status.code(), Some(i32::from(!found.is_empty())), "{found:?}");
        found
    }

    fn with_what_was_kept(&self) -> Vec<String> {
        self.findings(&["--checkpoint", &self.kept, "--key", &self.key])
    }
}

#[test]
fn what_nobody_has_been_at_is_what_was_signed_and_kept() {
    let audited = audited();
    assert_eq!(audited.with_what_was_kept(), Vec::<String>::new());
    audited.rewrite(|_| {}, None);
    assert_eq!(audited.with_what_was_kept(), Vec::<String>::new(), "the same events are the same log");
}

#[test]
fn an_edited_event_is_named() {
    let audited = audited();
    let edit = |records: &mut Vec<Vec<u8>>| {
        let digit = records[19].iter().rposition(u8::is_ascii_digit).unwrap();
        records[19][digit] ^= 1;
    };
    audited.rewrite(edit, None);
    assert_eq!(audited.findings(&[]), ["record_changed 20", "root_differs"]);
    assert_eq!(audited.with_what_was_kept(), ["record_changed 20", "root_differs", "history_rewritten"]);
}

#[test]
fn a_deleted_event_is_named_by_the_place_where_the_next_one_is_now() {
    let audited = audited();
    audited.rewrite(|records| drop(records.remove(19)), None);
    let found = audited.findings(&[]);
    assert_eq!(found[0], "record_changed 20");
    assert_eq!(found.last().unwrap(), "tail_cut");
}

#[test]
fn an_inserted_event_is_named() {
    let audited = audited();
    let insert = |records: &mut Vec<Vec<u8>>| {
        let mut forged = records[5].clone();
        forged[16..32].copy_from_slice(uuid::Uuid::new_v4().as_bytes());
        records.insert(19, forged);
    };
    audited.rewrite(insert, None);
    let found = audited.findings(&[]);
    assert_eq!(found[0], "record_changed 20");
    assert!(found.contains(&"root_differs".to_owned()), "{found:?}");
}

#[test]
fn swapped_events_are_named() {
    let audited = audited();
    audited.rewrite(|records| records.swap(19, 20), None);
    assert_eq!(audited.findings(&[]), ["record_changed 20", "record_changed 21", "root_differs"]);
}

#[test]
fn a_cut_tail_is_named() {
    let audited = audited();
    audited.rewrite(|records| records.truncate(30), None);
    assert_eq!(audited.findings(&[]), ["tail_cut"]);
    assert_eq!(audited.with_what_was_kept(), ["tail_cut", "tail_cut"]);
}

#[test]
fn a_history_rewritten_and_signed_with_another_key_is_named_by_what_was_kept() {
    let audited = audited();
    fs::remove_dir_all(audited.data.path("audit")).unwrap();
    audited.rewrite(|records| records.swap(19, 20), Some(&audited.data.path("audit")));
    assert_eq!(audited.findings(&[]), Vec::<String>::new(), "in itself it is consistent");
    assert_eq!(audited.with_what_was_kept(), ["audit", "history_rewritten"]);
    assert_eq!(audited.findings(&["--checkpoint", &audited.kept]), ["audit"], "the key is another one");
}

#[test]
fn a_fork_signed_with_the_true_key_is_named_by_the_kept_checkpoint() {
    let audited = audited();
    let forked = audited.data.path("audit");
    for derived in ["checkpoint", "tiles"] {
        let path = forked.join(derived);
        if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() }
    }
    audited.rewrite(|records| records.swap(29, 30), Some(&forked));
    assert_eq!(audited.findings(&[]), Vec::<String>::new(), "in itself it is consistent");
    assert_eq!(audited.with_what_was_kept(), ["history_rewritten"]);
}

#[test]
fn a_kept_checkpoint_needs_a_key_where_the_log_has_none_beside_it() {
    let audited = audited();
    let events = audited.data.path("events.jsonl");
    let events = events.to_str().unwrap();
    crate::data::good(audited.data.run(&["export", "--format", "cloudevents", "--out", events]));
    let of_file = |options: &[&str]| crate::data::run(&[&["--file", events, "verify"], options].concat());
    assert_eq!(of_file(&["--checkpoint", &audited.kept]).status.code(), Some(2));
    let said = crate::data::good(of_file(&["--checkpoint", &audited.kept, "--key", &audited.key]));
    assert!(said.contains("compared with it: 1"), "{said}");
}

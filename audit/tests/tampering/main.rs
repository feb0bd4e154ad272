//! Bundles and live trees that somebody tampered with: each way is caught, and named.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod files;
mod live;

use bytes::Bytes;
use daybook_audit::{
    AuditTree, Finding, TreeWriter,
    bundle::{self, BundleVerdict, Trust, own_files},
};
use daybook_event_log::{Append, EventLog, ExpectedVersion, MemoryLog, Metadata, NewEvent, StreamId};
use daybook_subscriptions::{CancellationToken, Supervisor};
use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use uuid::Uuid;

const EVENTS: u64 = 600;

/// A folder with a bundle over 600 events and the checkpoint an auditor kept when there were 400.
struct Audited {
    folder: tempfile::TempDir,
    kept: PathBuf,
}

async fn append(log: &MemoryLog, count: u64, seed: u128) {
    for number in 0..count {
        let event = NewEvent {
            event_id: Uuid::from_u128(seed + u128::from(number)),
            event_type: "StockReceived".into(),
            schema_version: 1,
            metadata: Metadata::default(),
            payload: Bytes::from(format!(r#"{{"quantity":{number},"salt":{seed}}}"#)),
        };
        let stream = StreamId::new("inventory", number % 5).unwrap();
        let append = Append { stream, expected: ExpectedVersion::Any, events: vec![event] };
        log.append(vec![append]).await.unwrap().remove(0).unwrap();
    }
}

/// Follows the log until a checkpoint over `size` events is signed.
async fn kept_up(tree: &Arc<AuditTree>, log: &Arc<MemoryLog>, size: u64) {
    let writer = TreeWriter::spawn(&supervisor(), tree.clone(), log.clone());
    while tree.checkpoint().unwrap().is_none_or(|signed| signed.size < size) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    writer.stop().await;
}

fn supervisor() -> Supervisor {
    Supervisor::new(CancellationToken::new())
}

/// Why the tree is not kept; the writer must fail.
async fn failure(tree: &Arc<AuditTree>, log: Arc<MemoryLog>) -> String {
    let writer = TreeWriter::spawn(&supervisor(), tree.clone(), log);
    writer.ended().await;
    let status = writer.status().borrow().clone();
    status.why().unwrap().to_owned()
}

async fn audited() -> Audited {
    let folder = tempfile::tempdir().unwrap();
    let (log, tree) = (
        Arc::new(MemoryLog::new()),
        Arc::new(AuditTree::open(&folder.path().join("audit"), "shop").unwrap()),
    );
    append(&log, 400, 1 << 40).await;
    kept_up(&tree, &log, 400).await;
    let kept = folder.path().join("kept-checkpoint");
    fs::write(&kept, tree.note().unwrap()).unwrap();
    append(&log, EVENTS - 400, 1 << 50).await;
    kept_up(&tree, &log, EVENTS).await;
    bundle::export_latest(&*log, &tree, &folder.path().join("bundle"), |_, _| {}).await.unwrap();
    Audited { folder, kept }
}

impl Audited {
    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("bundle").join(name)
    }

    fn trust(&self) -> Trust {
        let key = fs::read_to_string(self.folder.path().join("audit/public-key")).unwrap().parse().unwrap();
        let own_files = own_files([]);
        Trust { kept: vec![self.kept.clone()], keys: vec![key], witnesses: Vec::new(), own_files }
    }

    fn verify(&self) -> BundleVerdict {
        bundle::verify(&self.path(""), &self.trust(), |_| {}).unwrap()
    }

    fn findings(&self) -> Vec<Finding> {
        self.verify().verdict.findings
    }

    /// Rewrites the records of the bundle.
    fn change(&self, change: impl FnOnce(&mut Vec<Vec<u8>>)) {
        let bytes = fs::read(self.path("records")).unwrap();
        let (mut records, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
            records.push(bytes[at + 4..at + 4 + length].to_vec());
            at += 4 + length;
        }
        change(&mut records);
        write_records(&self.path("records"), &records);
    }
}

fn write_records(path: &Path, records: &[Vec<u8>]) {
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend((record.len() as u32).to_le_bytes());
        bytes.extend(record);
    }
    fs::write(path, bytes).unwrap();
}

#[tokio::test]
async fn an_honest_bundle_holds() {
    let audited = audited().await;
    let BundleVerdict { verdict, made, manifest_is_signed, .. } = audited.verify();
    assert_eq!(verdict.findings, []);
    assert_eq!(verdict.records, EVENTS);
    assert!(made.is_some() && manifest_is_signed);
}

#[tokio::test]
async fn an_edited_byte_is_caught_and_the_record_named() {
    let audited = audited().await;
    audited.change(|records| *records[122].last_mut().unwrap() = b' ');
    let findings = audited.findings();
    assert!(findings.contains(&Finding::RecordChanged { position: 123 }), "{findings:?}");
    assert!(findings.contains(&Finding::HistoryRewritten { size: 400 }), "{findings:?}");
    assert!(findings.contains(&Finding::RootDiffers { size: EVENTS }), "{findings:?}");
}

#[tokio::test]
async fn a_deleted_record_is_caught_and_named() {
    let audited = audited().await;
    audited.change(|records| drop(records.remove(99)));
    let findings = audited.findings();
    let expected = [
        Finding::RecordsMissing { first: 100, last: 100 },
        Finding::HistoryRewritten { size: 400 },
        Finding::TailCut { found: EVENTS - 1, signed: EVENTS },
    ];
    assert_eq!(findings, expected);
}

#[tokio::test]
async fn an_inserted_record_is_caught_and_named() {
    let audited = audited().await;
    audited.change(|records| records.insert(50, records[10].clone()));
    let findings = audited.findings();
    assert_eq!(findings[0], Finding::RecordsRepeated { first: 11, last: 11, after: 50 });
    assert!(findings.contains(&Finding::RecordsAdded { found: EVENTS + 1, signed: EVENTS }), "{findings:?}");
}

#[tokio::test]
async fn swapped_records_accuse_only_those_two() {
    for (a, b) in [(20, 21), (20, 300), (0, EVENTS as usize - 1)] {
        let audited = audited().await;
        audited.change(|records| records.swap(a, b));
        let (first, second) = (a as u64 + 1, b as u64 + 1);
        let expected = [
            Finding::RecordsSwapped { first, second, count: 1 },
            Finding::HistoryRewritten { size: 400 },
            Finding::RootDiffers { size: EVENTS },
        ];
        assert_eq!(audited.findings(), expected);
    }
}

#[tokio::test]
async fn a_cut_tail_is_caught() {
    let audited = audited().await;
    audited.change(|records| records.truncate(500));
    assert_eq!(audited.findings(), [Finding::TailCut { found: 500, signed: EVENTS }]);
    let bytes = fs::read(audited.path("records")).unwrap();
    fs::write(audited.path("records"), &bytes[..bytes.len() - 3]).unwrap();
    let findings = audited.findings();
    assert!(matches!(findings[0], Finding::RecordUnreadable { place: 500, .. }), "{findings:?}");
}

#[tokio::test]
async fn a_record_changed_with_its_published_hash_is_named_to_within_a_tile() {
    let audited = audited().await;
    audited.change(|records| *records[122].last_mut().unwrap() = b' ');
    let bytes = fs::read(audited.path("records")).unwrap();
    let (mut start, mut place) = (0, 0);
    while place < 122 {
        start += 4 + u32::from_le_bytes(bytes[start..start + 4].try_into().unwrap()) as usize;
        place += 1;
    }
    let length = u32::from_le_bytes(bytes[start..start + 4].try_into().unwrap()) as usize;
    let leaf = daybook_audit::leaf_hash(&bytes[start + 4..start + 4 + length]);
    let tile = audited.path("tile/0/000");
    let mut hashes = fs::read(&tile).unwrap();
    hashes[122 * 32..123 * 32].copy_from_slice(&leaf.0);
    fs::write(&tile, hashes).unwrap();
    let findings = audited.findings();
    assert!(findings.contains(&Finding::RecordAmongChanged { first: 1, last: 256 }), "{findings:?}");
    assert!(findings.contains(&Finding::RootDiffers { size: EVENTS }), "{findings:?}");
}

#[tokio::test]
async fn a_tile_that_was_damaged_is_named_and_no_record_is_accused() {
    for tile in ["tile/0/001", "tile/1/000.p/2", "tile/0/002.p/88"] {
        let audited = audited().await;
        let path = audited.path(tile);
        let mut hashes = fs::read(&path).unwrap();
        hashes[40] ^= 1;
        fs::write(&path, hashes).unwrap();
        assert_eq!(audited.findings(), [Finding::TileWrong { tile: tile.to_owned() }]);
        fs::remove_file(&path).unwrap();
        assert_eq!(audited.findings(), [Finding::FileMissing { path: tile.to_owned() }]);
    }
}

#[tokio::test]
async fn swapped_tiles_are_both_named() {
    let audited = audited().await;
    let [one, other] = ["tile/0/000", "tile/0/001"].map(|tile| audited.path(tile));
    let hashes = [&one, &other].map(|path| fs::read(path).unwrap());
    fs::write(&one, &hashes[1]).unwrap();
    fs::write(&other, &hashes[0]).unwrap();
    let named = ["tile/0/000", "tile/0/001"].map(|tile| Finding::TileWrong { tile: tile.to_owned() });
    assert_eq!(audited.findings(), named);
}

#[tokio::test]
async fn a_damaged_edge_tile_beside_a_changed_record_leaves_both_in_doubt_and_names_them() {
    let audited = audited().await;
    audited.change(|records| *records[122].last_mut().unwrap() = b' ');
    let path = audited.path("tile/1/000.p/2");
    let mut hashes = fs::read(&path).unwrap();
    hashes[40] ^= 1;
    fs::write(&path, hashes).unwrap();
    let findings = audited.findings();
    let doubt = |tile: &str, first, last| Finding::TileOrRecords { tile: tile.to_owned(), first, last };
    assert!(findings.contains(&doubt("tile/0/000", 1, 256)), "{findings:?}");
    assert!(findings.contains(&doubt("tile/1/000.p/2", 1, EVENTS)), "{findings:?}");
    assert!(findings.contains(&Finding::RootDiffers { size: EVENTS }), "{findings:?}");
}

#[tokio::test]
async fn a_history_rewritten_and_signed_with_another_key_is_caught() {
    let audited = audited().await;
    let forged = audited.folder.path().join("forged");
    let (log, tree) = (Arc::new(MemoryLog::new()), Arc::new(AuditTree::open(&forged, "shop").unwrap()));
    append(&log, EVENTS, 1 << 60).await;
    kept_up(&tree, &log, EVENTS).await;
    fs::remove_dir_all(audited.path("")).unwrap();
    bundle::export_latest(&*log, &tree, &audited.path(""), |_, _| {}).await.unwrap();
    let findings = audited.findings();
    let unsigned = |one: &Finding| matches!(one, Finding::SignatureWrong { place, .. } if place.ends_with("bundle/checkpoint"));
    assert!(findings.iter().any(unsigned), "{findings:?}");
    assert!(findings.contains(&Finding::HistoryRewritten { size: 400 }), "{findings:?}");
}

#[tokio::test]
async fn a_fork_signed_with_the_true_key_is_caught_by_the_kept_checkpoint() {
    let audited = audited().await;
    let secret = fs::read_to_string(audited.folder.path().join("audit/signing-key")).unwrap();
    let forked = audited.folder.path().join("forked");
    fs::create_dir_all(&forked).unwrap();
    fs::write(forked.join("signing-key"), secret).unwrap();
    let (log, tree) = (Arc::new(MemoryLog::new()), Arc::new(AuditTree::open(&forked, "shop").unwrap()));
    append(&log, 399, 1 << 40).await;
    append(&log, EVENTS - 399, 1 << 60).await;
    kept_up(&tree, &log, EVENTS).await;
    fs::remove_dir_all(audited.path("")).unwrap();
    bundle::export_latest(&*log, &tree, &audited.path(""), |_, _| {}).await.unwrap();
    assert_eq!(audited.findings(), [Finding::HistoryRewritten { size: 400 }]);
}

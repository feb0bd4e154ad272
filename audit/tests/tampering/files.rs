//! Bundles in which something else than records and tiles was changed, or that are not what they are taken for.

use crate::{append, audited, kept_up};
use daybook_audit::{
    AuditTree, Finding, SigningKey,
    bundle::{self, Trust},
};
use daybook_event_log::MemoryLog;
use std::{fs, sync::Arc};

#[tokio::test]
async fn an_edited_a_missing_and_an_added_file_are_named() {
    let audited = audited().await;
    let path = |name: &str| name.to_owned();
    fs::write(audited.path("README.md"), "All is well, trust us.").unwrap();
    assert_eq!(audited.findings(), [Finding::FileChanged { path: path("README.md") }]);
    fs::remove_file(audited.path("README.md")).unwrap();
    fs::create_dir(audited.path("notes")).unwrap();
    fs::write(audited.path("notes/mine"), "x").unwrap();
    fs::write(audited.path("tile/0/007"), "x").unwrap();
    let expected = [
        Finding::FileMissing { path: path("README.md") },
        Finding::FileAdded { path: path("notes/mine") },
        Finding::FileAdded { path: path("tile/0/007") },
    ];
    assert_eq!(audited.findings(), expected);
}

#[tokio::test]
async fn another_public_key_in_the_bundle_is_named() {
    let audited = audited().await;
    let other = SigningKey::generate("shop").unwrap().public();
    fs::write(audited.path("public-key"), format!("{other}\n")).unwrap();
    let findings = audited.findings();
    assert!(
        matches!(&findings[0], Finding::KeyDiffers { place } if place.ends_with("public-key")),
        "{findings:?}"
    );
    assert_eq!(findings[1..], [Finding::FileChanged { path: "public-key".to_owned() }]);
}

#[tokio::test]
async fn a_manifest_that_was_edited_or_is_missing_vouches_for_nothing() {
    let audited = audited().await;
    let manifest = fs::read_to_string(audited.path("manifest")).unwrap();
    fs::write(audited.path("manifest"), manifest.replace("made 2", "made 1")).unwrap();
    let findings = audited.findings();
    assert!(
        matches!(&findings[..], [Finding::SignatureWrong { place, .. }] if place.ends_with("manifest")),
        "{findings:?}"
    );
    // A README that fits an unsigned manifest is compared with the one that this program writes.
    fs::remove_file(audited.path("manifest")).unwrap();
    fs::write(audited.path("README.md"), "All is well, trust us.").unwrap();
    let unvouched = Finding::FileUnvouched { path: "README.md".to_owned() };
    let findings = audited.findings();
    assert!(findings.contains(&Finding::FileMissing { path: "manifest".to_owned() }), "{findings:?}");
    assert!(findings.contains(&unvouched), "{findings:?}");
}

#[tokio::test]
async fn an_older_bundle_in_place_of_a_newer_one_is_told_by_the_newer_checkpoint_that_was_kept() {
    let mut audited = audited().await;
    let folder = tempfile::tempdir().unwrap();
    let (log, tree) = (Arc::new(MemoryLog::new()), Arc::new(AuditTree::open(folder.path(), "shop").unwrap()));
    append(&log, 400, 1 << 40).await;
    kept_up(&tree, &log, 400).await;
    let older = folder.path().join("bundle");
    bundle::export_latest(&*log, &tree, &older, |_, _| {}).await.unwrap();
    append(&log, 50, 1 << 50).await;
    kept_up(&tree, &log, 450).await;
    audited.kept = folder.path().join("kept");
    fs::write(&audited.kept, tree.note().unwrap()).unwrap();
    let trust = Trust { keys: vec![tree.public_key()], ..audited.trust() };
    let findings = bundle::verify(&older, &trust, |_| {}).unwrap().verdict.findings;
    assert_eq!(findings, [Finding::OlderThanKept { kept: 450, newest: 400 }]);
}

#[tokio::test]
async fn stretches_that_were_told_long_after_they_happened_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(MemoryLog::with_clock(|| 10 * 86_400_000_000_000));
    let tree = Arc::new(AuditTree::open(&folder.path().join("audit"), "shop").unwrap());
    append(&log, 20, 1 << 40).await;
    kept_up(&tree, &log, 20).await;
    let path = folder.path().join("bundle");
    bundle::export_latest(&*log, &tree, &path, |_, _| {}).await.unwrap();
    let times = bundle::verify(&path, &Trust::default(), |_| {}).unwrap().verdict.times;
    assert_eq!((times.backdated_records, times.backdated.len()), (20, 1), "{times:?}");
    assert_eq!((times.backdated[0].first, times.backdated[0].last), (1, 20));
    assert_eq!(times.clock_went_back_at, None);
}

//! The tree of a running shop: on another log, without its tiles, and asked for proofs.

use crate::{append, failure, kept_up};
use daybook_audit::{AuditTree, SigningKey};
use daybook_event_log::{EventLog as _, MemoryLog};
use std::{fs, sync::Arc};

#[tokio::test]
async fn a_live_log_that_was_replaced_is_not_signed_again() {
    let folder = tempfile::tempdir().unwrap();
    let (log, tree) = (Arc::new(MemoryLog::new()), Arc::new(AuditTree::open(folder.path(), "shop").unwrap()));
    append(&log, 400, 1).await;
    kept_up(&tree, &log, 400).await;
    let shorter = Arc::new(MemoryLog::new());
    append(&shorter, 300, 1).await;
    let error = failure(&Arc::new(AuditTree::open(folder.path(), "shop").unwrap()), shorter).await;
    assert!(error.contains("its end was cut off"), "{error}");
    let other = Arc::new(MemoryLog::new());
    append(&other, 500, 2).await;
    let error = failure(&Arc::new(AuditTree::open(folder.path(), "shop").unwrap()), other.clone()).await;
    assert!(error.contains("the folder of another shop"), "{error}");
    // A log that was restored to an earlier state and went on from there has other events behind it.
    let rewound = Arc::new(MemoryLog::new());
    append(&rewound, 350, 1).await;
    append(&rewound, 100, 1 << 50).await;
    let error = failure(&Arc::new(AuditTree::open(folder.path(), "shop").unwrap()), rewound).await;
    assert!(error.contains("position 400"), "{error}");
    // Without the tiles, everything is hashed again, and compared with what was signed.
    fs::remove_dir_all(folder.path().join("tiles")).unwrap();
    let error = failure(&Arc::new(AuditTree::open(folder.path(), "shop").unwrap()), other).await;
    assert!(error.contains("the log was changed"), "{error}");
}

#[tokio::test]
async fn lost_tiles_are_made_again_from_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let (log, tree) = (Arc::new(MemoryLog::new()), Arc::new(AuditTree::open(folder.path(), "shop").unwrap()));
    append(&log, 400, 1).await;
    kept_up(&tree, &log, 400).await;
    fs::remove_dir_all(folder.path().join("tiles")).unwrap();
    append(&log, 100, 1 << 40).await;
    let again = Arc::new(AuditTree::open(folder.path(), "shop").unwrap());
    kept_up(&again, &log, 500).await;
    let (proof, _) = again.consistency(400).unwrap().unwrap();
    let (old, new) = (tree.checkpoint().unwrap().unwrap(), again.checkpoint().unwrap().unwrap());
    assert_eq!(proof.verify(old.root, new.root), Ok(()));
}

#[tokio::test]
async fn a_customer_can_check_that_an_event_is_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let (log, tree) = (Arc::new(MemoryLog::new()), Arc::new(AuditTree::open(folder.path(), "shop").unwrap()));
    append(&log, 300, 1).await;
    kept_up(&tree, &log, 300).await;
    let event = log.read_all(daybook_event_log::Position::new(77), 1).await.unwrap().remove(0);
    let (proof, note) = tree.inclusion(event.position()).unwrap().unwrap();
    let checkpoint = daybook_audit::Checkpoint::verify(&note, &tree.public_key()).unwrap();
    assert_eq!(proof.verify(daybook_audit::leaf_hash(event.as_bytes()), checkpoint.root), Ok(()));
    let secret =
        SigningKey::from_secret(&fs::read_to_string(folder.path().join("signing-key")).unwrap()).unwrap();
    assert_eq!(secret.public(), tree.public_key());
}

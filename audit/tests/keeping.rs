//! The tree writer in bad times: panics, a checkpoint file that is torn or signed with another key, a disk that cannot be
//! written. Each time the tree ends as if nothing had happened.

#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use async_trait::async_trait;
use bytes::Bytes;
use daybook_audit::{AuditTree, Checkpoint, TreeWriter};
use daybook_event_log::{
    Append, AppendFuture, EventLog, ExpectedVersion, LogError, MemoryLog, Metadata, NewEvent, Position,
    RecordedEvent, StreamId, Version,
};
use daybook_subscriptions::{CancellationToken, Status, Supervisor};
use std::{
    fs,
    ops::Range,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::sync::watch;
use uuid::Uuid;

/// A log whose next reads panic.
struct Panicking {
    log: MemoryLog,
    panics: AtomicUsize,
}

#[async_trait]
impl EventLog for Panicking {
    fn append(&self, group: Vec<Append>) -> AppendFuture {
        self.log.append(group)
    }

    async fn read_stream(
        &self,
        stream: &StreamId,
        from: Version,
        limit: usize,
    ) -> Result<Vec<RecordedEvent>, LogError> {
        self.log.read_stream(stream, from, limit).await
    }

    async fn read_all(&self, from: Position, limit: usize) -> Result<Vec<RecordedEvent>, LogError> {
        let panics =
            self.panics.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
        assert!(panics.is_err(), "this read is to panic");
        self.log.read_all(from, limit).await
    }

    async fn find(&self, event_id: Uuid) -> Result<Option<RecordedEvent>, LogError> {
        self.log.find(event_id).await
    }

    async fn stream_version(&self, stream: &StreamId) -> Result<Version, LogError> {
        self.log.stream_version(stream).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.log.head()
    }

    fn is_sole_writer(&self) -> bool {
        true
    }

    async fn close(&self) -> Result<(), LogError> {
        self.log.close().await
    }
}

async fn log_of(count: u64) -> Arc<Panicking> {
    let log = Panicking { log: MemoryLog::new(), panics: AtomicUsize::new(0) };
    append(&log, 0..count).await;
    Arc::new(log)
}

async fn append(log: &Panicking, numbers: Range<u64>) {
    for number in numbers {
        let event = NewEvent {
            event_id: Uuid::from_u128(u128::from(number) + 1),
            event_type: "StockReceived".into(),
            schema_version: 1,
            metadata: Metadata::default(),
            payload: Bytes::from(format!(r#"{{"quantity":{number}}}"#)),
        };
        let stream = StreamId::new("inventory", number % 5).unwrap();
        let append = Append { stream, expected: ExpectedVersion::Any, events: vec![event] };
        log.append(vec![append]).await.unwrap().remove(0).unwrap();
    }
}

fn tree_in(folder: &Path) -> Arc<AuditTree> {
    Arc::new(AuditTree::open(folder, "shop").unwrap())
}

/// The checkpoint over the whole log, signed by a writer that is stopped then.
async fn signed(tree: &Arc<AuditTree>, log: &Arc<Panicking>) -> Checkpoint {
    let supervisor = Supervisor::new(CancellationToken::new());
    let writer = TreeWriter::spawn(&supervisor, tree.clone(), log.clone());
    let signed = signed_over(tree, log.head().borrow().get()).await;
    writer.stop().await;
    signed
}

async fn signed_over(tree: &AuditTree, size: u64) -> Checkpoint {
    loop {
        if let Some(signed) = tree.checkpoint().unwrap().filter(|signed| signed.size >= size) {
            return signed;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_writer_that_panics_is_started_again_and_shown() {
    let log = log_of(700).await;
    let folder = tempfile::tempdir().unwrap();
    let wanted = signed(&tree_in(&folder.path().join("calm")), &log).await;
    log.panics.store(2, Ordering::Relaxed);
    let (supervisor, tree) =
        (Supervisor::new(CancellationToken::new()), tree_in(&folder.path().join("audit")));
    let writer = TreeWriter::spawn(&supervisor, tree.clone(), log.clone());
    let shown = writer.status().wait_for(|status| status.why().is_some()).await.unwrap().clone();
    assert!(shown.why().unwrap().contains("this read is to panic"), "{shown:?}");
    assert_eq!(signed_over(&tree, 700).await.root, wanted.root);
    writer.status().wait_for(|status| *status == Status::Running).await.unwrap();
    let shown = supervisor.statuses().remove(0);
    assert_eq!((shown.name.as_str(), shown.required, shown.panics), ("audit", true, 2));
}

#[tokio::test]
async fn a_writer_that_is_stopped_signs_what_it_has_hashed() {
    let folder = tempfile::tempdir().unwrap();
    let (log, tree) = (log_of(300).await, tree_in(folder.path()));
    let writer = TreeWriter::spawn(&Supervisor::new(CancellationToken::new()), tree.clone(), log.clone());
    signed_over(&tree, 300).await;
    // The next checkpoint is due only a second after the last one.
    append(&log, 300..350).await;
    while tree.size() < 350 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    writer.stop().await;
    assert_eq!(tree.checkpoint().unwrap().unwrap().size, 350);
    assert_eq!(tree_in(folder.path()).size(), 350);
}

#[tokio::test]
async fn a_checkpoint_that_cannot_be_believed_is_set_aside_and_signed_anew_over_the_whole_log() {
    let folder = tempfile::tempdir().unwrap();
    let log = log_of(300).await;
    let before = signed(&tree_in(folder.path()), &log).await;
    let file = folder.path().join("checkpoint");
    let whole = fs::read(&file).unwrap();
    for torn in [b"".as_slice(), &whole[..20], &whole[..whole.len() - 5], b"\xff\xfe"] {
        fs::write(&file, torn).unwrap();
        let tree = tree_in(folder.path());
        assert_eq!(tree.note(), None, "a torn checkpoint is shown to nobody");
        assert_eq!(fs::read(folder.path().join("checkpoint.unreadable")).unwrap(), torn);
        assert_eq!(signed(&tree, &log).await, before);
    }
    // Another key makes another signature over the same root.
    fs::remove_file(folder.path().join("signing-key")).unwrap();
    assert_eq!(signed(&tree_in(folder.path()), &log).await, before);
    assert!(!folder.path().join("checkpoint.new").exists(), "the checkpoint is replaced as a whole");
}

#[tokio::test]
async fn a_tree_that_cannot_be_written_says_so_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let (log, tree) = (log_of(300).await, tree_in(folder.path()));
    // The place of the checkpoint's new content is taken.
    fs::create_dir(folder.path().join("checkpoint.new")).unwrap();
    let supervisor = Supervisor::new(CancellationToken::new());
    let writer = TreeWriter::spawn(&supervisor, tree.clone(), log.clone());
    while tree.write_failure().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(tree.note().is_none() && !writer.status().borrow().is_failed());
    fs::remove_dir(folder.path().join("checkpoint.new")).unwrap();
    assert_eq!(signed_over(&tree, 300).await.size, 300);
    while tree.write_failure().is_some() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    writer.stop().await;
}

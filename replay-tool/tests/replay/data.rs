//! A data directory as a shop leaves it behind, and the program run on it.

use crate::shop::Book;
use daybook_audit::{AuditTree, TreeWriter};
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog, copy};
use daybook_subscriptions::{CancellationToken, Supervisor};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// A shop's data directory; it goes away with this.
pub(crate) struct Data {
    folder: TempDir,
    pub(crate) head: u64,
}

impl Data {
    /// The day's history in a log, and signed.
    pub(crate) fn of(book: &Book) -> Self {
        Self::kept_with(book, EmbeddedOptions::default())
    }

    /// The same, the log in files of the size that the options say.
    pub(crate) fn kept_with(book: &Book, options: EmbeddedOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let head = book.head().get();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let log = EmbeddedLog::open(folder.path().join("log"), options).unwrap();
            copy(&*book.log(), &log, |_, _| {}).await.unwrap();
            let log: Arc<dyn EventLog> = Arc::new(log);
            sign(&folder.path().join("audit"), &log, head).await;
            log.close().await.unwrap();
        });
        Self { folder, head }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program with `--data` and answers how it went.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let data = self.folder.path().to_str().unwrap();
        run(&[&["--data", data], arguments].concat())
    }

    /// What it says as JSON; it must have gone well.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let out = good(self.run(&[&["--json"], arguments].concat()));
        serde_json::from_str(&out).unwrap()
    }
}

/// Keeps the tree until a checkpoint over the whole log is signed.
pub(crate) async fn sign(folder: &Path, log: &Arc<dyn EventLog>, head: u64) {
    let tree = Arc::new(AuditTree::open(folder, "shop.example/daybook").unwrap());
    let supervisor = Supervisor::new(CancellationToken::new());
    let writer = TreeWriter::spawn(&supervisor, tree.clone(), log.clone());
    while tree.checkpoint().unwrap().is_none_or(|signed| signed.size < head) {
        assert!(!writer.status().borrow().is_failed(), "the tree is kept");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    writer.stop().await;
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_daybook-replay"));
    program.env_remove("DAYBOOK_DATA").args(arguments).output().unwrap()
}

/// Its standard output; it must have ended with 0.
pub(crate) fn good(output: Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

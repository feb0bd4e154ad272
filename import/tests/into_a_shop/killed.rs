//! A real process that imports into a log on disk, killed with -9 again and again. The process is this very test,
//! started by itself and told where to write.

use super::options;
use super::{empty_log, excerpt, import, streams};
use daybook_engine::Engine;
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog};
use daybook_import::{ImportOptions, Phase, import_online_retail};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

/// Set for the process that is to be killed: where its log is.
const DIRECTORY: &str = "DAYBOOK_TEST_IMPORT_INTO";
const LINES: usize = 6_000;

fn open(directory: &Path) -> Arc<dyn EventLog> {
    Arc::new(EmbeddedLog::open(directory, EmbeddedOptions::small()).expect("the log opens"))
}

/// Starts the import as another process and kills it when it says that `lines` lines are done.
fn import_and_kill(directory: &Path, lines: u64) {
    let mut child = Command::new(std::env::current_exe().expect("this test's own program"))
        .args(["--exact", "killed::an_import_killed_with_9_ends_as_if_nothing_had_happened", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the process starts");
    let told = BufReader::new(child.stderr.take().expect("it is piped"));
    let enough = told.lines().map_while(Result::ok).any(|line| {
        line.strip_prefix("done ").and_then(|done| done.parse().ok()).is_some_and(|done: u64| done >= lines)
    });
    assert!(enough, "it ended before {lines} lines were done");
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
}

/// What the process does until it is killed.
fn import_here(directory: &Path) {
    let runtime = super::runtime();
    runtime.block_on(async {
        let engine = Engine::start(open(directory), options()).await;
        let engine = engine.expect("the engine starts");
        let tell = |progress: daybook_import::Progress| {
            if progress.phase == Phase::Importing {
                eprintln!("done {}", progress.lines_done);
            }
        };
        let file = excerpt(LINES);
        let _ = import_online_retail(&engine, &file[..], ImportOptions::default(), tell).await;
        // Not to be reached before it is killed; if it is, the other side says so.
    });
}

#[test]
fn an_import_killed_with_9_ends_as_if_nothing_had_happened() {
    if let Some(directory) = std::env::var_os(DIRECTORY) {
        return import_here(Path::new(&directory));
    }
    let undisturbed = empty_log();
    let expected = import(&undisturbed, &excerpt(LINES));
    let directory = tempfile::tempdir().expect("a directory");
    for lines in [500, 2_000, 4_000] {
        import_and_kill(directory.path(), lines);
    }
    let log = open(directory.path());
    assert_eq!(import(&log, &excerpt(LINES)).summary, expected.summary);
    assert!(streams(&log) == streams(&undisturbed), "some stream has other events");
}

//! The threads of an open log, and what becomes of the log when one of them panics: it takes no more events, says why,
//! and reads go on. Nothing waits for ever for a thread that is gone.

use super::{
    disk::unavailable,
    maintenance::{Compress, Maintenance},
    writer::Writer,
};
use crate::LogError;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, mpsc},
    thread::JoinHandle,
};
use tokio::sync::watch;

const MAINTENANCE: &str = "daybook-log-maintenance";
const COMPRESSION: &str = "daybook-log-compression";
const OVERLAP: &str = "daybook-log-overlap";
const WRITER: &str = "daybook-log-writer";

/// Starts the threads: only the writer's, where nothing is to be done behind its back and so nobody takes what
/// is `to_compress`. It outlives the others and lets go of the lock last.
pub(super) fn start(
    (writer, maintenance): (Arc<Writer>, Arc<Maintenance>),
    marked: bool,
    to_compress: Option<mpsc::Receiver<Compress>>,
    lock: Box<dyn Send + Sync>,
    closed: watch::Sender<bool>,
) -> Result<JoinHandle<()>, LogError> {
    let others = match to_compress {
        Some(to_compress) => start_others(&writer, &maintenance, to_compress)?,
        None => Vec::new(),
    };
    spawn(WRITER, move || {
        guard(&writer, WRITER, || writer.run(marked));
        writer.wait_for_close();
        maintenance.stop();
        for thread in others {
            // A panic there has poisoned the log; the lock must go all the same.
            let _ = thread.join();
        }
        drop(lock);
        writer.end_head();
        closed.send_replace(true);
    })
}

fn start_others(
    writer: &Arc<Writer>,
    maintenance: &Arc<Maintenance>,
    to_compress: mpsc::Receiver<Compress>,
) -> Result<Vec<JoinHandle<()>>, LogError> {
    let [preparing, compressing] = [Arc::clone(maintenance), Arc::clone(maintenance)];
    let [first, second] = [Arc::clone(writer), Arc::clone(writer)];
    Ok(vec![
        spawn(MAINTENANCE, move || {
            crate::lower_priority();
            guard(&first, MAINTENANCE, || preparing.run());
        })?,
        spawn(COMPRESSION, move || {
            crate::background::lowest_priority();
            compressing.run_compression(&to_compress);
        })?,
        spawn(OVERLAP, move || guard(&second, OVERLAP, || second.run_overlap()))?,
    ])
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, LogError> {
    let thread = std::thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|e| unavailable("starting a thread of the log", &e))
}

/// Does the work of a thread. After a panic nothing is known of what it was in the middle of, so the log is poisoned.
fn guard(writer: &Writer, name: &str, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        writer.poison(&format!("the thread {name} met a bug: see its panic in the log of the program"));
    }
}

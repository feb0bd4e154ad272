//! The first days of the bundled year into a real engine: the books balance against what was booked, and an
//! import that is cut off anywhere and started again ends as if nothing had happened.

mod killed;

use daybook_engine::{Engine, EngineOptions, ShopSecret};
use daybook_event_log::{EventLog, MemoryLog, Position};
use daybook_import::{ImportOptions, Phase, Report, bundled, import_online_retail};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    sync::Arc,
    time::{Duration, SystemTime},
};
use tokio::{runtime::Runtime, sync::Notify};

/// The header and the first `lines` lines of the year.
fn excerpt(lines: usize) -> Vec<u8> {
    let mut text = vec![0; 120 * lines];
    let mut decoder = zstd::stream::read::Decoder::new(bundled()).expect("it is zstd");
    let mut filled = 0;
    while filled < text.len() {
        let read = decoder.read(&mut text[filled..]).expect("the bundled file is whole");
        filled += read;
    }
    text.split_inclusive(|byte| *byte == b'\n').take(lines + 1).flatten().copied().collect()
}

fn empty_log() -> Arc<dyn EventLog> {
    Arc::new(MemoryLog::with_clock(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later than 1970");
        i64::try_from(since.as_nanos()).expect("it is before 2262")
    }))
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

async fn start(log: &Arc<dyn EventLog>) -> Engine {
    Engine::start(Arc::clone(log), options()).await.expect("the engine starts")
}

/// Of the same shop at every start.
fn options() -> EngineOptions {
    EngineOptions { secret: ShopSecret::new([7; ShopSecret::BYTES]), ..EngineOptions::default() }
}

fn import(log: &Arc<dyn EventLog>, file: &[u8]) -> Report {
    runtime().block_on(async {
        let engine = start(log).await;
        let report = import_online_retail(&engine, file, ImportOptions::default(), |_| {}).await;
        engine.shutdown().await;
        let mut report = report.expect("the import ends well");
        // Levels of stock stand in the events, so their digits depend on what overtook what.
        (report.summary.seconds, report.summary.log_bytes) = (0.0, 0);
        report
    })
}

/// Imports until `lines` lines are done, then everything stops at once, as after a kill. Whether it was still
/// under way: what is left may be done before anybody can stop it.
fn import_until(log: &Arc<dyn EventLog>, file: &[u8], lines: u64) -> bool {
    let runtime = runtime();
    let cut_off = runtime.block_on(async {
        let engine = start(log).await;
        let enough = Notify::new();
        let watch = |progress: daybook_import::Progress| {
            if progress.phase == Phase::Importing && progress.lines_done >= lines {
                enough.notify_one();
            }
        };
        tokio::select! {
            report = import_online_retail(&engine, file, ImportOptions::default(), watch) => {
                report.expect("an import that is not cut off ends well");
                false
            }
            () = enough.notified() => true,
        }
    });
    runtime.shutdown_timeout(Duration::ZERO);
    cut_off
}

/// Every stream with its events' types, in their order.
fn streams(log: &Arc<dyn EventLog>) -> BTreeMap<String, Vec<String>> {
    let mut streams: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let all = runtime().block_on(log.read_all(Position::new(1), usize::MAX)).expect("the log can be read");
    for event in all {
        streams.entry(event.stream().to_owned()).or_default().push(event.event_type().to_owned());
    }
    // Orders reserve in any order; how often is what counts.
    streams.iter_mut().filter(|(name, _)| name.starts_with("inventory-")).for_each(|(_, types)| types.sort());
    streams
}

#[test]
fn the_first_days_are_booked_as_the_file_says() {
    let log = empty_log();
    let report = import(&log, &excerpt(6_000));
    let summary = &report.summary;
    assert_eq!(summary.lines_total, 6_000);
    assert_eq!(summary.lines_imported + summary.lines_rejected, 6_000);
    let refused = report.rejected.iter().find(|line| line.kind == "refused");
    assert_eq!(refused, None);
    assert!(summary.orders > 200 && summary.returns > 0 && summary.adjustments > 0);
    assert_eq!(
        streams(&log).values().flatten().filter(|kind| *kind == "OrderCompleted").count() as u64,
        summary.orders
    );
}

#[test]
fn an_import_that_was_cut_off_ends_as_if_nothing_had_happened() {
    let file = excerpt(6_000);
    let undisturbed = empty_log();
    let expected = import(&undisturbed, &file);
    let log = empty_log();
    let cut_off = [1_000, 3_000, 5_000].into_iter().filter(|lines| import_until(&log, &file, *lines)).count();
    assert!(cut_off > 0, "no import was under way when it was to be cut off");
    let resumed = import(&log, &file);
    assert_eq!(resumed.summary, expected.summary);
    assert!(resumed == expected, "the lists of the reports differ");
    let (resumed, expected) = (streams(&log), streams(&undisturbed));
    assert_eq!(resumed.len(), expected.len());
    for (stream, events) in &expected {
        assert_eq!(resumed.get(stream), Some(events), "{stream}");
    }
}

#[test]
fn importing_again_changes_nothing() {
    let log = empty_log();
    let first = import(&log, &excerpt(2_000));
    let head = *log.head().borrow();
    assert!(first.summary.orders > 50);
    let second = import(&log, &excerpt(2_000));
    assert_eq!(second.summary, first.summary);
    assert_eq!(*log.head().borrow(), head);
}

#[test]
fn a_longer_file_adds_its_new_invoices_and_a_changed_invoice_is_refused() {
    let log = empty_log();
    let first = import(&log, &excerpt(1_000));
    let text = String::from_utf8(excerpt(2_000)).expect("UTF-8");
    let changed =
        text.replacen("536365,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,", "536365,85123A,x,7,", 1);
    let second = import(&log, changed.as_bytes());
    assert!(second.summary.orders > first.summary.orders);
    // The shorter file ended in the middle of invoice 536520.
    let refused = second.rejected.iter().filter(|line| line.kind == "refused");
    let invoices: BTreeSet<&str> = refused.map(|line| &*line.invoice).collect();
    assert_eq!(invoices, BTreeSet::from(["536365", "536520"]));
}

//! The embedded log alone: appends in batches of 500 events of 350 bytes, each batch answered when synced; then
//! single events from 1 to 1,024 writers at once, which share syncs. At the end positions are dense and the log ends
//! where it should.

use super::Effort;
use crate::{
    folder,
    load::{histogram, percentile_ms},
    machine::Process,
    report::{Report, round},
};
use bytes::Bytes;
use daybook_event_log::{
    Append, AppendFuture, EmbeddedLog, EmbeddedOptions, EventLog, ExpectedVersion, Metadata, NewEvent,
    Position, StreamId,
};
use hdrhistogram::Histogram;
use serde_json::json;
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};
use uuid::Uuid;

const BATCH: u64 = 500;
/// Batches under way at once: one being synced, one being written, some waiting.
const UNDER_WAY: usize = 8;
const WRITERS: [u64; 6] = [1, 4, 16, 64, 256, 1_024];

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = folder::for_run()?;
    let log: Arc<dyn EventLog> =
        Arc::new(EmbeddedLog::open(folder.path().join("log"), EmbeddedOptions::default())?);
    let total = effort.scale(5_000_000);
    let groups: Vec<Vec<Append>> = (0..total / BATCH).map(|batch| group(batch * BATCH, BATCH)).collect();
    let mut latencies_us = histogram()?;
    let mut waiting = VecDeque::new();
    let (start, cpu) = (Instant::now(), Process::own().cpu_seconds());
    for group in groups {
        if waiting.len() >= UNDER_WAY
            && let Some((sent, answer)) = waiting.pop_front()
        {
            settle(&mut latencies_us, sent, answer).await?;
        }
        waiting.push_back((Instant::now(), log.append(group)));
    }
    for (sent, answer) in waiting {
        settle(&mut latencies_us, sent, answer).await?;
    }
    let seconds = start.elapsed().as_secs_f64();
    let mut report = Report::bare("events", true, total as f64 / seconds);
    report.latencies(&latencies_us);
    report.add("cores", round((Process::own().cpu_seconds() - cpu) / seconds));
    let mut next = total;
    for writers in WRITERS {
        let figures = writers_at_once(&log, writers, effort.duration() / 4, &mut next).await?;
        report.add(&format!("writers_{writers}"), figures);
    }
    check(&*log, next).await?;
    report.add("log_bytes_per_event", round(stored_bytes(&*log, next).await?));
    log.close().await?;
    Ok(report)
}

/// Every acknowledged event is there, in order and without a gap.
async fn check(log: &dyn EventLog, expected: u64) -> anyhow::Result<()> {
    let head = log.head().borrow().get();
    anyhow::ensure!(head == expected, "{expected} events were acknowledged, the log ends at {head}");
    let mut next = Position::new(1);
    while next.get() <= head {
        let page = log.read_all(next, 8_192).await?;
        anyhow::ensure!(!page.is_empty(), "the log holds nothing at {next}");
        for event in page {
            anyhow::ensure!(event.position() == next, "at {next} stands {}", event.position());
            next = next.next();
        }
    }
    Ok(())
}

/// Of the last thousand events.
async fn stored_bytes(log: &dyn EventLog, head: u64) -> anyhow::Result<f64> {
    let last = log.read_all(Position::new(head.saturating_sub(999)), 1_000).await?;
    Ok(last.iter().map(|event| event.as_bytes().len()).sum::<usize>() as f64 / last.len() as f64)
}

fn group(first: u64, count: u64) -> Vec<Append> {
    (first..first + count).map(append_of_one).collect()
}

/// One event of about 350 stored bytes, in one of 100,000 streams.
fn append_of_one(number: u64) -> Append {
    let event = NewEvent {
        event_id: Uuid::from_u64_pair(0x0199_0000_0000_7000, number | 1 << 63),
        event_type: "StockReceived".into(),
        schema_version: 1,
        metadata: Metadata { occurred_at_ns: 1_700_000_000_000_000_000, ..Metadata::default() },
        payload: Bytes::from(format!(
            r#"{{"sku":"SKU{:07}","location":"MAIN","quantity":{},"reference":"delivery {number:012} of the benchmark, as long as a real event","on_hand":{number},"note":"{:060}"}}"#,
            number % 100_000,
            number % 999 + 1,
            number,
        )),
    };
    let stream =
        StreamId::new("inventory", format!("SKU{:07}", number % 100_000)).expect("a valid stream name");
    Append { stream, expected: ExpectedVersion::Any, events: vec![event] }
}

async fn settle(
    latencies_us: &mut Histogram<u64>,
    sent: Instant,
    answer: AppendFuture,
) -> anyhow::Result<()> {
    for outcome in answer.await? {
        outcome?;
    }
    latencies_us.saturating_record(sent.elapsed().as_micros() as u64);
    Ok(())
}

async fn writers_at_once(
    log: &Arc<dyn EventLog>,
    writers: u64,
    duration: Duration,
    next: &mut u64,
) -> anyhow::Result<serde_json::Value> {
    let numbers = Rc::new(Cell::new(*next));
    let latencies_us = Rc::new(RefCell::new(histogram()?));
    let end = Instant::now() + duration;
    let mut tasks = Vec::new();
    for _ in 0..writers {
        let (log, numbers, latencies_us) = (log.clone(), numbers.clone(), latencies_us.clone());
        tasks.push(tokio::task::spawn_local(async move {
            while Instant::now() < end {
                let number = numbers.replace(numbers.get() + 1);
                let sent = Instant::now();
                let answer = log.append(vec![append_of_one(number)]);
                for outcome in answer.await? {
                    outcome?;
                }
                latencies_us.borrow_mut().saturating_record(sent.elapsed().as_micros() as u64);
            }
            anyhow::Ok(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    let events = numbers.get() - *next;
    *next = numbers.get();
    let ms = |percentile| percentile_ms(&latencies_us.borrow(), percentile);
    Ok(json!({
        "events_per_s": (events as f64 / duration.as_secs_f64()).round(),
        "p50_ms": ms(50.0),
        "p99_ms": ms(99.0),
    }))
}

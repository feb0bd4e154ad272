//! A small known log on a simulated disk, and how it is compared with what was found.

use daybook_event_log::{
    Append, EmbeddedLog, EmbeddedOptions, EmbeddedReader, EventLog, ExpectedVersion, LogError, Position,
    RecordedEvent,
    contract::{event, stream},
    simulation::SimulatedDisk,
};
use std::{future::Future, sync::Arc};

/// Segments of 4 KiB, compressed once full; nothing in memory, nothing behind the writer's back.
pub(crate) fn tiny() -> EmbeddedOptions {
    EmbeddedOptions {
        segment_bytes: 4 << 10,
        recent_bytes: 0,
        inline_maintenance: true,
        ..EmbeddedOptions::default()
    }
}

/// The same with every segment left as it was written.
pub(crate) fn uncompressed() -> EmbeddedOptions {
    EmbeddedOptions { compress: false, ..tiny() }
}

pub(crate) fn open(disk: &SimulatedDisk) -> Result<EmbeddedLog, LogError> {
    EmbeddedLog::open_on(Arc::new(disk.clone()), tiny())
}

/// Runs a future that needs no timers.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.expect("a runtime can be built").block_on(future)
}

/// The `n`th append of a known history: streams take turns, payloads differ in size.
pub(crate) fn nth_append(n: u128) -> Append {
    let count = 1 + n % 3;
    let events = (0..count).map(|k| {
        let mut event = event(1 + n * 10 + k);
        let filler = "x".repeat(usize::try_from((n * 97 + k * 211) % 500).expect("small"));
        event.payload = format!("{{\"n\":{n},\"k\":{k},\"filler\":\"{filler}\"}}").into();
        event
    });
    let stream = stream(&(n % 4).to_string());
    Append { stream, expected: ExpectedVersion::Any, events: events.collect() }
}

/// The ids of the first `appends` appends, in order.
pub(crate) fn ids_of(appends: u128) -> Vec<u128> {
    (0..appends)
        .flat_map(|n| nth_append(n).events.into_iter().map(|event| event.event_id.as_u128()))
        .collect()
}

/// Appends number `from` up to `to`, each in a group of its own; how many were acknowledged.
pub(crate) fn append_range(log: &impl EventLog, from: u128, to: u128) -> Result<u128, (u128, LogError)> {
    for n in from..to {
        let outcomes = block_on(log.append(vec![nth_append(n)])).map_err(|e| (n, e))?;
        outcomes[0].as_ref().expect("the known history has no conflicts");
    }
    Ok(to)
}

/// Everything in the log, in order; checks density and that index and record agree.
pub(crate) fn everything(log: &impl EventLog) -> Result<Vec<RecordedEvent>, LogError> {
    let events = block_on(log.read_all(Position::new(1), usize::MAX))?;
    assert_eq!(events.len() as u64, log.head().borrow().get(), "as many events as the head says");
    for (event, n) in events.iter().zip(1..) {
        assert_eq!(event.position(), Position::new(n), "positions are dense");
        let found = block_on(log.find(event.event_id()))?.expect("an event of the log is found by its id");
        assert_eq!(&found, event);
    }
    for n in 0..4 {
        let stream = stream(&n.to_string());
        let here = block_on(log.read_stream(&stream, daybook_event_log::Version::new(1), usize::MAX))?;
        let there = events.iter().filter(|event| event.stream() == stream.as_str());
        assert!(here.iter().eq(there), "{stream} is what the log has of it");
        for (event, n) in here.iter().zip(1..) {
            assert_eq!(event.version().get(), n, "versions are dense");
        }
    }
    Ok(events)
}

pub(crate) fn ids(events: &[RecordedEvent]) -> Vec<u128> {
    events.iter().map(|event| event.event_id().as_u128()).collect()
}

/// How many whole appends of the known history these events are; panics if they are anything else.
pub(crate) fn appends_in(events: &[RecordedEvent]) -> u128 {
    let mut rest = events;
    let mut n = 0;
    while !rest.is_empty() {
        let expected = nth_append(n).events;
        assert!(rest.len() >= expected.len(), "append {n} is there in part");
        for (event, expected) in rest.iter().zip(&expected) {
            assert_eq!((event.event_id(), event.payload()), (expected.event_id, &expected.payload[..]));
        }
        rest = &rest[expected.len()..];
        n += 1;
    }
    n
}

/// A disk with the first `appends` appends in segments as they were written, closed or left as a kill would.
pub(crate) fn disk_with(appends: u128, closed: bool) -> SimulatedDisk {
    written_with(uncompressed(), appends, closed)
}

/// The same, closed, with full segments compressed.
pub(crate) fn compressed_disk_with(appends: u128) -> SimulatedDisk {
    written_with(tiny(), appends, true)
}

fn written_with(options: EmbeddedOptions, appends: u128, closed: bool) -> SimulatedDisk {
    let disk = SimulatedDisk::new();
    let log = EmbeddedLog::open_on(Arc::new(disk.clone()), options).expect("a new log opens");
    append_range(&log, 0, appends).expect("nothing is in the way");
    if closed {
        drop(log);
        return disk.after_kill();
    }
    let left = disk.after_kill();
    drop(log);
    left
}

/// Everything a reader sees who opens the disk without changing it.
pub(crate) fn read_only(disk: &SimulatedDisk) -> Result<Vec<RecordedEvent>, LogError> {
    everything(&EmbeddedReader::open_on(Arc::new(disk.clone()))?)
}

/// A copy that can be spoiled while the original stays.
pub(crate) fn copy(disk: &SimulatedDisk) -> SimulatedDisk {
    disk.after_kill()
}

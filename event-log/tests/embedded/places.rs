//! Directories that are in use, foreign, of the future, or not directories; and readers beside a writer.

use crate::support::{append_range, appends_in, block_on, everything, ids, ids_of, tiny, uncompressed};
use daybook_event_log::{
    EmbeddedLog, EmbeddedOptions, EmbeddedReader, EventLog, LogError, Position, StreamId, Version,
};
use std::{fs, path::Path, sync::Arc};

fn opened(place: &Path) -> Result<&'static str, LogError> {
    EmbeddedLog::open(place, tiny()).map(|_| "it opened")
}

fn names(place: &Path) -> Vec<String> {
    let entries = fs::read_dir(place).expect("readable");
    entries.map(|entry| entry.expect("readable").file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn a_log_is_opened_once_at_a_time() {
    let place = tempfile::tempdir().expect("room");
    let log = EmbeddedLog::open(place.path(), tiny()).expect("a new log opens");
    let second = opened(place.path());
    assert!(matches!(second, Err(LogError::InUse { .. })), "{second:?}");
    append_range(&log, 0, 2).expect("the first one goes on");
    block_on(log.close()).expect("it closes");
    assert!(opened(place.path()).is_ok(), "closed is closed, even before it is dropped");
    let read = block_on(log.read_all(Position::new(1), 1));
    assert!(matches!(read, Err(LogError::Closed)), "{read:?}");
}

#[test]
fn a_foreign_directory_is_refused_and_left_as_it_is() {
    let place = tempfile::tempdir().expect("room");
    fs::write(place.path().join("thesis.txt"), "chapter one").expect("writable");
    let refused = opened(place.path());
    assert!(matches!(refused, Err(LogError::NotALog { .. })), "{refused:?}");
    assert_eq!(names(place.path()), ["thesis.txt"]);
}

#[test]
fn what_is_no_directory_is_refused() {
    let place = tempfile::tempdir().expect("room");
    let file = place.path().join("file");
    fs::write(&file, "text").expect("writable");
    let refused = opened(&file);
    assert!(matches!(refused, Err(LogError::NotALog { .. })), "{refused:?}");
    let refused = EmbeddedLog::open_read_only(place.path().join("nowhere")).map(|_| "it opened");
    assert!(matches!(refused, Err(LogError::NotALog { .. })), "{refused:?}");
    assert!(!place.path().join("nowhere").exists(), "reading makes no directory");
}

#[test]
fn a_missing_directory_is_made_with_those_above_it() {
    let place = tempfile::tempdir().expect("room");
    assert!(opened(&place.path().join("a/b/c")).is_ok());
}

#[test]
fn files_of_a_newer_format_are_left_to_a_newer_program() {
    for (file, newest) in [("daybook.log", EmbeddedReader::FORMAT), ("0000000001.segment", 1)] {
        let place = tempfile::tempdir().expect("room");
        opened(place.path()).expect("a new log opens");
        let path = place.path().join(file);
        let mut bytes = fs::read(&path).expect("readable");
        bytes[8] += 1;
        fs::write(&path, bytes).expect("writable");
        let refused = opened(place.path());
        let Err(LogError::NewerFormat { found, supported, .. }) = refused else {
            panic!("{file}: {refused:?}")
        };
        assert_eq!((found, supported), (newest + 1, newest), "{file}");
    }
}

#[test]
fn a_missing_segment_or_identity_is_reported() {
    let plain =
        ["0000000001.segment", "0000000002.segment", "daybook.log"].map(|file| (file, uncompressed()));
    let compressed = ["0000000001.segment.zst", "0000000002.segment.zst"].map(|file| (file, tiny()));
    for (file, options) in plain.into_iter().chain(compressed) {
        let place = tempfile::tempdir().expect("room");
        let log = EmbeddedLog::open(place.path(), options).expect("a new log opens");
        append_range(&log, 0, 20).expect("nothing is in the way");
        drop(log);
        fs::remove_file(place.path().join(file)).expect("removable");
        let refused = opened(place.path());
        assert!(matches!(refused, Err(LogError::Damaged { .. })), "without {file}: {refused:?}");
    }
}

#[test]
fn events_without_an_identity_are_not_taken_for_a_log_half_made() {
    let place = tempfile::tempdir().expect("room");
    let log = EmbeddedLog::open(place.path(), tiny()).expect("a new log opens");
    append_range(&log, 0, 1).expect("nothing is in the way");
    drop(log);
    let segment = place.path().join("0000000001.segment");
    let recorded = fs::read(&segment).expect("readable");
    fs::remove_file(place.path().join("daybook.log")).expect("removable");
    let refused = opened(place.path());
    assert!(matches!(refused, Err(LogError::Damaged { .. })), "{refused:?}");
    assert_eq!(fs::read(&segment).expect("readable"), recorded, "the events are untouched");
}

#[test]
fn a_segment_of_another_log_is_reported() {
    let (place, other) = (tempfile::tempdir().expect("room"), tempfile::tempdir().expect("room"));
    opened(place.path()).expect("a new log opens");
    opened(other.path()).expect("a new log opens");
    let name = "0000000001.segment";
    fs::copy(other.path().join(name), place.path().join(name)).expect("copied");
    let refused = opened(place.path());
    assert!(matches!(refused, Err(LogError::Damaged { .. })), "{refused:?}");
}

#[test]
fn a_reader_beside_the_writer_sees_what_is_written_and_writes_nothing() {
    let place = tempfile::tempdir().expect("room");
    let log = EmbeddedLog::open(place.path(), tiny()).expect("a new log opens");
    append_range(&log, 0, 3).expect("nothing is in the way");
    let reader = EmbeddedLog::open_read_only(place.path()).expect("it opens beside the writer");
    assert_eq!(appends_in(&everything(&reader).expect("readable")), 3);
    append_range(&log, 3, 30).expect("the writer goes on, over several segments");
    assert_eq!(appends_in(&everything(&reader).expect("readable")), 3, "nothing moves unasked");
    assert_eq!(reader.refresh().expect("readable"), *log.head().borrow());
    assert_eq!(ids(&everything(&reader).expect("readable")), ids_of(30));
    let refused = block_on(reader.append(vec![crate::support::nth_append(31)]));
    assert!(matches!(refused, Err(LogError::Unavailable { .. })), "{refused:?}");
}

#[test]
fn readers_keep_up_with_a_writer_that_rolls_over_segments_under_them() {
    let place = tempfile::tempdir().expect("room");
    let options = EmbeddedOptions { inline_maintenance: false, recent_bytes: 2 << 10, ..tiny() };
    let log: Arc<dyn EventLog> = Arc::new(EmbeddedLog::open(place.path(), options).expect("it opens"));
    let reader = EmbeddedLog::open_read_only(place.path()).expect("it opens beside the writer");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    runtime.block_on(async {
        let total = ids_of(200).len();
        let follower = tokio::spawn({
            let (log, mut head) = (Arc::clone(&log), log.head());
            async move {
                let mut seen = Vec::new();
                while seen.len() < total {
                    let next = Position::new(seen.len() as u64 + 1);
                    head.wait_for(|head| *head >= next).await.expect("it can be followed");
                    seen.extend(ids(&log.read_all(next, 5).await.expect("it can be followed")));
                }
                seen
            }
        });
        for n in 0..200 {
            log.append(vec![crate::support::nth_append(n)]).await.expect("the log takes appends");
            if n % 7 == 0 {
                reader.refresh().expect("a live log is not damaged");
                EmbeddedLog::open_read_only(place.path()).expect("nor is it to a new reader");
            }
        }
        assert_eq!(follower.await.expect("no panic"), ids_of(200));
    });
    assert_eq!(reader.refresh().expect("readable").get() as usize, ids_of(200).len());
}

#[test]
fn a_long_stream_is_paged_across_segments() {
    let place = tempfile::tempdir().expect("room");
    let log = EmbeddedLog::open(place.path(), tiny()).expect("a new log opens");
    append_range(&log, 0, 80).expect("nothing is in the way");
    let stream = StreamId::new("sample", 1).expect("a name");
    let whole = block_on(log.read_stream(&stream, Version::new(1), usize::MAX)).expect("readable");
    assert!(whole.len() > 30);
    for from in 1..=whole.len() {
        let page = block_on(log.read_stream(&stream, Version::new(from as u64), 4)).expect("readable");
        assert_eq!(page, whole[from - 1..whole.len().min(from + 3)], "from version {from}");
    }
}

#[test]
fn a_log_of_many_segments_needs_few_open_files() {
    let place = tempfile::tempdir().expect("room");
    let log = EmbeddedLog::open(place.path(), tiny()).expect("a new log opens");
    append_range(&log, 0, 700).expect("nothing is in the way");
    let written = names(place.path()).len();
    assert!(written > 300, "{written} files");
    assert_eq!(ids(&everything(&log).expect("readable")), ids_of(700));
    assert!(open_files_in(place.path()) < 270, "{} of {written}", open_files_in(place.path()));
    drop(log);
    assert_eq!(open_files_in(place.path()), 0, "a closed log lets go of its files");
    let log = EmbeddedLog::open(place.path(), tiny()).expect("it opens again");
    assert_eq!(ids(&everything(&log).expect("readable")), ids_of(700));
    assert!(open_files_in(place.path()) < 270);
}

fn open_files_in(place: &Path) -> usize {
    let descriptors = fs::read_dir("/proc/self/fd").expect("this is Linux");
    let links = descriptors.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    links.filter(|link| link.starts_with(place)).count()
}

#[test]
fn a_directory_that_is_removed_or_replaced_under_an_open_log_takes_nothing_more() {
    let remove = |place: &Path| fs::remove_dir_all(place).expect("it is there");
    let replace = |place: &Path| {
        fs::rename(place, place.with_extension("moved")).expect("it is there");
        let other = EmbeddedLog::open(place, tiny()).expect("a new log opens");
        append_range(&other, 0, 3).expect("it is another log");
    };
    let empty = |place: &Path| {
        for name in names(place) {
            fs::remove_file(place.join(name)).expect("it is there");
        }
    };
    for (what, trouble) in
        [("removed", &remove as &dyn Fn(&Path)), ("replaced", &replace), ("emptied", &empty)]
    {
        let folder = tempfile::tempdir().expect("room");
        let place = folder.path().join("log");
        let log = EmbeddedLog::open(&place, tiny()).expect("a new log opens");
        append_range(&log, 0, 2).expect("nothing is in the way");
        block_on(log.check()).expect("all is well");
        trouble(&place);
        let told = block_on(log.check()).expect_err("it is noticed without an append");
        assert!(told.to_string().contains("removed or replaced"), "{what}: {told}");
        let (acknowledged, error) = append_range(&log, 2, 5).expect_err("nothing is acknowledged");
        assert_eq!(acknowledged, 2, "{what}");
        assert!(
            matches!(&error, LogError::Poisoned { detail } if detail.contains("removed or replaced")),
            "{error}"
        );
        assert_eq!(appends_in(&everything(&log).expect("reads go on")), 2, "{what}");
    }
}

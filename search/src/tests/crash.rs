//! Crashes and damage: whatever happens, opening again leads to the same index.

use super::{
    super::{CountMode, SearchRequest},
    shop::{Shop, counted, created, repriced, spec},
};
use daybook_domain::Event;
use std::{fs, path::Path};

/// A shop's history: products come, change their price, sell out and come back.
fn history() -> Vec<Event> {
    let mut events = Vec::new();
    for round in 0..6_i64 {
        for number in 0..7 {
            let name = format!("P{number}");
            match round {
                0 => events.push(created(
                    &name,
                    spec(&name, &format!("mug number {number}"), "Acme", &["Home"], 100),
                )),
                1 | 4 => events.push(counted(&name, number % 3)),
                2 | 5 => events.push(repriced(&name, 100 * round + number)),
                _ => events.push(counted(&name, (number + round) % 2)),
            }
        }
    }
    events
}

/// Everything that can be seen of the index.
fn seen(shop: &Shop) -> String {
    let wish = SearchRequest { limit: Some(100), count: CountMode::Exact, ..Default::default() };
    let answer = shop.projection.index().search(&wish).unwrap();
    String::from_utf8(answer.body.to_vec()).unwrap()
}

fn expected() -> String {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record(history());
    seen(&shop)
}

/// Opens what is left and follows the log from where it says it is.
fn resumed(dir: &Path) -> Shop {
    let mut shop = Shop::open(dir);
    let from = usize::try_from(shop.position).unwrap();
    shop.record(history().into_iter().skip(from));
    shop
}

#[test]
fn a_crash_after_any_event_leads_to_the_same_index() {
    let expected = expected();
    let events = history();
    for stop in 0..events.len() {
        let dir = tempfile::tempdir().unwrap();
        let mut shop = Shop::open(dir.path());
        shop.record(events[..stop / 2].to_vec());
        shop.feed(events[stop / 2..stop].to_vec());
        drop(shop);
        assert_eq!(seen(&resumed(dir.path())), expected, "after {stop} events");
    }
}

#[test]
fn a_crash_between_storing_rows_and_committing_the_index_loses_nothing() {
    let expected = expected();
    let events = history();
    for stop in 0..=events.len() {
        let dir = tempfile::tempdir().unwrap();
        let mut shop = Shop::open(dir.path());
        shop.record(events[..stop / 2].to_vec());
        shop.feed(events[stop / 2..stop].to_vec());
        shop.projection.store_rows(true).unwrap();
        drop(shop);
        let shop = resumed(dir.path());
        assert_eq!(seen(&shop), expected, "after {stop} events");
    }
}

#[test]
fn a_lost_or_damaged_index_is_made_again_from_the_rows() {
    let expected = expected();
    let dir = tempfile::tempdir().unwrap();
    let index = dir.path().join("index");
    let mut shop = Shop::open(dir.path());
    shop.record(history());
    drop(shop);
    fs::remove_dir_all(&index).unwrap();
    let shop = Shop::open(dir.path());
    assert_eq!(seen(&shop), expected, "deleted");
    drop(shop);
    for ending in ["store", "fast", "term", "idx", "json"] {
        let file = fs::read_dir(&index).unwrap().flatten().find(|file| {
            let name = file.file_name().to_string_lossy().into_owned();
            name.ends_with(ending) && !name.starts_with(".managed")
        });
        let Some(file) = file else { continue };
        let mut bytes = fs::read(file.path()).unwrap();
        let middle = bytes.len() / 3;
        bytes[middle] ^= 0x55;
        fs::write(file.path(), bytes).unwrap();
        assert_eq!(seen(&Shop::open(dir.path())), expected, "{ending} damaged");
    }
}

#[test]
fn lost_rows_send_the_reader_back_to_the_start_of_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut shop = Shop::open(dir.path());
    shop.record(history());
    drop(shop);
    fs::remove_dir_all(dir.path().join("rows")).unwrap();
    let shop = Shop::open(dir.path());
    assert_eq!((shop.position, shop.projection.index().len()), (0, 0));
    drop(shop);
    assert_eq!(seen(&resumed(dir.path())), expected());
}

#[test]
fn rows_set_back_behind_the_index_are_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let (rows, kept) = (dir.path().join("rows"), dir.path().join("kept"));
    let mut shop = Shop::open(dir.path());
    shop.record(history().into_iter().take(10));
    drop(shop);
    copy(&rows, &kept);
    drop(resumed(dir.path()));
    fs::remove_dir_all(&rows).unwrap();
    fs::rename(&kept, &rows).unwrap();
    assert_eq!(seen(&resumed(dir.path())), expected());
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(file.file_name());
        if file.path().is_dir() {
            copy(&file.path(), &target);
        } else {
            fs::copy(file.path(), target).unwrap();
        }
    }
}

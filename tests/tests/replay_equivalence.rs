//! What the running shop shows is what a replay of its log shows, row by row.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use daybook_event_log::Position;
use daybook_projections::Options;
use daybook_tests::{
    on_each_store,
    seed::Random,
    shop::{Day, On, TestShop},
};
use daybook_views::Views;
use tempfile::TempDir;

on_each_store!(the_views_after_a_day_are_those_of_a_replay_of_its_log);

type Rows = Vec<(String, String)>;

fn rows(models: &Views, view: &str) -> Rows {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let rows = models.rows(view).unwrap();
    rows.iter().map(|(key, row)| (text(key), text(row.json()))).collect()
}

async fn replayed(shop: &TestShop, until: Option<Position>) -> (Views, TempDir) {
    let folder = TempDir::new().unwrap();
    (Views::replay(shop.log().await, until, folder.path()).await.unwrap(), folder)
}

fn assert_same_rows(live: &Views, replayed: &Views) {
    for view in Views::NAMES.iter().copied() {
        let (live, replayed) = (rows(live, view), rows(replayed, view));
        assert!(!live.is_empty(), "{view} is empty: this shows nothing");
        assert_eq!(live.len(), replayed.len(), "{view}");
        for (live, replayed) in live.iter().zip(&replayed) {
            assert_eq!(live, replayed, "{view}");
        }
    }
}

async fn the_views_after_a_day_are_those_of_a_replay_of_its_log(on: On) {
    let mut random = Random::from_environment();
    let mut shop = TestShop::start_on(on).await;
    let mut day = Day::begin(&shop, &mut random).await;
    day.go_on(&shop, &mut random, 60).await;
    shop.kill();
    shop.restart().await;
    day.go_on(&shop, &mut random, 120).await;
    let head = shop.settled().await;
    shop.stop().await;

    let live = Views::open(&shop.data().join("read"), Options::default());
    let live = live.unwrap();
    let (whole, _folder) = replayed(&shop, None).await;
    assert_same_rows(&live, &whole);

    // As of its last position the past is the present; one event earlier it is not.
    let (same, _folder) = replayed(&shop, Some(Position::new(head))).await;
    assert_same_rows(&live, &same);
    let (earlier, _folder) = replayed(&shop, Some(Position::new(head / 2))).await;
    assert_ne!(rows(&earlier, "order"), rows(&live, "order"));
}

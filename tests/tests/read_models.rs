//! The read models are derived: lost, cut off or killed in the middle, they come back as they were.

use daybook_tests::{
    seed::Random,
    shop::{Day, TestShop, assert_same_views},
};
use std::{fs, time::Duration};

#[tokio::test(flavor = "multi_thread")]
async fn a_read_store_that_was_deleted_is_filled_again_with_the_same_views() {
    let mut random = Random::from_environment();
    let mut shop = TestShop::start().await;
    let mut day = Day::begin(&shop, &mut random).await;
    day.go_on(&shop, &mut random, 120).await;
    shop.settled().await;
    let before = day.views(&shop).await;
    shop.stop().await;

    fs::remove_dir_all(shop.data().join("read")).expect("the shop's own files can be removed");
    shop.restart().await;
    shop.settled().await;
    assert_same_views(&before, &day.views(&shop).await);

    // What the write path keeps beside the log can be lost, too.
    shop.kill();
    fs::remove_dir_all(shop.data().join("read")).expect("the shop's own files can be removed");
    fs::remove_dir_all(shop.data().join("engine")).expect("the shop's own files can be removed");
    shop.restart().await;
    shop.settled().await;
    assert_same_views(&before, &day.views(&shop).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_views_are_those_of_a_fresh_filling() {
    let mut random = Random::from_environment();
    let mut shop = TestShop::start().await;
    let mut day = Day::begin(&shop, &mut random).await;
    for _ in 0..6 {
        day.go_on(&shop, &mut random, 25).await;
        // Between the log's commit, the views' and the search's: whichever it hits.
        tokio::time::sleep(Duration::from_millis(random.below(120))).await;
        shop.kill();
        shop.restart().await;
    }
    shop.settled().await;
    let grown = day.views(&shop).await;
    shop.stop().await;
    fs::remove_dir_all(shop.data().join("read")).expect("the shop's own files can be removed");
    shop.restart().await;
    shop.settled().await;
    assert_same_views(&grown, &day.views(&shop).await);
}

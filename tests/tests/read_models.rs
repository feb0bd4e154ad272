//! The read models are derived: lost, cut off or killed in the middle, they come back as they were.

use daybook_tests::{
    on_each_store,
    seed::Random,
    shop::{Day, On, TestShop, assert_same_views},
};
use std::{fs, time::Duration};

on_each_store!(
    a_read_store_that_was_deleted_is_filled_again_with_the_same_views,
    killed_at_any_moment_the_views_are_those_of_a_fresh_filling,
);

async fn a_read_store_that_was_deleted_is_filled_again_with_the_same_views(on: On) {
    let mut random = Random::from_environment();
    let mut shop = TestShop::start_on(on).await;
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

async fn killed_at_any_moment_the_views_are_those_of_a_fresh_filling(on: On) {
    let mut random = Random::from_environment();
    let mut shop = TestShop::start_on(on).await;
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

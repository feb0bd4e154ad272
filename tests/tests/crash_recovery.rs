//! The process killed with -9 again and again while many people buy: whatever was acknowledged is true ever
//! after, whatever was not either happened whole or not at all, and the books agree.
//!
//! `SEED=n` repeats who buys what and when the kills come (as far as one machine's timing allows).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use daybook_tests::{
    on_each_store,
    seed::Random,
    shop::{Buyer, On, TestShop, ask_again_as_before, books},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

on_each_store!(what_was_acknowledged_survives_being_killed_again_and_again);

/// The articles with the units received of each; too few for everybody.
const ARTICLES: &[(&str, u32)] = &[("MUG", 40), ("POT", 90), ("LAMP", 2_000)];
const BUYERS: usize = 5;
const KILLS: usize = 8;

async fn what_was_acknowledged_survives_being_killed_again_and_again(on: On) {
    let mut random = Random::from_environment();
    let mut shop = TestShop::start_on(on).await;
    for (sku, units) in ARTICLES {
        let _ = shop.put_product(sku, 250).await;
        let _ = shop.receive(sku, *units).await;
    }
    let closing = Arc::new(AtomicBool::new(false));
    let buyers: Vec<_> = (0..BUYERS)
        .map(|number| {
            let buyer = Buyer::new(number, shop.client(), random.branch());
            tokio::spawn(buyer.buy_until(closing.clone()))
        })
        .collect();
    for _ in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(40 + random.below(500))).await;
        shop.kill();
        shop.restart().await;
    }
    closing.store(true, Ordering::Relaxed);
    let mut ledger = Vec::new();
    for buyer in buyers {
        ledger.extend(buyer.await.unwrap());
    }
    assert!(ledger.len() > KILLS, "only {} purchases: this shows nothing", ledger.len());

    shop.settled().await;
    let before = shop.events().await;
    ask_again_as_before(&shop, &ledger).await;
    assert_eq!(shop.settled().await, before.len() as u64, "asking again wrote something");
    shop.kill();
    shop.restart().await;
    shop.settled().await;
    let events = shop.events().await;
    assert!(events == before, "a restart changed the log");
    println!("{} purchases, {} events, {KILLS} kills", ledger.len(), events.len());

    books::the_log_is_whole(&events);
    books::every_cart_has_one_order_at_most_and_every_order_one_end(&events, &ledger);
    books::payments_agree_with_their_orders(&shop, &events).await;
    books::stock_agrees_with_orders_and_movements(&shop, &events, ARTICLES).await;
}

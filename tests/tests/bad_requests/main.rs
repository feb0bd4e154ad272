//! What is wrong with a request is said as a problem (RFC 9457), costs nobody else anything, and writes nothing:
//! over real connections, to the real program.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bodies;
mod clients;
mod state;
mod wire;

use daybook_tests::shop::{On, TestShop};

/// A shop with ten mugs and a cart that has one of them; the cart's id and the log's end.
async fn with_cart(on: On, arguments: &[&str]) -> (TestShop, String, u64) {
    let shop = TestShop::start_on_with(on, arguments).await;
    let _ = shop.put_product("MUG", 1299).await;
    let _ = shop.receive("MUG", 10).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let head = shop.settled().await;
    (shop, cart, head)
}

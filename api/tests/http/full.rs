//! More customers than can be served.

use crate::common::shop;
use axum::http::Method;
use daybook_api::Limits;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn when_the_shop_is_full_new_carts_are_refused_and_whoever_has_one_goes_on_and_pays() {
    let shop = shop().await;
    shop.stock("MUG", 1299, 10).await;
    let cart = shop.cart(&[("MUG", 1)]).await;
    let shop = shop.reopened(Limits { customers: 0, ..Limits::default() }).await;

    let fresh = shop.post("/carts", json!({ "currency": "GBP", "country": "GB" })).await;
    let copied = shop.ask(Method::POST, &format!("/carts/{cart}/copy"), &[], "").await;
    for refused in [fresh, copied] {
        refused.problem(503, "overloaded");
        assert_eq!(refused.header("retry-after"), "2");
    }
    let line = json!({ "sku": "MUG", "quantity": 2 });
    let added = shop.post(&format!("/carts/{cart}/lines"), line).await;
    assert_eq!(added.status, 200, "{}", added.json());
    let paid = shop.checkout(&cart, "tok_visa").await;
    assert_eq!(paid.status, 201, "{}", paid.json());
    shop.stopped().await;
}

//! A shopping day: everything people and staff do in a shop, in an order that follows from a seed.

use super::{ShopClient, text};
use crate::seed::Random;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const ARTICLES: &[&str] = &["MUG", "POT", "LAMP", "RUG", "SPOON", "CLOCK"];
const CUSTOMERS: &[&str] = &["17850", "13047", "anna"];
const TOKENS: &[&str] =
    &["tok_visa", "tok_visa", "tok_visa", "tok_declined", "tok_insufficient_funds", "tok_timeout_approved"];

/// What there is to look at after a day.
#[derive(Debug, Default)]
pub struct Day {
    carts: Vec<String>,
    orders: Vec<String>,
    number: u64,
}

impl Day {
    /// Opens the shop: products and stock.
    pub async fn begin(shop: &ShopClient, random: &mut Random) -> Self {
        let day = Self::default();
        let _ = shop.put("/locations/leeds", json!({ "name": "Leeds", "kind": "store" })).await.done();
        for sku in ARTICLES {
            day.put_product(shop, sku, random).await;
            let _ = shop.receive(sku, 20 + random.below(60) as u32).await;
        }
        day
    }

    /// Does so many things. Some of them the shop refuses; that is part of a day.
    pub async fn go_on(&mut self, shop: &ShopClient, random: &mut Random, things: usize) {
        for _ in 0..things {
            self.number += 1;
            match random.below(14) {
                0..=4 => self.shop_for_something(shop, random).await,
                5 => {
                    let sku = random.pick(ARTICLES);
                    self.put_product(shop, sku, random).await;
                }
                6 | 7 => move_stock(shop, random).await,
                8 => self.merge(shop, random).await,
                _ => self.see_to_an_order(shop, random).await,
            }
        }
    }

    async fn put_product(&self, shop: &ShopClient, sku: &str, random: &mut Random) {
        let status = if random.below(8) == 0 { "draft" } else { "published" };
        let product = json!({ "state": status, "title": format!("{sku} of number {}", self.number),
            "description": format!("A fine {}", sku.to_lowercase()), "brand": random.pick(&["Hay", "Iittala"]),
            "category": ["Home", random.pick(&["Kitchen", "Living"])],
            "attributes": { "colour": random.pick(&["red", "blue"]) },
            "variants": [{ "sku": sku, "prices": [
                { "minor": 100 + random.below(5_000), "currency": "GBP" } ] }] });
        let _ = shop.put(&format!("/products/p-{sku}"), product).await.done();
    }

    async fn shop_for_something(&mut self, shop: &ShopClient, random: &mut Random) {
        let lines: Vec<_> = (0..1 + random.below(3))
            .map(|_| json!({ "sku": random.pick(ARTICLES), "quantity": 1 + random.below(6) }))
            .collect();
        let customer = random.pick(CUSTOMERS);
        let body = json!({ "currency": "GBP", "country": "GB", "customer_id": customer, "lines": lines });
        let made = shop.post("/carts", body).await;
        if made.status != 201 {
            // Something in it is a draft just now.
            made.problem(422, "unknown-sku");
            return;
        }
        let cart = text(&made.json()["id"]);
        self.carts.push(cart.clone());
        if random.below(3) == 0 {
            let change = json!({ "quantity": 1 + random.below(9) });
            let path = format!("/carts/{cart}/lines/1");
            let changed = shop.ask(Method::PATCH, &path, &[], Some(&change)).await.expect("the shop answers");
            let _ = changed.expect(200);
        }
        match random.below(6) {
            0 => {}
            1 => {
                let gone = shop.ask(Method::DELETE, &format!("/carts/{cart}"), &[], None).await;
                let _ = gone.expect("the shop answers").expect(200);
            }
            _ => {
                let body = json!({ "payment_token": random.pick(TOKENS), "reference": format!("PO-{}", self.number),
                    "charges": [{ "kind": "shipping", "label": "post", "amount": { "minor": 395, "currency": "GBP" } }] });
                let answer = shop.post(&format!("/carts/{cart}/checkout"), body).await.json();
                if let Some(order) = answer.get("order_id").or(answer.get("id")) {
                    self.orders.push(text(order));
                }
            }
        }
    }

    async fn merge(&mut self, shop: &ShopClient, random: &mut Random) {
        if self.carts.len() > 1 {
            let (from, into) = (random.pick(&self.carts), random.pick(&self.carts));
            let _ = shop.post(&format!("/carts/{from}/merge"), json!({ "into": into })).await;
        }
    }

    async fn see_to_an_order(&self, shop: &ShopClient, random: &mut Random) {
        if self.orders.is_empty() {
            return;
        }
        let order = random.pick(&self.orders);
        let one = json!([{ "line_id": 1, "quantity": 1 }]);
        let (what, body) = match random.below(7) {
            0 => ("cancel", json!({ "reason": "changed my mind" })),
            1 => ("ship", json!({ "lines": one, "carrier": "Royal Mail" })),
            2 | 3 => ("ship", json!({})),
            4 => ("deliver", json!({})),
            5 => (
                "credit",
                json!({ "kind": "discount", "label": "late", "amount": { "minor": 5, "currency": "GBP" } }),
            ),
            _ => {
                let condition = random.pick(&["sellable", "damaged"]);
                let lines = json!([{ "line_id": 1, "quantity": 1, "condition": condition }]);
                ("return", json!({ "lines": lines, "reason": "chipped" }))
            }
        };
        let answer = shop.post(&format!("/orders/{order}/{what}"), body).await;
        assert!(matches!(answer.status, 200 | 201 | 409 | 422), "{what}: {}", answer.text());
    }

    /// Everything the shop shows of it, by address.
    pub async fn views(&self, shop: &ShopClient) -> BTreeMap<String, Value> {
        let mut paths = vec!["/products?limit=200".to_owned()];
        paths.extend(["fine", "kitchen", "mug", "hay red"].map(|words| {
            format!("/search?q={}&limit=100&count=exact&facets=true", words.replace(' ', "%20"))
        }));
        for sku in ARTICLES {
            paths.push(format!("/products/p-{sku}"));
            paths.push(format!("/products?sku={sku}"));
            paths.push(format!("/inventory/{sku}"));
            paths.push(format!("/inventory/{sku}/movements?limit=500"));
        }
        paths.extend(CUSTOMERS.iter().map(|customer| format!("/orders?customer_id={customer}&limit=200")));
        paths.extend(self.carts.iter().map(|cart| format!("/carts/{cart}")));
        paths.extend(self.orders.iter().map(|order| format!("/orders/{order}")));
        let mut views = BTreeMap::new();
        for path in paths {
            let mut view = shop.get(&path).await.expect(200).json();
            // Relevance counts products that are gone until the index is tidied up, so their order may differ.
            if let Some(hits) = view.get_mut("hits").and_then(Value::as_array_mut) {
                hits.sort_by_key(|hit| hit["id"].to_string());
            }
            views.insert(path, view);
        }
        views
    }
}

async fn move_stock(shop: &ShopClient, random: &mut Random) {
    let sku = random.pick(ARTICLES);
    let (what, body) = match random.below(5) {
        0 => ("adjust", json!({ "delta": 1 + random.below(3), "reason": "found behind a shelf" })),
        1 => ("count", json!({ "counted": 60 + random.below(60) })),
        2 => ("transfer", json!({ "from": "main", "to": "leeds", "quantity": 1 + random.below(4) })),
        3 => ("policy", json!({ "safety_stock": random.below(3), "backorder_limit": random.below(3) })),
        _ => ("receive", json!({ "quantity": 1 + random.below(30), "reference": "delivery note" })),
    };
    let answer = shop.post(&format!("/inventory/{sku}/{what}"), body).await;
    assert!(matches!(answer.status, 200 | 201 | 409 | 422), "{what}: {}", answer.text());
}

/// Fails the test, naming the first view that differs.
#[track_caller]
pub fn assert_same_views(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) {
    for (path, view) in before {
        assert_eq!(Some(view), after.get(path), "{path} is another view now");
    }
}

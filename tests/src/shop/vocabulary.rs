//! What the tests ask of a shop, in few words.

use super::{Answer, ShopClient};
use reqwest::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

impl ShopClient {
    /// Asks once; an error if the answer did not come whole.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> reqwest::Result<Answer> {
        let mut request = self.http.request(method, self.address() + path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        Answer::read(request.send().await?).await
    }

    /// Asks under a key until there is an answer that is final: through crashes and restarts.
    pub async fn insist(&self, path: &str, key: &str, body: &Value) -> Answer {
        for _ in 0..2_000 {
            match self.ask(Method::POST, path, &[("idempotency-key", key)], Some(body)).await {
                Ok(answer) if answer.status != 503 => return answer,
                _ => tokio::time::sleep(Duration::from_millis(15)).await,
            }
            self.ask_the_next();
        }
        panic!("{path} was never answered");
    }

    pub async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        self.ask(Method::GET, path, &[], None).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.expect("the shop answers")
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::POST, path, &[], Some(&body)).await.expect("the shop answers")
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.ask(Method::PUT, path, &[], Some(&body)).await.expect("the shop answers")
    }

    /// A published product with one SKU, at this price in pence.
    pub async fn put_product(&self, sku: &str, price_minor: i64) -> Answer {
        let product = json!({ "state": "published", "title": format!("Product {sku}"), "brand": "Daybook",
            "variants": [{ "sku": sku, "prices": [{ "minor": price_minor, "currency": "GBP" }] }] });
        self.put(&format!("/products/p-{sku}"), product).await.done()
    }

    pub async fn receive(&self, sku: &str, units: u32) -> Answer {
        self.post(&format!("/inventory/{sku}/receive"), json!({ "quantity": units })).await.expect(200)
    }

    /// A new cart with these lines; its id.
    pub async fn cart(&self, lines: &[(&str, u32)]) -> String {
        let made = self.post("/carts", cart_body(lines)).await.expect(201);
        text(&made.json()["id"])
    }

    pub async fn checkout(&self, cart: &str, token: &str) -> Answer {
        self.post(&format!("/carts/{cart}/checkout"), json!({ "payment_token": token })).await
    }

    pub async fn order(&self, id: &str) -> Value {
        self.get(&format!("/orders/{id}")).await.expect(200).json()
    }

    pub async fn stock(&self, sku: &str) -> Value {
        self.get(&format!("/inventory/{sku}")).await.expect(200).json()
    }

    /// The last position in the log.
    pub async fn head(&self) -> u64 {
        let feed = self.get("/events?limit=0").await.expect(200);
        feed.header("x-daybook-position").parse().expect("the feed says where the log ends")
    }

    /// Everything that happened, as CloudEvents.
    pub async fn events(&self) -> Vec<Value> {
        let feed = self.get("/events").await.expect(200);
        let lines = feed.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| serde_json::from_slice(line).expect("a feed has an event a line")).collect()
    }

    /// Waits until processes have nothing left to do and every read model shows it; answers the log's end.
    pub async fn settled(&self) -> u64 {
        let (mut head, mut quiet) = (self.head().await, 0);
        for _ in 0..1_000 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            let now = self.head().await;
            quiet = if now == head { quiet + 1 } else { 0 };
            head = now;
            if quiet >= 8 && undecided(&self.events().await).is_empty() {
                let fresh = format!("min_position={head}&wait_ms=20000");
                let _ = self.get(&format!("/products?{fresh}")).await.expect(200);
                let _ = self.get(&format!("/search?{fresh}")).await.expect(200);
                return head;
            }
        }
        panic!("undecided after a long time: {:?}", undecided(&self.events().await));
    }
}

/// The body that makes a cart with these lines.
#[must_use]
pub fn cart_body(lines: &[(&str, u32)]) -> Value {
    let lines: Vec<_> =
        lines.iter().map(|(sku, quantity)| json!({ "sku": sku, "quantity": quantity })).collect();
    json!({ "currency": "GBP", "lines": lines })
}

/// The text in a JSON value.
#[must_use]
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

/// Orders of checked out carts that are neither confirmed nor rejected nor cancelled, and such carts that do not know it
/// yet: a process tells them, which may have died in between.
fn undecided(events: &[Value]) -> Vec<String> {
    let of = |kinds: &[&str], member: &str| -> BTreeSet<String> {
        let events = events.iter().filter(|event| kinds.iter().any(|kind| event["type"] == *kind));
        events.map(|event| text(&event.pointer(member).cloned().unwrap_or_default())).collect()
    };
    let loose_ends = |ends: &[&str], member: &str| {
        of(&["CartCheckedOut"], member).difference(&of(ends, member)).cloned().collect::<Vec<_>>()
    };
    let orders = loose_ends(&["OrderConfirmed", "OrderRejected", "OrderCancelled"], "/data/order_id");
    [orders, loose_ends(&["CartOrdered", "CartAbandoned"], "/subject")].concat()
}

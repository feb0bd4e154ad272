//! Somebody who buys, asks again when the shop does not answer, and writes down every answer.

use super::{Answer, ShopClient, cart_body, text};
use crate::seed::Random;
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// What the gateway makes of these: yes, no, and "no answer" that turns out as yes or no.
const TOKENS: &[&str] = &["tok_visa", "tok_visa", "tok_visa", "tok_declined", "tok_timeout_approved"];

/// A request under its key, and what was acknowledged.
pub struct Acknowledged {
    path: String,
    key: String,
    body: Value,
    pub answer: Answer,
}

/// A cart that was made, and the checkout that was asked for.
pub struct Purchase {
    pub cart: Acknowledged,
    pub checkout: Acknowledged,
}

impl Purchase {
    pub fn cart_id(&self) -> String {
        text(&self.cart.answer.json()["id"])
    }
}

pub struct Buyer {
    number: usize,
    shop: ShopClient,
    random: Random,
}

impl Buyer {
    pub fn new(number: usize, shop: ShopClient, random: Random) -> Self {
        Self { number, shop, random }
    }

    pub async fn buy_until(mut self, closing: Arc<AtomicBool>) -> Vec<Purchase> {
        let mut ledger = Vec::new();
        while !closing.load(Ordering::Relaxed) {
            let purchase = self.buy(ledger.len()).await;
            ledger.push(purchase);
            if self.random.below(4) == 0 {
                let known = &ledger[self.random.below(ledger.len() as u64) as usize];
                assert_same(&known.checkout, &self.again(&known.checkout).await);
            }
        }
        ledger
    }

    async fn buy(&mut self, count: usize) -> Purchase {
        let skus: &[&[&str]] = &[&["MUG"], &["POT", "MUG"], &["LAMP"], &["LAMP", "POT"]];
        let units = 1 + self.random.below(3) as u32;
        let lines: Vec<_> = self.random.pick(skus).iter().map(|sku| (*sku, units)).collect();
        let key = format!("buyer-{}-purchase-{count}", self.number);
        let cart = self.ask("/carts".to_owned(), format!("{key}-cart"), cart_body(&lines)).await;
        assert_eq!(cart.answer.status, 201, "{}", cart.answer.text());
        let path = format!("/carts/{}/checkout", text(&cart.answer.json()["id"]));
        let body = json!({ "payment_token": self.random.pick(TOKENS) });
        let checkout = self.ask(path, format!("{key}-checkout"), body).await;
        assert!(matches!(checkout.answer.status, 201 | 202 | 402 | 409), "{}", checkout.answer.text());
        Purchase { cart, checkout }
    }

    async fn ask(&self, path: String, key: String, body: Value) -> Acknowledged {
        let answer = ask(&self.shop, &path, &key, &body).await;
        Acknowledged { path, key, body, answer }
    }

    async fn again(&self, known: &Acknowledged) -> Answer {
        ask(&self.shop, &known.path, &known.key, &known.body).await
    }
}

/// Asks until the answer is whole: a confirmed order is shown with it, unless the read models of that node are too far
/// behind. Then it is asked again, under the same key.
async fn ask(shop: &ShopClient, path: &str, key: &str, body: &Value) -> Answer {
    for _ in 0..600 {
        let answer = shop.insist(path, key, body).await;
        let is_confirmed = answer.status == 201 && answer.json()["state"] == "confirmed";
        if !is_confirmed || !answer.json()["order"].is_null() {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{key}: the order that is confirmed is never shown");
}

/// Asks everything once more under the same keys: every answer is what it was.
pub async fn ask_again_as_before(shop: &ShopClient, ledger: &[Purchase]) {
    for request in ledger.iter().flat_map(|purchase| [&purchase.cart, &purchase.checkout]) {
        let answer = ask(shop, &request.path, &request.key, &request.body).await;
        assert_same(request, &answer);
    }
}

/// An answer is final, except that an order once "placed" comes to its end.
fn assert_same(known: &Acknowledged, again: &Answer) {
    let (before, now) = (known.answer.json(), again.json());
    if known.answer.status != 202 {
        assert_eq!(known.answer.status, again.status, "{before} then {now}");
        for member in ["id", "order_id", "position", "version", "lines", "type"] {
            assert_eq!(before[member], now[member], "{member} of {}: {before} then {now}", known.key);
        }
    }
    let order = |answer: &Value| answer.get("order_id").or(answer.get("id")).cloned();
    assert_eq!(order(&before), order(&now), "{}", known.key);
}

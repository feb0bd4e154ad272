//! The shop that the document's examples are about: a published mug and a teapot in stock, and for each operation a cart,
//! an order or a payment in a state in which it can succeed.

use daybook_tests::shop::{ShopClient, TestShop, text};
use serde_json::{Value, json};
use std::{collections::BTreeMap, time::Duration};

/// Ids that the document makes up.
const CART: &str = "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90";
const OTHER_CART: &str = "0199a5b1-0d2f-7a63-9c4e-8b7a6d5c4e3f";
const ORDER: &str = "0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012";
const PAYMENT: &str = "0199a5b0-7c3e-8d44-b3a1-0c9d8e7f6a5b";
const SHIPMENT: &str = "0199a5c0-1a2b-7c3d-8e4f-5a6b7c8d9e0f";
const RETURN: &str = "0199a5c4-2b3c-7d4e-9f5a-6b7c8d9e0f1a";
const KEY: &str = "7Hq2mXa9";
const CREDIT: &str = "0199a5c8-3c4d-7e5f-8a6b-7c8d9e0f1a2b";

pub(crate) struct World {
    shop: ShopClient,
}

impl World {
    pub(crate) fn new(shop: &TestShop) -> Self {
        Self { shop: shop.client() }
    }

    /// Brings the shop into a state in which the operation can succeed; what stands for the ids that its examples make up.
    pub(crate) async fn before(&self, operation: &str) -> BTreeMap<&'static str, String> {
        let product = |sku: &str, price: i64| {
            json!({ "state": "published", "title": "An article", "variants": [
                { "sku": sku, "prices": [{ "minor": price, "currency": "GBP" }] }] })
        };
        let state = if operation == "publishProduct" { "draft" } else { "published" };
        let mut mug = product("MUG-RED", 1299);
        mug["state"] = state.into();
        self.put("/products/mug", &mug).await;
        self.put("/products/teapot", &product("TEAPOT", 2999)).await;
        self.put("/locations/shop-bath", &json!({ "name": "Bath", "kind": "warehouse" })).await;
        for sku in ["MUG-RED", "TEAPOT"] {
            self.post(&format!("/inventory/{sku}/receive"), &json!({ "quantity": 100 })).await;
        }
        let head = self.shop.head().await;
        let _ = self.shop.get(&format!("/products?min_position={head}")).await.expect(200);
        let _ = self.shop.get(&format!("/search?min_position={head}&wait_ms=20000")).await.expect(200);
        match operation {
            "confirmPayment" => BTreeMap::from([(PAYMENT, self.payment_to_confirm().await)]),
            "publishProduct" => BTreeMap::new(),
            "getKey" | "rotateKey" | "revokeKey" => {
                let made = self.post("/keys", &json!({ "name": operation, "roles": ["warehouse"] })).await;
                BTreeMap::from([(KEY, text(&made["key_id"]))])
            }
            _ => self.ids(operation).await,
        }
    }

    async fn ids(&self, operation: &str) -> BTreeMap<&'static str, String> {
        let cart = self.shop.cart(&[("MUG-RED", 2)]).await;
        let other = self.shop.cart(&[("TEAPOT", 1)]).await;
        let placed =
            self.shop.checkout(&self.shop.cart(&[("MUG-RED", 2)]).await, "tok_visa").await.expect(201).json();
        let order = text(&placed["id"]);
        let mut ids = BTreeMap::from([
            (CART, cart),
            (OTHER_CART, other),
            (PAYMENT, text(&placed["order"]["payment_id"])),
        ]);
        let path = format!("/orders/{order}");
        if ["deliverOrder", "returnGoods", "creditOrder", "getShipment", "getReturn", "getCredit"]
            .contains(&operation)
        {
            ids.insert(SHIPMENT, text(&self.post(&format!("{path}/ship"), &json!({})).await["shipment_id"]));
            self.captured(&path).await;
        }
        if ["returnGoods", "getReturn", "getCredit"].contains(&operation) {
            self.post(&format!("{path}/deliver"), &json!({})).await;
        }
        if operation == "getReturn" {
            let lines = json!({ "lines": [{ "line_id": 1, "quantity": 1 }] });
            ids.insert(RETURN, text(&self.post(&format!("{path}/return"), &lines).await["return_id"]));
        }
        if operation == "getCredit" {
            let credit =
                json!({ "kind": "discount", "label": "late", "amount": { "minor": 100, "currency": "GBP" } });
            ids.insert(CREDIT, text(&self.post(&format!("{path}/credit"), &credit).await["credit_id"]));
        }
        ids.insert(ORDER, order);
        let head = self.shop.head().await;
        let _ = self.shop.get(&format!("{path}?min_position={head}")).await.expect(200);
        ids
    }

    /// Waits until the price of what left was captured.
    async fn captured(&self, order: &str) {
        for _ in 0..500 {
            if self.shop.get(order).await.expect(200).json()["payment"]["state"] == "captured" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{order} was never captured");
    }

    /// A payment for which the gateway asked something of the customer.
    async fn payment_to_confirm(&self) -> String {
        let cart = self.shop.cart(&[("MUG-RED", 1)]).await;
        let placed = self.shop.checkout(&cart, "tok_action_required").await.expect(202).json();
        for _ in 0..500 {
            let order = self.shop.get(&format!("/orders/{}", text(&placed["id"]))).await;
            if order.status == 200 && order.json()["payment"]["state"] == "action_required" {
                return text(&order.json()["payment_id"]);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the gateway never asked for the customer");
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let answer = self.shop.post(path, body.clone()).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
        answer.json()
    }

    async fn put(&self, path: &str, body: &Value) {
        let answer = self.shop.put(path, body.clone()).await;
        assert!((200..300).contains(&answer.status), "{path}: {}", answer.text());
    }
}

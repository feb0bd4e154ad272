//! The descriptions of all routes, by topic, with examples.

pub(crate) mod admin;
pub(crate) mod audit;
pub(crate) mod carts;
pub(crate) mod feeds;
pub(crate) mod inventory;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod products;

use serde_json::{Value, json};

const CART: &str = "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90";
const ORDER: &str = "0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012";
const PAYMENT: &str = "0199a5b0-7c3e-8d44-b3a1-0c9d8e7f6a5b";

/// The usual answer of a command.
fn receipt(id: &str) -> Value {
    json!({ "id": id, "position": 4711, "version": 7 })
}

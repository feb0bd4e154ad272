//! A shop to put load on: products, prices, stock, made through the API like anybody would.

use crate::{client::Client, server::Server};
use anyhow::{Context as _, bail};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};

/// Words product titles are made of, so that searches find something and facets have values.
const ADJECTIVES: [&str; 16] = [
    "red", "blue", "white", "large", "small", "vintage", "wooden", "glass", "ceramic", "metal", "paper",
    "cotton", "silver", "golden", "striped", "floral",
];
const NOUNS: [&str; 16] = [
    "mug", "lantern", "heart", "bag", "clock", "candle", "frame", "bowl", "cushion", "lamp", "box",
    "bunting", "plate", "spoon", "ribbon", "card",
];
const BRANDS: [&str; 8] = ["Acorn", "Bramble", "Cobble", "Drift", "Ember", "Fable", "Grove", "Hearth"];

/// The SKU of product `number`.
pub(crate) fn sku(number: u64) -> String {
    format!("SKU{number:07}")
}

/// Puts `count` published products on the shelf, each with `stock` units, over several connections.
pub(crate) async fn stock_up(server: &Server, count: u64, stock: u32) -> anyhow::Result<()> {
    let mut workers = Vec::new();
    let connections = 32.min(count.max(1));
    for worker in 0..connections {
        let mut client = server.client().await?;
        workers.push(tokio::task::spawn_local(async move {
            for number in (worker..count).step_by(usize::try_from(connections)?) {
                put_product(&mut client, number).await?;
                if stock > 0 {
                    receive(&mut client, number, stock).await?;
                }
            }
            anyhow::Ok(())
        }));
    }
    for worker in workers {
        worker.await??;
    }
    settle(server).await
}

async fn put_product(client: &mut Client, number: u64) -> anyhow::Result<()> {
    let mut rng = StdRng::seed_from_u64(number);
    let adjective = ADJECTIVES[rng.random_range(0..16)];
    let noun = NOUNS[rng.random_range(0..16)];
    let body = json!({
        "title": format!("{adjective} {noun} {number}"),
        "description": format!("A {adjective} {noun} for every {} home.", ADJECTIVES[rng.random_range(0..16)]),
        "brand": BRANDS[rng.random_range(0..8)],
        "category": ["Home", noun],
        "attributes": { "colour": adjective, "weight_g": rng.random_range(50..2_000) },
        "variants": [{ "sku": sku(number), "prices": [{ "minor": rng.random_range(99..9_999), "currency": "GBP" }] }],
        "status": "published",
    });
    let path = format!("/products/P{number}");
    let answer =
        client.request("PUT", &path, &format!("put-{number}"), Some(&serde_json::to_vec(&body)?)).await?;
    expect(answer.status, &[200, 201], &answer.body, &path)
}

async fn receive(client: &mut Client, number: u64, units: u32) -> anyhow::Result<()> {
    let body = serde_json::to_vec(&json!({ "location": "MAIN", "quantity": units }))?;
    let path = format!("/inventory/{}/receive", sku(number));
    let answer = client.post(&path, &format!("receive-{number}"), &body).await?;
    expect(answer.status, &[200, 201], &answer.body, &path)
}

/// Waits until the read models show everything that was written.
pub(crate) async fn settle(server: &Server) -> anyhow::Result<()> {
    let mut client = server.client().await?;
    let head = head(&mut client).await?;
    let path = format!("/search?q=&limit=1&min_position={head}&wait_ms=30000");
    let answer = client.get(&path).await?;
    expect(answer.status, &[200], &answer.body, &path)
}

/// The last position in the log.
pub(crate) async fn head(client: &mut Client) -> anyhow::Result<u64> {
    let answer = client.get("/readyz").await?;
    let ready: Value = serde_json::from_slice(&answer.body)?;
    ready["position"].as_u64().context("/readyz does not say where the log ends")
}

/// Makes an unexpected answer an error that shows its body.
pub(crate) fn expect(status: u16, wanted: &[u16], body: &[u8], what: &str) -> anyhow::Result<()> {
    if wanted.contains(&status) {
        return Ok(());
    }
    bail!("{what}: {status} {}", String::from_utf8_lossy(&body[..body.len().min(400)]))
}

/// Numbers below `count`, the small ones far more often (Zipf with exponent 1, by inverse transform).
pub(crate) fn zipf(random: f64, count: u64) -> u64 {
    let rank = (count as f64).powf(random);
    (rank as u64).saturating_sub(1).min(count.saturating_sub(1))
}

/// Search words of the kind the products have; popular ones more often.
pub(crate) fn query(rng: &mut StdRng) -> String {
    let word = |words: &[&str; 16], rng: &mut StdRng| words[zipf(rng.random(), 16) as usize].to_owned();
    match rng.random_range(0..10) {
        0..=4 => word(&NOUNS, rng),
        5..=8 => format!("{}+{}", word(&ADJECTIVES, rng), word(&NOUNS, rng)),
        _ => format!("{}+{}", word(&NOUNS, rng), rng.random_range(0..1_000)),
    }
}

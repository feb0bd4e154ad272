//! A shop to put load on: products, prices and stock, made through the API like anybody would; and what is asked of
//! any shop before and after a measurement.

use crate::{data::Articles, load::Client, server::Server};
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

/// The SKU of product `number`.
pub(crate) fn sku(number: u64) -> Sku {
    Sku(number)
}

/// Shown without an allocation.
#[derive(Clone, Copy)]
pub(crate) struct Sku(u64);

impl std::fmt::Display for Sku {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SKU{:07}", self.0)
    }
}

impl Sku {
    pub(crate) fn parse<T: std::str::FromStr>(self) -> Result<T, T::Err> {
        self.to_string().parse()
    }
}

/// Commands of one bulk request.
const BULK: u64 = 500;

/// Puts `count` published products on the shelf, each with `stock` units.
pub(crate) async fn stock_up(server: &Server, count: u64, stock: u32) -> anyhow::Result<()> {
    let articles = Articles::get()?;
    let mut client = server.client().await?;
    for first in (0..count).step_by(usize::try_from(BULK)?) {
        let mut lines = String::new();
        for number in first..count.min(first + BULK) {
            let mut product = serde_json::to_value(articles.product(number)?)?;
            product["state"] = "published".into();
            let (path, key) = (format!("/products/P{number}"), format!("put-{number}"));
            let put = json!({ "method": "PUT", "path": path, "idempotency_key": key, "body": product });
            writeln!(lines, "{put}")?;
            if stock > 0 {
                let path = format!("/inventory/{}/receive", sku(number));
                let body = json!({ "quantity": stock });
                writeln!(
                    lines,
                    "{}",
                    json!({ "path": path, "idempotency_key": format!("r-{number}"), "body": body })
                )?;
            }
        }
        let answer = client.bulk(&lines).await?;
        answer.expect(&[200], "POST /commands")?;
        for line in answer.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            let outcome: Value = serde_json::from_slice(line)?;
            let status = outcome["status"].as_u64().unwrap_or(0);
            ensure!((200..300).contains(&status), "a product or its stock was refused: {outcome}");
        }
    }
    settle(server).await
}

/// Waits until the read models and the search show everything that was written.
pub(crate) async fn settle(server: &Server) -> anyhow::Result<()> {
    settle_within(server, Duration::from_secs(60)).await
}

pub(crate) async fn settle_within(server: &Server, patience: Duration) -> anyhow::Result<()> {
    let (mut client, start) = (server.client().await?, Instant::now());
    loop {
        let head = head(&mut client).await?;
        for path in ["/search?q=&limit=1", "/orders?limit=1"] {
            let joint = if path.contains('?') { '&' } else { '?' };
            let answer = client.get(format_args!("{path}{joint}min_position={head}&wait_ms=30000")).await?;
            if answer.status != 200 && start.elapsed() > patience {
                answer.expect(&[200], path)?;
            }
        }
        let ready = client.get("/readyz").await?.json()?;
        if ready["position"].as_u64() == Some(head) && ready["lag_events"].as_u64() == Some(0) {
            return Ok(());
        }
        ensure!(start.elapsed() < patience, "the read models do not come to rest: {ready}");
    }
}

/// The last position in the log.
pub(crate) async fn head(client: &mut Client) -> anyhow::Result<u64> {
    let ready = client.get("/readyz").await?.json()?;
    ready["position"].as_u64().context("/readyz does not say where the log ends")
}

/// What a stock view says.
pub(crate) struct Stock {
    pub(crate) on_hand: i64,
    pub(crate) reserved: i64,
    pub(crate) available: i64,
}

pub(crate) async fn stock(client: &mut Client, sku: Sku) -> anyhow::Result<Stock> {
    let answer = client.get(format_args!("/inventory/{sku}")).await?;
    answer.expect(&[200], "GET /inventory/{sku}")?;
    let shown = answer.json()?;
    let number = |name: &str| shown[name].as_i64().with_context(|| format!("no {name} in {shown}"));
    Ok(Stock { on_hand: number("on_hand")?, reserved: number("reserved")?, available: number("available")? })
}

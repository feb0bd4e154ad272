//! Orders per second: a cart with two lines, checked out, answered confirmed. Everything is on disk when the
//! answer comes. At the end: as many confirmed orders as were answered, and stock fell by what was sold.

use super::Effort;
use crate::{
    client::Client,
    load::{self, Operation, Shape},
    machine,
    report::Report,
    server::{self, Server},
    shop,
};
use serde_json::{Value, json};
use std::rc::Rc;

const PRODUCTS: u64 = 1_000;
const STOCK: u32 = 900_000;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = server::folder()?;
    let (server, _) = Server::start(&folder.path().join("shop")).await?;
    shop::stock_up(&server, PRODUCTS, STOCK).await?;
    let shape =
        Shape { connections: 384, warm_up: effort.warm_up(), duration: effort.duration(), rate: None };
    let before = machine::process(server.pid());
    let peak = load::run(server.address, shape, 0, operation()).await?;
    let after = machine::process(server.pid());
    let paced = Shape { rate: Some(peak.throughput() * 0.7), connections: 512, ..shape };
    let paced = load::run(server.address, paced, 1 << 32, operation()).await?;
    let mut report = Report::new("orders", "orders", true, &peak, &paced);
    if let (Some((_, cpu_before)), Some((rss, cpu_after))) = (before, after) {
        report.add("server_rss_mib", rss);
        report.add(
            "server_cpu_cores",
            (cpu_after - cpu_before) / (shape.duration + shape.warm_up).as_secs_f64(),
        );
    }
    check(&server, &mut report).await?;
    Ok(report)
}

/// One order of two lines.
pub(super) fn operation() -> Operation {
    Rc::new(|client, number| Box::pin(order(client, number)))
}

async fn order(client: &mut Client, number: u64) -> anyhow::Result<()> {
    let (first, second) = (number % PRODUCTS, (number * 7 + 1) % PRODUCTS);
    let body = format!(
        r#"{{"currency":"GBP","country":"GB","lines":[{{"sku":"{}","quantity":1}},{{"sku":"{}","quantity":2}}]}}"#,
        shop::sku(first),
        shop::sku(second),
    );
    let answer = client.post("/carts", &format!("o{number}"), body.as_bytes()).await?;
    shop::expect(answer.status, &[201], &answer.body, "POST /carts")?;
    let cart = field(&answer.body, "id")?;
    let path = format!("/carts/{cart}/checkout");
    let answer = client.post(&path, &format!("c{number}"), br#"{"payment_token":"tok_visa"}"#).await?;
    shop::expect(answer.status, &[201], &answer.body, "POST /carts/{id}/checkout")
}

/// A text field of a flat JSON answer, without parsing all of it.
pub(super) fn field(body: &[u8], name: &str) -> anyhow::Result<String> {
    let text = std::str::from_utf8(body)?;
    let start = text.find(&format!("\"{name}\":\"")).map(|at| at + name.len() + 4);
    let value = start.and_then(|start| text[start..].split('"').next());
    value.map(str::to_owned).ok_or_else(|| anyhow::anyhow!("no {name} in {text}"))
}

/// Sold and on hand add up for every SKU.
async fn check(server: &Server, report: &mut Report) -> anyhow::Result<()> {
    shop::settle(server).await?;
    let mut client = server.client().await?;
    let (mut reserved, mut wrong) = (0_i64, 0_u64);
    for number in 0..PRODUCTS {
        let answer = client.get(&format!("/inventory/{}", shop::sku(number))).await?;
        let stock: Value = serde_json::from_slice(&answer.body)?;
        let on_hand = stock["on_hand"].as_i64().unwrap_or(-1);
        reserved += stock["reserved"].as_i64().unwrap_or(0);
        wrong += u64::from(on_hand != i64::from(STOCK));
    }
    report.add("checked", json!({ "units_reserved": reserved, "skus_with_wrong_stock": wrong }));
    anyhow::ensure!(wrong == 0, "{wrong} SKUs do not have the stock they should");
    Ok(())
}

//! Orders per second: a cart with two lines, checked out, answered confirmed. Everything is on disk, and the order is
//! visible, when the answer comes. After the usual two loops comes one at a steady rate that does not depend on the
//! peak, so that latencies of two programs are compared under the same load. At the end: what was answered confirmed is reserved, no unit more or less, and the
//! shop as a whole holds together.

use super::Effort;
use crate::{
    folder, invariants,
    load::{Client, Operation, Outcome},
    report::Report,
    server::Server,
    shop::{self, Sku, sku},
    trial,
};
use anyhow::ensure;
use serde_json::json;
use std::{cell::Cell, rc::Rc};

const PRODUCTS: u64 = 1_000;
const STOCK: u32 = 900_000;
/// Orders per second of the loop at a steady rate, however high the peak is.
const STEADY_RATE: f64 = 800.0;
/// Orders of that loop have numbers from here.
const STEADY_FIRST: u64 = 1 << 40;
pub(super) const PAY: &str = r#"{"payment_token":"tok_visa"}"#;
/// Enough that group commits are full, few enough that an answer takes less than the target.
pub(super) const CONNECTIONS: usize = 384;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = folder::for_run()?;
    let data = folder.path().join("shop");
    let (server, _) = Server::start(&data).await?;
    shop::stock_up(&server, PRODUCTS, STOCK).await?;
    let confirmed = Rc::new(Cell::new(0));
    let operation = Rc::new(counting(confirmed.clone()));
    let trial = trial::both(&server, effort, CONNECTIONS, operation.clone()).await?;
    let steady =
        trial::paced_from(&server, effort, CONNECTIONS, STEADY_RATE, STEADY_FIRST, operation).await?;
    let mut report = Report::new("orders", true, &trial);
    report.count(&steady);
    report.add("steady_per_s", STEADY_RATE);
    for (name, percentile) in [("steady_p50_ms", 50.0), ("steady_p99_ms", 99.0), ("steady_p999_ms", 99.9)] {
        report.add(name, steady.measured.percentile_ms(percentile));
    }
    report.add("steady", serde_json::to_value(&steady.cost)?);
    shop::settle(&server).await?;
    let units = reserved(&server).await?;
    let agrees = units == 3 * confirmed.get() || (report.errors > 0 && units > 3 * confirmed.get());
    ensure!(agrees, "{} orders of 3 units were confirmed, {units} units are reserved", confirmed.get());
    report.add("confirmed", confirmed.get());
    report.add("verified_in_s", invariants::verify(server, &data)?);
    Ok(report)
}

/// One order of two lines; counts what was confirmed.
fn counting(confirmed: Rc<Cell<u64>>) -> impl Operation {
    async move |client: &mut Client, number: u64| {
        let outcome = order(client, number, PRODUCTS).await?;
        if outcome != Outcome::Refused {
            confirmed.set(confirmed.get() + 1);
        }
        Ok(outcome)
    }
}

/// One order of two lines, of the shop's `products`.
pub(crate) fn order_of_two_lines(products: u64) -> impl Operation {
    async move |client: &mut Client, number: u64| order(client, number, products).await
}

pub(super) async fn order(client: &mut Client, number: u64, products: u64) -> anyhow::Result<Outcome> {
    buy(client, number, [sku(number % products), sku((number * 7 + 1) % products)]).await
}

async fn buy(client: &mut Client, number: u64, [first, second]: [Sku; 2]) -> anyhow::Result<Outcome> {
    let cart = format_args!(
        r#"{{"currency":"GBP","country":"GB","lines":[{{"sku":"{first}","quantity":1}},{{"sku":"{second}","quantity":2}}]}}"#
    );
    let answer = client.post("/carts", format_args!("o{number}"), cart).await?;
    if answer.outcome(&[201], "POST /carts")? == Outcome::Refused {
        return Ok(Outcome::Refused);
    }
    let path = format!("/carts/{}/checkout", answer.id()?);
    let answer = client.post(path, format_args!("c{number}"), PAY).await?;
    answer.outcome(&[201], "POST /carts/{id}/checkout")
}

/// Units reserved over all SKUs; what is on hand must be what was delivered.
async fn reserved(server: &Server) -> anyhow::Result<u64> {
    let mut client = server.client().await?;
    let mut reserved = 0;
    for number in 0..PRODUCTS {
        let stock = shop::stock(&mut client, sku(number)).await?;
        let whole = stock.on_hand == i64::from(STOCK) && stock.available == stock.on_hand - stock.reserved;
        ensure!(whole, "{}: {}", sku(number), json!([stock.on_hand, stock.reserved, stock.available]));
        reserved += u64::try_from(stock.reserved)?;
    }
    Ok(reserved)
}

//! Orders per second while many customers are in 3-D Secure, a fifth of whom never come back: as fast as without them?
//! First a closed loop alone, then the same loop beside those who wait. At the end every customer who came back has a
//! confirmed order, and the shop holds together.

use super::{
    Effort,
    orders::{CONNECTIONS, order_of_two_lines},
};
use crate::{
    folder, invariants,
    load::{Client, Shape},
    report::{Report, round},
    server::Server,
    shop::{self, sku},
    trial,
};
use anyhow::{Context as _, ensure};
use daybook_domain::OrderId;
use serde_json::Value;
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

const PRODUCTS: u64 = 1_000;
const STOCK: u32 = 900_000;
/// Customers whose bank asks them something.
const IN_ACTION: u64 = 10_000;
/// One in so many never comes back.
const NEVER_BACK: u64 = 5;
/// Connections on which the waiting customers check out and come back.
const ASKED: u64 = 64;
const PAY_WITH_ACTION: &str = r#"{"payment_token":"tok_action_required"}"#;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = folder::for_run()?;
    let data = folder.path().join("shop");
    let (server, _) = Server::start(&data).await?;
    shop::stock_up(&server, PRODUCTS, STOCK).await?;
    let operation = Rc::new(order_of_two_lines(PRODUCTS));
    let shape = Shape::closed(CONNECTIONS, effort.warm_up(), effort.duration());
    let without = trial::one(&server, &shape, 0, operation.clone()).await?;

    let customers = effort.scale(IN_ACTION);
    let asked = check_out_all(&server, customers).await?;
    let back: Vec<OrderId> = every_but(&asked, NEVER_BACK);
    let duration = effort.warm_up() + effort.duration();
    // Other numbers than the open loop has: an order under a key that was used is only looked up.
    let load = trial::one(&server, &shape, 1 << 40, operation.clone());
    let (with, came_back) = tokio::join!(load, come_back(&server, &back, duration));
    came_back?;
    let with = with?;
    let rate = without.measured.throughput() * 0.7;
    let paced = trial::paced(&server, effort, CONNECTIONS * 2, rate, operation).await?;

    shop::settle(&server).await?;
    ensure_confirmed(&server, &back).await?;
    let mut report = Report::bare("orders", true, with.measured.throughput());
    report.latencies(&paced.measured.latencies_us);
    for part in [&without, &with, &paced] {
        report.count(part);
    }
    report.add("in_3d_secure", customers);
    report.add("never_back", customers - back.len() as u64);
    report.add("without_them_per_s", round(without.measured.throughput()));
    report.add("share_of_without", round(with.measured.throughput() / without.measured.throughput()));
    report.add("open_loop_per_s", round(paced.measured.throughput()));
    (report.peak, report.paced) = (Some(with.cost), Some(paced.cost));
    report.add("verified_in_s", invariants::verify(server, &data)?);
    Ok(report)
}

/// Carts checked out with a card whose bank asks the customer something; their orders wait.
async fn check_out_all(server: &Server, customers: u64) -> anyhow::Result<Vec<OrderId>> {
    let groups = (0..ASKED).map(|group| async move {
        let mut client = server.client().await?.with_headers("Prefer: wait=0\r\n");
        let mut orders = Vec::new();
        for number in (group..customers).step_by(usize::try_from(ASKED)?) {
            orders.push(check_out(&mut client, number).await?);
        }
        anyhow::Ok(orders)
    });
    Ok(futures::future::try_join_all(groups).await?.concat())
}

async fn check_out(client: &mut Client, number: u64) -> anyhow::Result<OrderId> {
    let line = sku(number % PRODUCTS);
    let cart =
        format_args!(r#"{{"currency":"GBP","country":"GB","lines":[{{"sku":"{line}","quantity":1}}]}}"#);
    let answer = client.post("/carts", format_args!("a{number}"), cart).await?;
    answer.expect(&[201], "POST /carts")?;
    let path = format!("/carts/{}/checkout", answer.id()?);
    let answer = client.post(path, format_args!("b{number}"), PAY_WITH_ACTION).await?;
    answer.expect(&[202], "the checkout of a customer who is asked something")?;
    Ok(answer.id()?.to_string().parse()?)
}

/// All of `orders` but one in `share`.
fn every_but(orders: &[OrderId], share: u64) -> Vec<OrderId> {
    let numbered = (0_u64..).zip(orders);
    numbered.filter(|(number, _)| number % share != 0).map(|(_, order)| *order).collect()
}

/// The customers come back one after the other, spread over `duration`.
async fn come_back(server: &Server, orders: &[OrderId], duration: Duration) -> anyhow::Result<()> {
    let mut client = server.client().await?;
    let (start, count) = (Instant::now(), orders.len().max(1) as f64);
    for (number, order) in orders.iter().enumerate() {
        let due = duration.mul_f64(number as f64 / count);
        tokio::time::sleep_until((start + due).into()).await;
        let path = format!("/payments/{}/confirm", order.payment_id());
        let answer = client.post(path, format_args!("back-{order}"), "{}").await?;
        answer.expect(&[200], "POST /payments/{id}/confirm")?;
    }
    Ok(())
}

/// Whoever came back has what was ordered; waits a while for the last ones.
async fn ensure_confirmed(server: &Server, orders: &[OrderId]) -> anyhow::Result<()> {
    let (mut client, start) = (server.client().await?, Instant::now());
    for order in orders {
        loop {
            let shown: Value = client.get(format_args!("/orders/{order}")).await?.json()?;
            let state = shown["state"].as_str().with_context(|| format!("no state in {shown}"))?;
            if state == "confirmed" {
                break;
            }
            ensure!(start.elapsed() < Duration::from_secs(60), "{order} was paid for and is {state}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

//! One shop on several processes: PostgreSQL as the store, NATS JetStream as the stream, one node that takes commands
//! and relays, one that projects from NATS and answers queries. How long from a command's answer until another
//! program has its event from NATS, and until the other node shows it; and how many events a second relay and
//! projector take. At the end a subscriber has every event once and in order, and the other node shows the same stock.

mod followers;
mod nodes;

use super::Effort;
use crate::{
    load::{self, Client, Operation, Schedule, Shape, histogram, percentile_ms},
    report::{Report, round},
    shop::{self, sku},
};
use anyhow::ensure;
use followers::Follower;
use hdrhistogram::Histogram;
use nodes::Nodes;
use serde_json::{Value, json};
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

const PRODUCTS: u64 = 1_000;
const LOAD_PER_S: f64 = 500.0;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let nodes = Nodes::start().await?;
    let follower = Follower::start(&nodes.nats.url()).await?;
    shop::stock_up(&nodes.commands, PRODUCTS, 1_000).await?;
    shop::settle_within(&nodes.queries, Duration::from_secs(60)).await?;
    let length = effort.warm_up() + effort.duration();
    let shape = Shape::open(64, effort.warm_up(), Schedule::steady(LOAD_PER_S, length));
    let address = nodes.commands.address;
    let load =
        tokio::task::spawn_local(async move { load::run(address, &shape, 0, Rc::new(deliveries())).await });
    tokio::time::sleep(effort.warm_up()).await;
    let seen = probe(&nodes, &follower, effort.duration() - Duration::from_secs(1)).await?;
    let load = load.await??;
    ensure!(load.errors + load.refused == 0, "the load was not served: {:?}", load.first_error);
    let mut report = Report::bare("events", true, 0.0);
    report.latencies(&seen.projected_us);
    report.add("load_per_s", LOAD_PER_S);
    report.add("acknowledged_to_nats", figures(&seen.told_us));
    report.add("acknowledged_to_other_node", figures(&seen.projected_us));
    rush(&nodes, effort, &mut report).await?;
    check(&nodes, &follower).await?;
    nodes.backlog(&mut report).await?;
    Ok(report)
}

pub(super) fn figures(latencies_us: &Histogram<u64>) -> Value {
    let ms = |percentile| percentile_ms(latencies_us, percentile);
    json!({ "p50_ms": ms(50.0), "p99_ms": ms(99.0), "max_ms": ms(100.0), "probes": latencies_us.len() })
}

/// One delivery a time.
fn deliveries() -> impl Operation {
    async move |client: &mut Client, number: u64| {
        let path = format_args!("/inventory/{}/receive", sku(number % PRODUCTS));
        let answer = client.post(path, format_args!("d{number}"), r#"{"quantity":1}"#).await?;
        answer.outcome(&[200, 201], "POST /inventory/{sku}/receive")
    }
}

struct Seen {
    told_us: Histogram<u64>,
    projected_us: Histogram<u64>,
}

/// One command after the other, each followed to both places at once.
async fn probe(nodes: &Nodes, follower: &Follower, duration: Duration) -> anyhow::Result<Seen> {
    let mut seen = Seen { told_us: histogram()?, projected_us: histogram()? };
    let (mut to, mut from) = (nodes.commands.client().await?, nodes.queries.client().await?);
    let end = Instant::now() + duration;
    for number in (0..).take_while(|_| Instant::now() < end) {
        let sku = sku(number % PRODUCTS);
        let path = format_args!("/inventory/{sku}/receive");
        let answer = to.post(path, format_args!("p{number}"), r#"{"quantity":1}"#).await?;
        answer.expect(&[200, 201], "POST /inventory/{sku}/receive")?;
        let (position, acknowledged) = (answer.number("position")?, Instant::now());
        let shown = async {
            let path = format_args!("/inventory/{sku}?min_position={position}&wait_ms=30000");
            from.get(path).await?.expect(&[200], "GET /inventory/{sku} on the other node")?;
            anyhow::Ok(acknowledged.elapsed())
        };
        let (told, shown) = tokio::join!(follower.has(position), shown);
        // An event may be told before its command's answer has come back to us.
        seen.told_us.saturating_record(told?.saturating_duration_since(acknowledged).as_micros() as u64);
        seen.projected_us.saturating_record(shown?.as_micros() as u64);
        tokio::time::sleep(Duration::from_millis(number % 11)).await;
    }
    Ok(seen)
}

/// As many commands as the first node takes: how many events a second pass through log, relay and projector, and how
/// long the last is behind when it ends.
async fn rush(nodes: &Nodes, effort: Effort, report: &mut Report) -> anyhow::Result<()> {
    let before = shop::head(&mut nodes.commands.client().await?).await?;
    let shape = Shape::closed(256, Duration::ZERO, effort.duration());
    let start = Instant::now();
    let load = load::run(nodes.commands.address, &shape, 1 << 40, Rc::new(deliveries())).await?;
    let logged = start.elapsed().as_secs_f64();
    let head = shop::head(&mut nodes.commands.client().await?).await?;
    nodes.relayed(head).await?;
    let relayed = start.elapsed().as_secs_f64();
    shop::settle_within(&nodes.queries, Duration::from_secs(300)).await?;
    let projected = start.elapsed().as_secs_f64();
    let events = (head - before) as f64;
    report.throughput_per_s = events / projected;
    report.errors += load.errors + load.refused;
    report.add("logged_events_per_s", round(events / logged));
    report.add("relayed_events_per_s", round(events / relayed));
    report.add("projected_events_per_s", round(events / projected));
    report.add("projector_behind_at_the_end_s", round(projected - logged));
    Ok(())
}

/// Both nodes show the same, and the subscriber has all.
async fn check(nodes: &Nodes, follower: &Follower) -> anyhow::Result<()> {
    let (mut one, mut other) = (nodes.commands.client().await?, nodes.queries.client().await?);
    let head = shop::head(&mut one).await?;
    follower.has(head).await?;
    follower.whole(head)?;
    shop::settle_within(&nodes.queries, Duration::from_secs(60)).await?;
    let mut units = 0;
    for number in 0..PRODUCTS {
        units += shop::stock(&mut other, sku(number)).await?.on_hand;
    }
    // Each product was delivered once with a thousand units, then one unit an event.
    let deliveries = i64::try_from(head)? - 2 * i64::try_from(PRODUCTS)?;
    let expected = 1_000 * i64::try_from(PRODUCTS)? + deliveries;
    ensure!(units == expected, "the other node shows {units} units, {expected} were delivered");
    Ok(())
}

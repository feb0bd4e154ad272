//! How long it takes from a command's answer until a reader sees what it did: in the read models (by waiting for the
//! position, as clients do) and in the search (by looking again and again, since waiting would hurry it). Both on an
//! idle server and beside 2,000 cart commands a second; the figures at the top are those under load.

use super::{
    Effort,
    cart::{FEW, add_line, open_carts},
};
use crate::{
    folder,
    load::{self, Client, Schedule, Shape, histogram, percentile_ms},
    report::Report,
    server::Server,
    shop::{self, sku},
};
use anyhow::ensure;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::{
    rc::Rc,
    time::{Duration, Instant},
};

const PRODUCTS: u64 = 1_000;
const LOAD_PER_S: f64 = 2_000.0;
const LOOK_AGAIN: Duration = Duration::from_millis(10);

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = folder::for_run()?;
    let (server, _) = Server::start(&folder.path().join("shop")).await?;
    shop::stock_up(&server, PRODUCTS, 1_000).await?;
    let idle = Seen::probe(&server, effort.duration() / 2, 0).await?;
    let carts = Rc::new(open_carts(&server, FEW).await?);
    let length = effort.warm_up() + effort.duration();
    let shape = Shape::open(128, effort.warm_up(), Schedule::steady(LOAD_PER_S, length));
    let operation = Rc::new(add_line(FEW, carts, Rc::default()));
    let load = tokio::task::spawn_local({
        let address = server.address;
        async move { load::run(address, &shape, 0, operation).await }
    });
    tokio::time::sleep(effort.warm_up()).await;
    let loaded = Seen::probe(&server, effort.duration() - Duration::from_secs(1), 1 << 32).await?;
    let load = load.await??;
    ensure!(load.errors + load.refused == 0, "the load was not served: {:?}", load.first_error);
    let reads = loaded.reads_us.len();
    let mut report = Report::bare("probes", true, reads as f64 / effort.duration().as_secs_f64());
    report.latencies(&loaded.reads_us);
    report.add("load_per_s", load.throughput().round());
    report.add("reads_idle", figures(&idle.reads_us));
    report.add("search_idle", figures(&idle.search_us));
    report.add("search_under_load", figures(&loaded.search_us));
    Ok(report)
}

fn figures(latencies_us: &Histogram<u64>) -> Value {
    let ms = |percentile| percentile_ms(latencies_us, percentile);
    json!({ "p50_ms": ms(50.0), "p99_ms": ms(99.0), "max_ms": ms(100.0), "probes": latencies_us.len() })
}

/// How long it took until it was seen.
struct Seen {
    reads_us: Histogram<u64>,
    search_us: Histogram<u64>,
}

impl Seen {
    async fn probe(server: &Server, duration: Duration, first: u64) -> anyhow::Result<Self> {
        let mut seen = Self { reads_us: histogram()?, search_us: histogram()? };
        let end = Instant::now() + duration;
        let (mut client, mut other) = (server.client().await?, server.client().await?);
        let in_reads = async {
            for number in (first..).take_while(|_| Instant::now() < end) {
                seen.reads_us.saturating_record(until_read(&mut client, number).await?);
                tokio::time::sleep(Duration::from_millis(number % 7)).await;
            }
            anyhow::Ok(())
        };
        let in_search = async {
            for number in (first..).take_while(|_| Instant::now() < end) {
                seen.search_us.saturating_record(until_found(&mut other, number).await?);
                tokio::time::sleep(Duration::from_millis(number * 13 % 97)).await;
            }
            anyhow::Ok(())
        };
        tokio::try_join!(in_reads, in_search)?;
        Ok(seen)
    }
}

/// Microseconds from a delivery's answer until its stock shows it.
async fn until_read(client: &mut Client, number: u64) -> anyhow::Result<u64> {
    let sku = sku(number % PRODUCTS);
    let body = r#"{"quantity":1}"#;
    let answer =
        client.post(format_args!("/inventory/{sku}/receive"), format_args!("v{number}"), body).await?;
    answer.expect(&[200, 201], "POST /inventory/{sku}/receive")?;
    let (position, acknowledged) = (answer.number("position")?, Instant::now());
    let path = format_args!("/inventory/{sku}?min_position={position}&wait_ms=30000");
    let answer = client.get(path).await?;
    answer.expect(&[200], "GET /inventory/{sku}")?;
    let took = acknowledged.elapsed().as_micros() as u64;
    ensure!(answer.json()?["position"].as_u64() >= Some(position), "an older stock was shown than asked for");
    Ok(took)
}

/// Microseconds from a changed title's answer until the search finds it.
async fn until_found(client: &mut Client, number: u64) -> anyhow::Result<u64> {
    let product = number % PRODUCTS;
    let mut made = serde_json::to_value(crate::data::Articles::get()?.product(product)?)?;
    made["title"] = format!("probe{number}").into();
    made["state"] = "published".into();
    let path = format_args!("/products/P{product}");
    let answer = client.command("PUT", path, format_args!("t{number}"), made).await?;
    answer.expect(&[200, 201], "PUT /products/{id}")?;
    let acknowledged = Instant::now();
    let path = format!("/search?q=probe{number}&limit=1");
    while client.get(&path).await?.json()?["hits"].as_array().is_none_or(Vec::is_empty) {
        ensure!(acknowledged.elapsed() < Duration::from_secs(60), "probe{number} is never found");
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(acknowledged.elapsed().as_micros() as u64)
}

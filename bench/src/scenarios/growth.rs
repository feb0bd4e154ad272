//! What stays as it is while a shop grows: the same figures at a hundred thousand, a million and ten million events,
//! with a tenth as many products. The figures at the top are the largest shop's; `largest_to_smallest` says by what
//! each changed on the way.

use super::{
    Effort,
    orders::{CONNECTIONS, order_of_two_lines},
    product::by_id,
    search::asking,
};
use crate::{
    data::{Articles, Prepared, Size, copy_of},
    load::{Operation, Schedule, Shape},
    machine::bytes_below,
    report::{Report, round},
    server::Server,
    shop,
    trial::{self, Part},
};
use serde_json::{Map, Value, json};
use std::{rc::Rc, time::Duration};

const EVENTS: [u64; 3] = [100_000, 1_000_000, 10_000_000];
const DURATION: Duration = Duration::from_secs(4);
const WARM_UP: Duration = Duration::from_secs(2);
/// All are below what any of the shops can do, so that latencies can be compared.
const PACED_READS_PER_S: f64 = 5_000.0;
const PACED_SEARCHES_PER_S: f64 = 1_000.0;
const PACED_ORDERS_PER_S: f64 = 1_000.0;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let mut report = Report::bare("orders", true, 0.0);
    let mut shops = Vec::new();
    for events in EVENTS {
        let shown = measure(Size::of_events(effort.scale(events)), &mut report).await?;
        report.add(&format!("events_{}", effort.scale(events)), Value::Object(shown.clone()));
        shops.push(shown);
    }
    let (first, last) = (&shops[0], &shops[shops.len() - 1]);
    let ratios = first.iter().filter_map(|(name, smallest)| {
        let ratio = last.get(name)?.as_f64()? / smallest.as_f64().filter(|number| *number > 0.0)?;
        Some((name.clone(), Value::from(round(ratio))))
    });
    let ratios: Map<String, Value> = ratios.collect();
    report.add("largest_to_smallest", Value::Object(ratios));
    Ok(report)
}

async fn measure(size: Size, report: &mut Report) -> anyhow::Result<Map<String, Value>> {
    let (_folder, data) = copy_of(&Prepared::of(size).await?)?;
    // The first start may have to make things again, if a newer program has come.
    let (server, _) = Server::start(&data).await?;
    shop::settle_within(&server, Duration::from_secs(1_800)).await?;
    server.stop()?;
    let (server, ready) = Server::start(&data).await?;
    shop::settle(&server).await?;
    let events = shop::head(&mut server.client().await?).await?;
    let rss = server.process().rss_mib();
    let articles = Articles::get()?;
    let searches = Rc::new((0..50_000).map(|number| articles.search(number)).collect::<Vec<_>>());
    let product = both(&server, 64, PACED_READS_PER_S, 0, Rc::new(by_id(size.products))).await?;
    let search = both(&server, 64, PACED_SEARCHES_PER_S, 0, Rc::new(asking(searches))).await?;
    // Numbers that no order of the shop's making had.
    let orders =
        both(&server, CONNECTIONS, PACED_ORDERS_PER_S, 1 << 60, Rc::new(order_of_two_lines(size.products)))
            .await?;
    shop::settle(&server).await?;
    report.throughput_per_s = orders[0].measured.throughput();
    report.latencies(&orders[1].measured.latencies_us);
    for part in product.iter().chain(&search).chain(&orders) {
        report.count(part);
    }
    let shown = json!({
        "events": events,
        "products": size.products,
        "start_ms": ready.as_millis() as u64,
        "rss_after_start_mib": rss,
        "rss_after_load_mib": server.process().rss_mib(),
        "log_mib": bytes_below(&data.join("log")) >> 20,
        "read_models_and_search_mib": bytes_below(&data.join("read")) >> 20,
        "product_per_s": round(product[0].measured.throughput()),
        "product_p99_ms": product[1].measured.percentile_ms(99.0),
        "search_per_s": round(search[0].measured.throughput()),
        "search_p99_ms": search[1].measured.percentile_ms(99.0),
        "orders_per_s": round(orders[0].measured.throughput()),
        "orders_p99_ms": orders[1].measured.percentile_ms(99.0),
    });
    server.stop()?;
    let Value::Object(shown) = shown else { anyhow::bail!("an object was built") };
    Ok(shown)
}

/// The peak, and latency at a fixed rate.
async fn both(
    server: &Server,
    connections: usize,
    rate: f64,
    first: u64,
    operation: Rc<impl Operation>,
) -> anyhow::Result<[Part; 2]> {
    let shape = Shape::closed(connections, WARM_UP, DURATION);
    let peak = trial::one(server, &shape, first, operation.clone()).await?;
    let shape = Shape::open(connections, WARM_UP, Schedule::steady(rate, WARM_UP + DURATION));
    Ok([peak, trial::one(server, &shape, first + (1 << 40), operation).await?])
}

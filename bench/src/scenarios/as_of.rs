//! How long an analyst waits for a read model of the past: `daybook-replay as-of` on the imported year, from starting
//! the program to its whole answer, for orders, stock, carts and products at many times; a search of the past, which
//! needs the events of the whole shop, is told apart. At the end: as of now is what the live shop shows.

use super::{Effort, export::replay, year::Year};
use crate::{
    load::{histogram, percentile_ms},
    report::{Report, round},
    server::Server,
};
use anyhow::ensure;
use daybook_event_log::{EmbeddedLog, EventLog, Position};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Instant};

/// Aggregate, what the program calls its read model, and where the live shop shows it.
const KINDS: [(&str, &str, &str); 4] = [
    ("order", "order", "/orders"),
    ("inventory", "stock", "/inventory"),
    ("cart", "cart", "/carts"),
    ("product", "product", "/products"),
];

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let year = Year::get().await?;
    let each = usize::try_from(effort.scale(100))?;
    let mut all = histogram()?;
    let mut report = Report::bare("answers", false, 0.0);
    let start = Instant::now();
    let mut latest = Vec::new();
    for (aggregate, what, path) in KINDS {
        let mut latencies_us = histogram()?;
        for (position, id) in found(&year, aggregate, each).await? {
            let began = Instant::now();
            let shown = ask(&year, &["--position", &position.to_string(), what, &id])?;
            let took = began.elapsed().as_micros() as u64;
            ensure!(shown.is_object(), "{what} {id} at {position} is {shown}");
            latencies_us.saturating_record(took);
            all.saturating_record(took);
            latest.push((what, path, id));
        }
        let ms = |percentile| percentile_ms(&latencies_us, percentile);
        report.add(what, json!({ "p50_ms": ms(50.0), "p99_ms": ms(99.0), "answers": latencies_us.len() }));
    }
    report.throughput_per_s = round(all.len() as f64 / start.elapsed().as_secs_f64());
    report.latencies(&all);
    let began = Instant::now();
    let found = ask(&year, &["--occurred", "2011-06-30", "search", "white mug"])?;
    report.add("search_s", round(began.elapsed().as_secs_f64()));
    ensure!(found["hits"].as_array().is_some_and(|hits| !hits.is_empty()), "no white mug in June: {found}");
    report.add("compared_with_live", compare(&year, &latest).await?);
    Ok(report)
}

fn ask(year: &Year, arguments: &[&str]) -> anyhow::Result<Value> {
    replay(year, &[&["as-of"], arguments].concat())
}

/// Positions spread over the log where something happened to one of the kind, with its id.
async fn found(year: &Year, aggregate: &str, count: usize) -> anyhow::Result<Vec<(u64, String)>> {
    let log = EmbeddedLog::open_read_only(year.data.join("log"))?;
    let mut found = Vec::new();
    for step in 1..=count as u64 {
        let from = year.events / (count as u64 + 1) * step;
        let page = log.read_all(Position::new(from), 20_000).await?;
        if let Some(event) = page.iter().find(|event| event.aggregate() == aggregate) {
            found.push((event.position().get(), event.aggregate_id().to_owned()));
        }
    }
    // Products are all made at the beginning.
    if found.is_empty() {
        let page = log.read_all(Position::new(1), 4_000).await?;
        let those = page.iter().filter(|event| event.aggregate() == aggregate).take(count);
        found.extend(those.map(|event| (year.events, event.aggregate_id().to_owned())));
    }
    ensure!(!found.is_empty(), "no {aggregate} was found in the year");
    Ok(found)
}

/// As of the log's end each is what the live shop shows; answers how many were compared.
async fn compare(year: &Year, latest: &[(&str, &str, String)]) -> anyhow::Result<usize> {
    let (server, _) = Server::start(&year.data).await?;
    let mut client = server.client().await?;
    let mut live = Vec::new();
    for (what, path, id) in latest.iter().collect::<BTreeSet<_>>().into_iter().step_by(7) {
        live.push((what, id, client.get(format_args!("{path}/{id}")).await?.json()?));
    }
    server.stop()?;
    for (what, id, live) in &live {
        let past = ask(year, &["--position", &year.events.to_string(), what, id])?;
        ensure!(past == *live, "{what} {id} as of the end is {past}, live it is {live}");
    }
    Ok(live.len())
}

//! How long a shop on two nodes stands still when the node that runs its processes, its relay and its read models dies
//! with -9: until the other one does each of these, and until a checkout begun at that moment is answered confirmed.
//! PostgreSQL is the store and has the read models. At the end every confirmed order's unit is reserved, once.

use super::{Effort, orders::PAY, stream_latency::figures};
use crate::{
    folder,
    load::histogram,
    report::{Report, round},
    server::Server,
    shop::{self, sku},
};
use anyhow::ensure;
use daybook_tests::servers::{nats::NatsServer, postgres::PostgresServer};
use serde_json::Value;
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

const STOCK: u32 = 10_000;

type Shows = fn(&Value) -> bool;

/// What moves from one node to the other, as `/readyz` shows it.
const DUTIES: [(&str, Shows); 3] = [
    ("processes", |ready| ready["runs_processes"] == true),
    ("relay", |ready| ready["relay"]["active"] == true),
    ("read_models", |ready| ready["projects"] == true),
];
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let (postgres, nats) = (PostgresServer::start(&[]).await?, NatsServer::start().await?);
    let (store, reads) = (postgres.database().await?, postgres.database().await?);
    let folder = folder::for_run()?;
    let start = async |name: &str| -> anyhow::Result<Server> {
        let data: PathBuf = folder.path().join(name);
        let options = ["--store", &store, "--read-store", &reads, "--nats", &nats.url()];
        Ok(Server::start_with(&data, &options).await?.0)
    };
    let mut active = start("node-0").await?;
    shop::stock_up(&active, 1, STOCK).await?;
    let mut confirmed_us = histogram()?;
    let mut taken_us = [histogram()?, histogram()?, histogram()?];
    let deaths = if effort.short { 3 } else { 15 };
    for death in 0..deaths {
        active.shows(PATIENCE, |ready| DUTIES.iter().all(|(_, has)| has(ready))).await?;
        let standby = start(&format!("node-{}", death + 1)).await?;
        drop(active);
        let died = Instant::now();
        let mut client = standby.client().await?;
        let order = async {
            let cart = format!(r#"{{"currency":"GBP","lines":[{{"sku":"{}","quantity":1}}]}}"#, sku(0));
            let made = client.post("/carts", format_args!("c{death}"), &cart).await?;
            made.expect(&[201], "POST /carts")?;
            let path = format!("/carts/{}/checkout", made.id()?);
            client.post(path, format_args!("o{death}"), PAY).await?.expect(&[201], "the checkout")?;
            anyhow::Ok(died.elapsed())
        };
        let duties = DUTIES.map(|(_, has)| standby.shows(PATIENCE, has));
        let (order, duties) = tokio::join!(order, futures::future::join_all(duties));
        confirmed_us.saturating_record(order?.as_micros() as u64);
        for (taken, at) in taken_us.iter_mut().zip(duties) {
            taken.saturating_record(at?.duration_since(died).as_micros() as u64);
        }
        active = standby;
    }
    shop::settle_within(&active, PATIENCE).await?;
    let reserved = shop::stock(&mut active.client().await?, sku(0)).await?.reserved;
    ensure!(reserved == i64::from(deaths), "{deaths} orders were confirmed, {reserved} units are reserved");
    let mut report = Report::bare("fail-overs", true, 0.0);
    report.throughput_per_s = round(1_000_000.0 / confirmed_us.mean());
    report.latencies(&confirmed_us);
    for ((name, _), taken) in DUTIES.iter().zip(taken_us) {
        report.add(&format!("until_{name}"), figures(&taken));
    }
    active.stop()?;
    Ok(report)
}

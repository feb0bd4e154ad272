//! Daybook over PostgreSQL against cqrs-es + postgres-es' own `execute`, on the same server in the same run: the same
//! command (a delivery) on the same aggregate, decided by the same code, from 1, 16, 64 and 256 clients at once, both
//! in-process, durability on. Every client has streams of its own, so nobody's commands conflict, and streams stay
//! short, which favours the one that reads them for every command. At the end each table holds an event per command.

use super::Effort;
use crate::{
    load::{histogram, percentile_ms},
    machine::Process,
    report::{Report, round},
};
use anyhow::{Context as _, ensure};
use daybook_domain::{
    Actor, Command, Context, Quantity, Sku,
    inventory::{Inventory, InventoryCommand, ReceiveStock},
};
use daybook_engine::{Clock as _, CommandRequest, Engine, EngineOptions, SystemClock};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use daybook_tests::servers::postgres::PostgresServer;
use hdrhistogram::Histogram;
use postgres_es::{PostgresCqrs, postgres_cqrs};
use serde_json::{Value, json};
use sqlx::{PgPool, postgres::PgPoolOptions};
use std::{sync::Arc, time::Instant};
use uuid::Uuid;

const CLIENTS: [u64; 4] = [1, 16, 64, 256];
/// SKUs of each client.
const SKUS: u64 = 500;

const TABLES_OF_POSTGRES_ES: &str = "CREATE TABLE events (
    aggregate_type text NOT NULL, aggregate_id text NOT NULL, sequence bigint CHECK (sequence >= 0) NOT NULL,
    event_type text NOT NULL, event_version text NOT NULL, payload json NOT NULL, metadata json NOT NULL,
    PRIMARY KEY (aggregate_type, aggregate_id, sequence))";

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    // Servers run on all cores; so do both sides here.
    let measured = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(measure(effort))
    });
    measured.await?
}

async fn measure(effort: Effort) -> anyhow::Result<Report> {
    let server = PostgresServer::start(&[]).await?;
    let baseline = Baseline::open(&server.database().await?).await?;
    let (url, options) =
        (server.database().await?, EngineOptions { run_processes: false, ..EngineOptions::default() });
    let log = Arc::new(PostgresLog::connect(PostgresOptions::new(&url)).await?);
    let engine = Engine::start(log, options).await?;
    let mut report = Report::bare("commands", true, 0.0);
    let (mut plain, mut ours) = (0, 0);
    for (at, clients) in CLIENTS.into_iter().enumerate() {
        let first = at as u64 * 1_000;
        let program = baseline.clone();
        let theirs = Side::of(clients, first, effort, move |sku, _| program.receive(sku)).await?;
        let program = engine.clone();
        let own = Side::of(clients, first, effort, move |sku, id| receive(&program, sku, id)).await?;
        (plain, ours) = (plain + theirs.commands, ours + own.commands);
        let ratio = round(own.per_s() / theirs.per_s());
        report.add(
            &format!("clients_{clients}"),
            json!({
                "daybook": own.shown(), "cqrs_es_postgres_es": theirs.shown(), "ratio": ratio,
            }),
        );
        report.add(&format!("ratio_{clients}"), ratio);
        report.add("ratio", ratio);
        report.throughput_per_s = own.per_s();
        report.latencies(&own.latencies_us);
    }
    engine.shutdown().await;
    let counts = (count(&baseline.pool).await?, count(&PgPool::connect(&url).await?).await?);
    ensure!(counts == (plain, ours), "{counts:?} events stand in the tables for {plain} and {ours} commands");
    report.add("events", json!({ "daybook": ours, "cqrs_es_postgres_es": plain }));
    Ok(report)
}

async fn count(pool: &PgPool) -> anyhow::Result<u64> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM events").fetch_one(pool).await?;
    Ok(u64::try_from(count)?)
}

/// A plain cqrs-es program with postgres-es' event store.
#[derive(Clone)]
struct Baseline {
    pool: PgPool,
    program: Arc<PostgresCqrs<Inventory>>,
}

impl Baseline {
    async fn open(url: &str) -> anyhow::Result<Self> {
        // As many connections as clients, within what the server allows: it is not to wait for one.
        let pool = PgPoolOptions::new().max_connections(256).connect(url).await?;
        sqlx::raw_sql(TABLES_OF_POSTGRES_ES).execute(&pool).await?;
        let context = Context { now: SystemClock.now(), actor: Actor::System("benchmark".to_owned()) };
        let program = Arc::new(postgres_cqrs::<Inventory>(pool.clone(), vec![], context));
        Ok(Self { pool, program })
    }

    fn receive(&self, sku: Sku) -> impl Future<Output = anyhow::Result<()>> + Send + use<> {
        let program = self.program.clone();
        async move {
            let executed = program.execute(sku.as_str(), delivery(&sku)?).await;
            executed.map_err(|error| anyhow::anyhow!("the baseline: {error}"))
        }
    }
}

fn delivery(sku: &Sku) -> anyhow::Result<InventoryCommand> {
    let (location, quantity) = ("MAIN".parse()?, Quantity::new(10)?);
    Ok(InventoryCommand::ReceiveStock(ReceiveStock { sku: sku.clone(), location, quantity, reference: None }))
}

fn receive(engine: &Engine, sku: Sku, id: Uuid) -> impl Future<Output = anyhow::Result<()>> + Send + use<> {
    let engine = engine.clone();
    async move {
        let command = Command::Inventory(sku.clone(), delivery(&sku)?);
        let request = CommandRequest::new(command, id, Actor::System("benchmark".to_owned()));
        engine.execute(request).await.context("Daybook")?;
        Ok(())
    }
}

/// What one side did with so many clients.
struct Side {
    /// All, with those of the warm-up.
    commands: u64,
    seconds: f64,
    cores: f64,
    latencies_us: Histogram<u64>,
}

impl Side {
    async fn of<F: Future<Output = anyhow::Result<()>> + Send + 'static>(
        clients: u64,
        first: u64,
        effort: Effort,
        command: impl Fn(Sku, Uuid) -> F + Clone + Send + 'static,
    ) -> anyhow::Result<Self> {
        let warm_up = effort.warm_up() / 2;
        let duration = effort.duration() / 2;
        let (start, cpu) = (Instant::now(), Process::own().cpu_seconds());
        let mut tasks = tokio::task::JoinSet::new();
        for client in first..first + clients {
            tasks.spawn(work(client, start + warm_up, start + warm_up + duration, command.clone()));
        }
        let (mut commands, mut latencies_us) = (0, histogram()?);
        while let Some(done) = tasks.join_next().await {
            let (count, latencies) = done??;
            commands += count;
            latencies_us.add(latencies)?;
        }
        let cores = (Process::own().cpu_seconds() - cpu) / start.elapsed().as_secs_f64();
        Ok(Self { commands, seconds: duration.as_secs_f64(), cores, latencies_us })
    }

    fn per_s(&self) -> f64 {
        self.latencies_us.len() as f64 / self.seconds
    }

    fn shown(&self) -> Value {
        let ms = |percentile| percentile_ms(&self.latencies_us, percentile);
        json!({
            "per_s": round(self.per_s()), "p50_ms": ms(50.0), "p99_ms": ms(99.0),
            "program_cores": round(self.cores),
        })
    }
}

/// One client: how many commands in all, and the latencies of those that count.
async fn work<F: Future<Output = anyhow::Result<()>>>(
    client: u64,
    counted_from: Instant,
    end: Instant,
    command: impl Fn(Sku, Uuid) -> F,
) -> anyhow::Result<(u64, Histogram<u64>)> {
    let mut latencies_us = histogram()?;
    for number in 0.. {
        let began = Instant::now();
        if began >= end {
            return Ok((number, latencies_us));
        }
        let sku: Sku = format!("C{client}-{}", number % SKUS).parse()?;
        command(sku, Uuid::now_v7()).await?;
        let done = Instant::now();
        if began >= counted_from && done <= end {
            latencies_us.saturating_record((done - began).as_micros() as u64);
        }
    }
    anyhow::bail!("numbers do not end")
}

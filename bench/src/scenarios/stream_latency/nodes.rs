//! The servers and nodes of one shop, each a process of its own on this machine.

use crate::{
    folder,
    report::{Report, round},
    server::Server,
    shop,
};
use daybook_tests::servers::{nats::NatsServer, postgres::PostgresServer};
use serde_json::Value;
use std::time::{Duration, Instant};
use tempfile::TempDir;

pub(super) struct Nodes {
    /// Takes commands, runs processes, relays.
    pub(super) commands: Server,
    /// Projects what NATS tells it, and answers queries.
    pub(super) queries: Server,
    pub(super) nats: NatsServer,
    folder: TempDir,
    database: String,
    // Stopped last.
    _postgres: PostgresServer,
}

impl Nodes {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let (postgres, nats) = (PostgresServer::start(&[]).await?, NatsServer::start().await?);
        let (database, folder) = (postgres.database().await?, folder::for_run()?);
        let place = ["--store", &database, "--nats", &nats.url()];
        let commands = folder.path().join("commands");
        let roles = [&place[..], &["--roles", "commands,processes,relay,projector,queries"]].concat();
        let (commands, _) = Server::start_with(&commands, &roles).await?;
        let queries = folder.path().join("queries");
        let roles = [&place[..], &["--roles", "projector,queries"]].concat();
        let (queries, _) = Server::start_with(&queries, &roles).await?;
        let nodes = Self { commands, queries, nats, folder, database, _postgres: postgres };
        nodes.relayed(0).await?;
        Ok(nodes)
    }

    /// Waits until the relay has come to `position`.
    pub(super) async fn relayed(&self, position: u64) -> anyhow::Result<()> {
        relayed(&self.commands, position).await
    }

    /// What a new relay and a new projector take from a log that is there already.
    pub(super) async fn backlog(self, report: &mut Report) -> anyhow::Result<()> {
        let head = shop::head(&mut self.commands.client().await?).await?;
        self.queries.stop()?;
        self.commands.stop()?;
        let fresh = NatsServer::start().await?;
        let options = ["--store", &self.database, "--nats", &fresh.url(), "--roles", "relay"];
        let start = Instant::now();
        let (relay, _) = Server::start_with(&self.folder.path().join("relay"), &options).await?;
        relayed(&relay, head).await?;
        let rate = head as f64 / start.elapsed().as_secs_f64();
        relay.stop()?;
        report.add("backlog_events", head);
        report.add("backlog_relayed_events_per_s", round(rate));
        let options = ["--store", &self.database, "--roles", "projector,queries"];
        let start = Instant::now();
        let (projector, _) = Server::start_with(&self.folder.path().join("projector"), &options).await?;
        shop::settle_within(&projector, Duration::from_secs(300)).await?;
        let rate = head as f64 / start.elapsed().as_secs_f64();
        report.add("backlog_projected_events_per_s", round(rate));
        projector.stop()
    }
}

async fn relayed(server: &Server, position: u64) -> anyhow::Result<()> {
    let relayed = |ready: &Value| {
        ready["relay"]["active"] == true && ready["relay"]["position"].as_u64() >= Some(position)
    };
    server.shows(Duration::from_secs(300), relayed).await.map(drop)
}

//! The cluster of the day: what it is made of, what can happen to it, and what must hold of it in the evening.

use async_nats::jetstream::{
    self,
    consumer::{Consumer, pull::OrderedConfig},
    stream::Stream,
};
use daybook_event_log::{EventLog as _, cloud_event};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use daybook_projections::Options;
use daybook_tests::{
    seed::Random,
    servers::{daybook::Node, nats::NatsCluster, postgres::PostgresServer},
    shop::ShopClient,
};
use daybook_views::Views;
use futures::{StreamExt as _, future::join_all};
use sqlx::{Connection as _, PgConnection};
use std::{sync::Arc, time::Duration};

pub(crate) struct Cluster {
    command_nodes: Vec<Node>,
    query_nodes: Vec<Node>,
    projectors: Vec<Node>,
    nats: NatsCluster,
    postgres: PostgresServer,
    store: String,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        let (postgres, nats) = futures::join!(PostgresServer::start(&[]), NatsCluster::start(3));
        let (postgres, nats) = (postgres.unwrap(), nats.unwrap());
        let store = postgres.database().await.unwrap();
        let address = nats.url();
        let some = async |count: usize, roles: &str| -> Vec<Node> {
            let options = ["--store", &store, "--nats", &address, "--nats-replicas", "3", "--roles", roles];
            let nodes = join_all((0..count).map(|_| Node::start(&options))).await;
            nodes.into_iter().collect::<Result<_, _>>().unwrap()
        };
        let command_nodes = some(2, "commands,processes,relay").await;
        let (query_nodes, projectors) = (some(2, "queries").await, some(2, "projector").await);
        Self { command_nodes, query_nodes, projectors, nats, postgres, store }
    }

    /// Whoever takes commands.
    pub(crate) fn commands(&self) -> ShopClient {
        ShopClient::of(self.command_nodes.iter().map(Node::address).collect())
    }

    /// Whoever answers queries.
    pub(crate) fn queries(&self) -> ShopClient {
        ShopClient::of(self.query_nodes.iter().map(Node::address).collect())
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.command_nodes.iter().chain(&self.query_nodes).chain(&self.projectors)
    }

    /// Something breaks, for a moment.
    pub(crate) async fn trouble(&self, random: &mut Random) {
        let pause = Duration::from_millis(100 + random.below(900));
        match random.below(10) {
            0..=3 => {
                let nodes: Vec<&Node> = self.nodes().collect();
                let node = random.pick(&nodes);
                node.kill().unwrap();
                tokio::time::sleep(pause).await;
                node.start_again().unwrap();
            }
            4..=6 => {
                // One, or the majority: then the stream stands still until one of them is back.
                let (first, down) = (random.below(3) as usize, 1 + random.below(2) as usize);
                let servers = || (first..first + down).map(|at| &self.nats.servers[at % 3]);
                servers().for_each(|server| server.kill().unwrap());
                tokio::time::sleep(pause).await;
                join_all(servers().map(|server| async { server.start_again().await.unwrap() })).await;
            }
            7..=8 => self.kill_backends(random).await,
            _ => {
                self.postgres.stop().unwrap();
                tokio::time::sleep(pause).await;
                self.postgres.start_again().await.unwrap();
            }
        }
    }

    /// Kills about half of the server's connections.
    async fn kill_backends(&self, random: &mut Random) {
        let mut killer = PgConnection::connect(&self.store).await.unwrap();
        let half = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid() AND (pid + $1) % 2 = 0";
        sqlx::query(half).bind(i32::try_from(random.below(2)).unwrap()).execute(&mut killer).await.unwrap();
        killer.close().await.unwrap();
    }

    /// Waits until every node is ready again.
    pub(crate) async fn all_up(&self) {
        for node in self.nodes() {
            node.ready().await.unwrap();
        }
    }

    /// Waits until the read models of every node have that position.
    pub(crate) async fn all_have_seen(&self, position: u64) {
        for node in self.nodes() {
            let seen = |body: &serde_json::Value| {
                body["lag_events"] == 0 && body["position"].as_u64().is_some_and(|at| at >= position)
            };
            node.shows(seen).await.unwrap();
        }
    }

    pub(crate) async fn one_node_runs_the_processes_and_one_the_relay(&self) {
        // Who lost the lease learns of it within a moment.
        for _ in 0..600 {
            let shown = join_all(self.nodes().map(Node::ready)).await;
            let shown: Vec<_> = shown.into_iter().map(Result::unwrap).collect();
            let run = shown.iter().filter(|shown| shown["runs_processes"] == true).count();
            let relay = shown.iter().filter(|shown| shown["relay"]["active"] == true).count();
            if (run, relay) == (1, 1) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("not exactly one node runs the processes and the relay");
    }

    pub(crate) async fn jetstream_holds_every_event_once_and_in_order(&self) {
        let log = self.log().await;
        let head = log.head().borrow().get();
        let relayed = |body: &serde_json::Value| {
            body["relay"]["lag_events"] == 0 && body["relay"]["position"].as_u64() == Some(head)
        };
        let active = join_all(self.command_nodes.iter().map(Node::ready)).await;
        let relaying =
            active.into_iter().position(|shown| shown.unwrap()["relay"]["active"] == true).unwrap();
        self.command_nodes[relaying].shows(relayed).await.unwrap();

        let client = async_nats::connect(self.nats.url().split(',').collect::<Vec<_>>()).await.unwrap();
        let stream = jetstream::new(client).get_stream("daybook-events").await.unwrap();
        let info = stream.get_info().await.unwrap();
        assert_eq!(info.config.num_replicas, 3);
        assert_eq!(info.cluster.unwrap().replicas.len(), 2, "beside the leader");
        let state = info.state;
        assert_eq!((state.first_sequence, state.last_sequence, state.messages), (1, head, head));
        let consumer = ordered_consumer(&stream).await;
        let mut messages = consumer.messages().await.unwrap();
        let mut next = daybook_event_log::Position::new(1);
        while next.get() <= head {
            for event in log.read_all(next, 1_000).await.unwrap() {
                let message = messages.next().await.unwrap().unwrap();
                assert_eq!(message.info().unwrap().stream_sequence, event.position().get());
                let told = cloud_event::read(&message.payload).unwrap();
                assert_eq!(told.as_bytes(), event.as_bytes(), "{told:?} is not {event:?}");
                next = event.position().next();
            }
        }
    }

    /// Stops the nodes, and compares the rows of their read models with a fresh replay of the log.
    pub(crate) async fn every_node_shows_what_a_replay_shows(&self) {
        let folder = tempfile::tempdir().unwrap();
        let replayed = Views::replay(self.log().await, None, folder.path()).await.unwrap();
        for node in self.nodes() {
            node.stop().await.unwrap();
            let options = Options::default();
            let live = Views::open(&node.data().join("read"), options).unwrap();
            for view in Views::NAMES.iter().copied() {
                let (live, replayed) = (live.rows(view).unwrap(), replayed.rows(view).unwrap());
                assert!(!live.is_empty(), "{view} is empty: this shows nothing");
                assert_eq!(live.len(), replayed.len(), "{view}");
                for ((key, row), (same_key, same_row)) in live.iter().zip(&replayed) {
                    assert_eq!((key, row.json()), (same_key, same_row.json()), "{view}");
                }
            }
        }
    }

    async fn log(&self) -> Arc<PostgresLog> {
        Arc::new(PostgresLog::connect(PostgresOptions::new(&self.store)).await.unwrap())
    }
}

/// A consumer of `stream`. Its servers may be choosing a leader, and a request to none is not answered.
async fn ordered_consumer(stream: &Stream) -> Consumer<OrderedConfig> {
    let mut last = None;
    for _ in 0..12 {
        match stream.create_consumer(OrderedConfig::default()).await {
            Ok(consumer) => return consumer,
            Err(error) => last = Some(error),
        }
    }
    panic!("the stream has no consumer: {last:?}");
}

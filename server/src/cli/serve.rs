//! `daybook serve`: opens the shop, listens, and stops cleanly on a signal.

use super::{
    duration,
    guard::{AccessArgs, GuardedShop},
    nats::NatsArgs,
    starting::Starting,
    store::StoreArg,
    wrong,
};
use crate::{Daybook, LagLimits, ReadStore, ServeOptions};
use anyhow::Context;
use clap::{ArgAction, Args};
use daybook_api::{Limits, RecordFor, Roles};
use daybook_esdb::Endpoint;
use daybook_event_log_postgres::DEFAULT_READ_CONNECTIONS;
use std::{net::SocketAddr, path::PathBuf, time::Duration};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[derive(Args)]
pub(super) struct Serve {
    /// Directory that holds the shop; made if it is not there
    #[arg(long, env = "DAYBOOK_DATA", value_name = "DIR")]
    data: PathBuf,

    #[command(flatten)]
    store: StoreArg,

    /// Where the read models are: `embedded` for files in DIR, or postgres://user:password@host:port/database, which
    /// several nodes share: one of them keeps it current. Search is in DIR either way
    #[arg(
        long,
        env = "DAYBOOK_READ_STORE",
        value_name = "STORE",
        default_value = "embedded",
        hide_env_values = true
    )]
    read_store: String,

    /// On a Postgres event store: connections that read at a time; the node holds a few more beside them
    #[arg(long, env = "DAYBOOK_STORE_READ_CONNECTIONS", value_name = "N", default_value_t = DEFAULT_READ_CONNECTIONS, value_parser = clap::value_parser!(u32).range(1..))]
    store_read_connections: u32,

    #[command(flatten)]
    nats: NatsArgs,

    /// What this node does, on a Postgres store: commands, processes, relay, projector, queries
    #[arg(long, env = "DAYBOOK_ROLES", value_name = "ROLE,…", default_value_t = Roles::ALL)]
    roles: Roles,

    /// Serve the log to clients of EventStoreDB too, at this loopback address, for example 127.0.0.1:2113: they read streams and
    /// $all and follow both. There is no access control, so no other address is taken
    #[arg(long, env = "DAYBOOK_ESDB", value_name = "ADDR")]
    esdb: Option<SocketAddr>,

    #[command(flatten)]
    settings: Settings,
}

/// What `serve` and `demo` have in common.
#[derive(Args)]
pub(super) struct Settings {
    /// Address to listen on. Beyond the loopback interface a shop needs a key first, see --access
    #[arg(long, env = "DAYBOOK_LISTEN", value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    #[command(flatten)]
    pub access: AccessArgs,

    /// Who may read, without a key, the whole record and its proofs, and what counts events: /events, /audit/…, /orders/{id}/proof, /metrics,
    /// /admin/…, and what /readyz says beside ready. Names and addresses stand in it
    #[arg(long, env = "DAYBOOK_RECORD_FOR", value_enum, default_value_t = ReadersOfRecord::Loopback)]
    record_for: ReadersOfRecord,

    /// Take stock of SKUs that no product has, for a shop whose articles are listed elsewhere. Without it such a SKU is refused,
    /// so that a typing error brings none into being
    #[arg(long, env = "DAYBOOK_UNLISTED_STOCK")]
    unlisted_stock: bool,

    /// Carts that nothing happened to for this long are abandoned
    #[arg(long, env = "DAYBOOK_ABANDON_CARTS_AFTER", value_name = "TIME", default_value = "30d", value_parser = duration::parse)]
    abandon_carts_after: Duration,

    /// How long stock is held for an order that is not yet paid
    #[arg(long, env = "DAYBOOK_RESERVATION_HOLD", value_name = "TIME", default_value = "15m", value_parser = duration::parse)]
    reservation_hold: Duration,

    /// Single writers that share the streams among them [default: one per core]
    #[arg(long, env = "DAYBOOK_SHARDS", value_name = "N")]
    shards: Option<usize>,

    /// On an embedded store: whether processes, which take an order from checkout to confirmation, go on from events that
    /// the disk does not have yet. Answers and payments wait for the disk either way
    #[arg(long, env = "DAYBOOK_RUN_AHEAD", value_name = "BOOL", default_value_t = ServeOptions::new("").run_ahead, action = ArgAction::Set)]
    run_ahead: bool,

    /// Name that audit checkpoints are signed under; fixed when the key is made [default: made by chance]
    #[arg(long, env = "DAYBOOK_AUDIT_ORIGIN", value_name = "NAME")]
    audit_origin: Option<String>,

    /// Size of the log's files in bytes, in multiples of 8; each takes its room on disk before it is used
    #[arg(long, env = "DAYBOOK_LOG_SEGMENT_BYTES", value_name = "N", default_value_t = ServeOptions::new("").log_segment_bytes)]
    log_segment_bytes: usize,

    /// Whether full files of the log are compressed, to about a fifth, when there is nothing else to do
    #[arg(long, env = "DAYBOOK_LOG_COMPRESSION", value_name = "HOW", default_value = "zstd")]
    log_compression: LogCompression,

    /// Largest body of a request, in bytes
    #[arg(long, env = "DAYBOOK_MAX_BODY_BYTES", value_name = "N", default_value_t = Limits::default().body_bytes)]
    max_body_bytes: usize,

    /// Connections at a time; more are answered 503
    #[arg(long, env = "DAYBOOK_MAX_CONNECTIONS", value_name = "N", default_value_t = Limits::default().connections)]
    max_connections: usize,

    /// Connections of one client address at a time [default: half of all]. Where clients come through a proxy, they have its
    /// address: name as many as --max-connections then
    #[arg(long, env = "DAYBOOK_MAX_CONNECTIONS_PER_CLIENT", value_name = "N")]
    max_connections_per_client: Option<usize>,

    /// Names that are answered beside localhost and the address that the server was reached at; `*` for any. Other names
    /// in `Host` are refused, because a web page can make its own name mean this machine
    #[arg(long, env = "DAYBOOK_ALLOWED_HOSTS", value_name = "NAME,…", value_delimiter = ',')]
    allowed_hosts: Vec<String>,

    /// Web pages' origins, such as https://admin.example, that may send commands and read answers beside the server's own; `*`
    /// for any
    #[arg(long, env = "DAYBOOK_ALLOWED_ORIGINS", value_name = "ORIGIN,…", value_delimiter = ',')]
    allowed_origins: Vec<String>,

    /// Carts being made and checkouts under way at a time; if there are more for half a second, or four times as many,
    /// new carts are answered 503, so that those who have a cart go first
    #[arg(long, env = "DAYBOOK_MAX_CUSTOMERS", value_name = "N", default_value_t = Limits::default().customers)]
    max_customers: usize,

    /// How long a request's head may take to arrive, and a connection may be idle
    #[arg(long, env = "DAYBOOK_HEADER_TIMEOUT", value_name = "TIME", default_value = "30s", value_parser = duration::parse)]
    header_timeout: Duration,

    /// How long a request's body may take to arrive
    #[arg(long, env = "DAYBOOK_BODY_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    body_timeout: Duration,

    /// After SIGTERM, how long `/readyz` says that the node stops, while it serves on, so that a load balancer sends
    /// its clients elsewhere; then the listener is closed
    #[arg(long, env = "DAYBOOK_DRAIN_GRACE", value_name = "TIME", default_value = "1s", value_parser = duration::parse)]
    drain_grace: Duration,

    /// A read model or search that is more events behind the log than this makes the node not ready
    #[arg(long, env = "DAYBOOK_READY_LAG_EVENTS", value_name = "N", default_value_t = LagLimits::default().events)]
    ready_lag_events: u64,

    /// A read model or search that has events to apply and stands still for so long makes the node not ready
    #[arg(long, env = "DAYBOOK_READY_STILL", value_name = "TIME", default_value = "30s", value_parser = duration::parse)]
    ready_still: Duration,

    /// How long requests under way may take when the server stops
    #[arg(long, env = "DAYBOOK_DRAIN_TIMEOUT", value_name = "TIME", default_value = "20s", value_parser = duration::parse)]
    drain_timeout: Duration,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum ReadersOfRecord {
    /// Who asks on the server's own machine, over the loopback interface
    Loopback,
    /// Everybody who can reach the server
    Anyone,
}

impl From<ReadersOfRecord> for RecordFor {
    fn from(readers: ReadersOfRecord) -> Self {
        match readers {
            ReadersOfRecord::Loopback => Self::Loopback,
            ReadersOfRecord::Anyone => Self::Anyone,
        }
    }
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LogCompression {
    /// As Zstandard files in the seekable format: `zstd -d` gives back what was there
    Zstd,
    /// They stay as they were written
    None,
}

impl Settings {
    pub(super) fn options(&self, data: PathBuf) -> ServeOptions {
        ServeOptions {
            limits: Limits {
                body_bytes: self.max_body_bytes,
                connections: self.max_connections,
                connections_per_client: self.max_connections_per_client,
                allowed_hosts: self.allowed_hosts.clone(),
                allowed_origins: self.allowed_origins.clone(),
                customers: self.max_customers,
                header_timeout: self.header_timeout,
                body_timeout: self.body_timeout,
                drain_timeout: self.drain_timeout,
                drain_grace: self.drain_grace,
                access: self.access.mode(),
                record_for: self.record_for.into(),
                takes_unlisted_stock: self.unlisted_stock,
                ..Limits::default()
            },
            lag: LagLimits { events: self.ready_lag_events, still: self.ready_still },
            abandon_carts_after: self.abandon_carts_after,
            reservation_hold: self.reservation_hold,
            shards: self.shards,
            run_ahead: self.run_ahead,
            audit_origin: self.audit_origin.clone(),
            log_segment_bytes: self.log_segment_bytes,
            compress_log: matches!(self.log_compression, LogCompression::Zstd),
            ..ServeOptions::new(data)
        }
    }
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let store = self.store.parse()?;
        let read_store: ReadStore = self.read_store.parse().map_err(|error| wrong("--read-store", &error))?;
        let mut signals = Signals::listen()?;
        // The address first: a shop need not be opened to find out that the port is taken.
        let listener = bind(self.settings.listen).await?;
        let endpoint =
            match self.esdb {
                Some(address) => Some(Endpoint::bind(address).await.with_context(|| {
                    format!("cannot serve clients of EventStoreDB on {address} (--esdb)")
                })?),
                None => None,
            };
        let (starting, listener) = Starting::on(listener)?;
        let options = ServeOptions {
            store: store.reading_over(self.store_read_connections),
            read_store,
            nats: self.nats.options(),
            roles: self.roles,
            ..self.settings.options(self.data.clone())
        };
        let report = |what: String| starting.waits_for(&what);
        let opened = tokio::select! {
            opened = Daybook::open_reporting(options, &report) => opened,
            _ = signals.first() => return Ok(()),
        };
        starting.end().await;
        let daybook = opened?;
        let guarded = self.settings.access.guard(daybook, self.settings.listen).await?;
        println!("daybook serves {} on http://{}", self.data.display(), listener.local_addr()?);
        if let Some(endpoint) = endpoint {
            println!("clients of EventStoreDB read it at esdb://{}?tls=false", endpoint.address());
            guarded.shop().serve_esdb(endpoint);
        }
        serve(guarded, listener, signals).await
    }
}

pub(super) async fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| {
        format!("cannot listen on {address}; stop what listens there, or name another address with --listen")
    })
}

/// Serves until a signal, then finishes what is under way and stops.
pub(super) async fn serve(
    guarded: GuardedShop,
    listener: TcpListener,
    signals: Signals,
) -> anyhow::Result<()> {
    let daybook = guarded.into_shop();
    signals.stop_on_first(daybook.leaving(), daybook.limits().drain_grace, daybook.stopping());
    daybook.serve(listener).await.context("serving failed")?;
    daybook.shutdown().await?;
    tracing::info!("stopped");
    Ok(())
}

/// What stops a service.
const TERMINATE: &str = "terminate";

/// Ctrl-C and SIGTERM, received from the moment this is made.
pub(super) struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    pub(super) fn listen() -> anyhow::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// Resolves at the first signal.
    pub(super) async fn first(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "interrupt",
            _ = self.terminate.recv() => TERMINATE,
        }
    }

    /// At the first signal cancels `leaving`, and `stopping` after `grace`, or at a second signal. A person who presses
    /// Ctrl-C does not wait for load balancers.
    fn stop_on_first(mut self, leaving: CancellationToken, grace: Duration, stopping: CancellationToken) {
        tokio::spawn(async move {
            let signal = self.first().await;
            leaving.cancel();
            if signal == TERMINATE && !grace.is_zero() {
                tracing::info!(
                    ?grace,
                    "not ready any more; stopping after this time, or at once at the next signal"
                );
                tokio::select! {
                    () = tokio::time::sleep(grace) => {}
                    _ = self.first() => {}
                }
            }
            tracing::info!(signal, "stopping; once more stops at once");
            stopping.cancel();
            self.next_ends_at_once();
        });
    }

    /// From now on a signal ends the process at once. Safe at any moment: what was acknowledged is on disk, and the
    /// log recovers from the rest.
    pub(super) fn next_ends_at_once(mut self) {
        tokio::spawn(async move {
            self.first().await;
            std::process::exit(1);
        });
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Cli, Command};
    use crate::ServeOptions;
    use clap::Parser as _;

    #[test]
    fn the_flags_have_the_defaults_of_the_library() {
        let cli = Cli::parse_from(["daybook", "serve", "--data", "x"]);
        let Command::Serve(serve) = cli.command else { panic!("`serve` is something else") };
        let (by_flags, by_library) = (serve.settings.options("x".into()), ServeOptions::new("x"));
        assert_eq!(format!("{by_flags:?}"), format!("{by_library:?}"));
    }
}

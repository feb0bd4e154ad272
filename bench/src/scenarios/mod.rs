//! One file per scenario; each says what it measures, and checks at its end that what it measured was right.

mod append;
mod as_of;
mod audit_verify;
mod cart;
mod export;
mod fail_over;
mod flash_sale;
mod growth;
mod hot_sku;
mod import;
mod large;
mod mixed_day;
mod orders;
mod overload;
mod postgres_baseline;
mod product;
mod replay;
mod search;
mod search_uncached;
mod slow_payments;
mod start;
mod stream_latency;
mod visibility;
mod year;

pub(crate) use orders::order_of_two_lines;

use crate::{
    data::{Prepared, Size},
    report::Report,
};
use clap::ValueEnum;
use std::time::Duration;

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Everything but what is marked as long.
    All,
    /// Cart with two lines, checkout, answered confirmed.
    Orders,
    /// Every buyer after the same stock, of which there is enough.
    HotSku,
    /// Every buyer after the same stock, until it is sold out and beyond.
    FlashSale,
    /// Lines added to open carts of a few lines.
    Cart,
    /// … to carts of 10 lines.
    Cart10,
    /// … to carts of 1,000 lines.
    Cart1000,
    /// Of 100 customers 90 browse, 9 fill a cart, 1 checks out.
    MixedDay,
    /// Two and five times as many orders as can be served.
    Overload,
    /// Orders while ten thousand customers are in 3-D Secure, a fifth of whom never come back.
    SlowPayments,
    /// Products by id, of a million.
    Product,
    /// Searches with facets among a million products, words by Zipf.
    Search,
    /// Searches of which none was asked before.
    SearchUncached,
    /// `product` with ten million products (long).
    Product10m,
    /// `search` among ten million products (long).
    Search10m,
    /// From a command's answer until reads and search show it.
    Visibility,
    /// Appends to the embedded log: batches of 500, then 1 to 1,024 writers of single events.
    Append,
    /// The log replayed into read models and into nothing.
    Replay,
    /// Start on a large log, until ready.
    Start,
    /// The bundled year, imported through commands.
    Import,
    /// The year as files, in every format.
    Export,
    /// The year as an audit bundle, verified offline.
    AuditVerify,
    /// Read models of the past, of the year.
    AsOf,
    /// PostgreSQL as the store, against cqrs-es + postgres-es on the same server.
    PostgresBaseline,
    /// From a command's answer through NATS to another program and another node.
    StreamLatency,
    /// The node that does everything dies; until the other does.
    FailOver,
    /// The same figures at 0.1, 1 and 10 million events (long).
    Growth,
}

impl Scenario {
    /// What `all` stands for: without itself, and without what takes too long.
    pub(crate) fn listed(asked: &[Self]) -> Vec<Self> {
        let all = Self::value_variants().iter().copied().filter(|one| *one != Self::All && !one.is_long());
        let asked =
            asked.iter().flat_map(|one| if *one == Self::All { all.clone().collect() } else { vec![*one] });
        asked.collect()
    }

    const fn is_long(self) -> bool {
        matches!(self, Self::Growth | Self::Product10m | Self::Search10m)
    }

    pub(crate) fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }
}

/// How thorough a run is.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) short: bool,
}

impl Effort {
    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs(if self.short { 3 } else { 12 })
    }

    pub(crate) fn warm_up(self) -> Duration {
        Duration::from_secs(if self.short { 1 } else { 3 })
    }

    /// `full`, or a tenth of it.
    pub(crate) fn scale(self, full: u64) -> u64 {
        if self.short { full / 10 } else { full }
    }

    /// The products that catalog and search are measured with.
    pub(crate) fn catalog(self) -> Size {
        Size::of_products(self.scale(1_000_000))
    }

    /// Ten times as many.
    pub(crate) fn large_catalog(self) -> Size {
        Size::of_products(self.scale(10_000_000))
    }

    /// The shop of many events.
    pub(crate) fn history(self) -> Size {
        Size::of_events(self.scale(10_000_000))
    }
}

/// Makes what scenarios keep for later runs.
pub(crate) async fn prepare(effort: Effort) -> anyhow::Result<()> {
    for size in [effort.catalog(), effort.history()] {
        let prepared = Prepared::of(size).await?;
        eprintln!("{} (made in {:.0} s)", prepared.data.display(), prepared.made_in_s);
    }
    year::Year::get().await?;
    Ok(())
}

pub(crate) async fn run(scenario: Scenario, effort: Effort) -> anyhow::Result<Report> {
    match scenario {
        Scenario::All => anyhow::bail!("all is a list of scenarios"),
        Scenario::Orders => orders::run(effort).await,
        Scenario::HotSku => hot_sku::run(effort).await,
        Scenario::FlashSale => flash_sale::run(effort).await,
        Scenario::Cart => cart::run(effort, cart::FEW).await,
        Scenario::Cart10 => cart::run(effort, cart::TEN).await,
        Scenario::Cart1000 => cart::run(effort, cart::THOUSAND).await,
        Scenario::MixedDay => mixed_day::run(effort).await,
        Scenario::Overload => overload::run(effort).await,
        Scenario::SlowPayments => slow_payments::run(effort).await,
        Scenario::Product => product::run(effort, effort.catalog()).await,
        Scenario::Search => search::run(effort, effort.catalog()).await,
        Scenario::Product10m => product::run(effort, effort.large_catalog()).await,
        Scenario::Search10m => search::run(effort, effort.large_catalog()).await,
        Scenario::SearchUncached => search_uncached::run(effort).await,
        Scenario::Visibility => visibility::run(effort).await,
        Scenario::Append => append::run(effort).await,
        Scenario::Replay => replay::run(effort).await,
        Scenario::Start => start::run(effort).await,
        Scenario::Import => import::run(effort).await,
        Scenario::Export => export::run(effort).await,
        Scenario::AuditVerify => audit_verify::run(effort).await,
        Scenario::AsOf => as_of::run(effort).await,
        Scenario::PostgresBaseline => postgres_baseline::run(effort).await,
        Scenario::StreamLatency => stream_latency::run(effort).await,
        Scenario::FailOver => fail_over::run(effort).await,
        Scenario::Growth => growth::run(effort).await,
    }
}

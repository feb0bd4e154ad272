//! One file per scenario; each says what it measures, and checks at its end that what it measured was right.

mod append;
mod cart;
mod hot_sku;
mod import;
mod orders;
mod product;
mod replay;
mod search;
mod start;

use crate::report::Report;
use clap::ValueEnum;
use std::time::Duration;

/// What can be measured.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Cart with two lines, checkout, answered confirmed.
    Orders,
    /// Every buyer after the same stock.
    HotSku,
    /// Cart commands: lines added to open carts.
    Cart,
    /// Products by id.
    Product,
    /// Searches with facets, words by Zipf.
    Search,
    /// Appends to the embedded log, in batches of 500.
    Append,
    /// The log replayed into read models.
    Replay,
    /// Start on a large log, until ready.
    Start,
    /// The bundled year, imported through commands.
    Import,
}

/// How thorough a run is.
#[derive(Clone, Copy)]
pub(crate) struct Effort {
    pub(crate) short: bool,
}

impl Effort {
    pub(crate) fn duration(self) -> Duration {
        Duration::from_secs(if self.short { 3 } else { 15 })
    }

    pub(crate) fn warm_up(self) -> Duration {
        Duration::from_secs(if self.short { 1 } else { 3 })
    }

    /// `full`, or a tenth of it.
    pub(crate) fn scale(self, full: u64) -> u64 {
        if self.short { full / 10 } else { full }
    }
}

pub(crate) async fn run(scenario: Scenario, effort: Effort) -> anyhow::Result<Report> {
    match scenario {
        Scenario::Orders => orders::run(effort).await,
        Scenario::HotSku => hot_sku::run(effort).await,
        Scenario::Cart => cart::run(effort).await,
        Scenario::Product => product::run(effort).await,
        Scenario::Search => search::run(effort).await,
        Scenario::Append => append::run(effort).await,
        Scenario::Replay => replay::run(effort).await,
        Scenario::Start => start::run(effort).await,
        Scenario::Import => import::run(effort).await,
    }
}

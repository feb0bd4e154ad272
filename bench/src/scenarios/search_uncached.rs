//! Searches per second of which none was ever asked before, so that each is worked out. At the end: the server says
//! that none came from its cache, and every title is found by its own words.

use super::{
    Effort,
    search::{asking, cached_share, finds_what_is_there, per_core},
};
use crate::{
    data::{Articles, Prepared},
    load::{Schedule, Shape},
    report::Report,
    server::Server,
    trial::{self, Trial},
};
use anyhow::ensure;
use std::{rc::Rc, time::Duration};

/// More than can be answered; both loops take theirs from different halves.
const QUERIES: usize = 400_000;
/// Few: searches wait for a core, not for each other.
const CONNECTIONS: usize = 8;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let size = effort.catalog();
    let prepared = Prepared::of(size).await?;
    let (server, _) = Server::start(&prepared.data).await?;
    let mut paths = Articles::get()?.different_searches(QUERIES)?;
    let later = Rc::new(asking(Rc::new(paths.split_off(QUERIES / 2))));
    let (warm_up, duration) = (effort.warm_up(), effort.duration());
    let shape = Shape::closed(CONNECTIONS, warm_up, duration);
    let peak = trial::one(&server, &shape, 0, Rc::new(asking(Rc::new(paths)))).await?;
    let rate = peak.measured.throughput() * 0.7;
    let asked =
        (peak.measured.throughput() + rate) * (warm_up + duration + Duration::from_secs(1)).as_secs_f64();
    ensure!(asked < QUERIES as f64 * 0.8, "there are too few different queries for so fast a search");
    let shape = Shape::open(64, warm_up, Schedule::steady(rate, warm_up + duration));
    let paced = trial::one(&server, &shape, 0, later).await?;
    let mut report = Report::new("searches", false, &Trial { peak, paced });
    report.add("products", size.products);
    report.add("searches_per_core_s", per_core(&report));
    let cached = cached_share(&server).await?;
    ensure!(cached < 0.01, "{cached} of the answers came from the cache: this measured something else");
    report.add("cached_share", cached);
    finds_what_is_there(&server, size.products).await?;
    server.stop()?;
    Ok(report)
}

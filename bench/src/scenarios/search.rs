//! Searches per second with facets: words from real titles, popular ones far more often, so that some are asked
//! again and again and some only once, as in a shop. Says how many came from the cache. At the end: every title is
//! found by its own words.

use super::Effort;
use crate::{
    data::{Articles, Prepared, Size},
    load::{Client, Operation},
    report::{Report, round},
    server::Server,
    trial,
};
use anyhow::ensure;
use std::rc::Rc;

/// Different numbers; each stands for one query of the mix, so popular queries come again.
const QUERIES: u64 = 200_000;

pub(super) async fn run(effort: Effort, size: Size) -> anyhow::Result<Report> {
    let prepared = Prepared::of(size).await?;
    let (server, _) = Server::start(&prepared.data).await?;
    let articles = Articles::get()?;
    let paths = Rc::new((0..QUERIES).map(|number| articles.search(number)).collect::<Vec<_>>());
    let trial = trial::both(&server, effort, 64, Rc::new(asking(paths))).await?;
    let mut report = Report::new("searches", false, &trial);
    report.add("products", size.products);
    report.add("cached_share", cached_share(&server).await?);
    finds_what_is_there(&server, size.products).await?;
    server.stop()?;
    Ok(report)
}

/// Asks the paths in order, from the first again when they are through.
pub(super) fn asking(paths: Rc<Vec<String>>) -> impl Operation {
    async move |client: &mut Client, number: u64| {
        // The open loop's numbers begin far up; they ask what comes next.
        let at = (number % paths.len() as u64) as usize;
        client.get(&paths[at]).await?.outcome(&[200], "GET /search")
    }
}

/// Of all searches so far.
pub(super) async fn cached_share(server: &Server) -> anyhow::Result<f64> {
    let metrics = server.metrics().await?;
    let cached = metrics.sum_where("daybook_search_answers_total", "from=\"cache\"");
    // A sum of nothing is -0.
    Ok((cached / metrics.sum("daybook_search_answers_total").max(1.0) * 1_000.0).round() / 1_000.0 + 0.0)
}

/// Each of a hundred products is found by all words of its title.
pub(super) async fn finds_what_is_there(server: &Server, products: u64) -> anyhow::Result<()> {
    let articles = Articles::get()?;
    let mut client = server.client().await?;
    for number in (0..products).step_by(usize::try_from(products / 100)?) {
        let words = articles.product(number)?.title.replace(' ', "+");
        let shown = client.get(format_args!("/search?q={words}&limit=1")).await?.json()?;
        ensure!(shown["matched"]["all_words"] == true, "{words} is there and not found: {shown}");
    }
    Ok(())
}

pub(super) fn per_core(report: &Report) -> f64 {
    let cores = report.peak.as_ref().map_or(0.0, |cost| cost.server_cores);
    round(report.throughput_per_s / cores.max(0.01))
}

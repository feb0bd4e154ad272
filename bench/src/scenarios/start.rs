//! Start on a large log: from starting the program until it is ready to serve, with read models in place. Also what
//! a shop of that size takes in memory and on disk. At the end the server is ready at the log's end.

use super::Effort;
use crate::{
    data::Prepared,
    machine::bytes_below,
    report::{Report, round},
    server::Server,
    shop,
};
use std::time::Duration;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let prepared = Prepared::of(effort.history()).await?;
    let data = &prepared.data;
    // The first start after the shop was made, or after a newer program came, may have to make things again.
    let (server, first) = Server::start(data).await?;
    shop::settle_within(&server, Duration::from_secs(1_800)).await?;
    let head = shop::head(&mut server.client().await?).await?;
    server.stop()?;
    let mut starts = Vec::new();
    let mut rss = 0;
    for _ in 0..5 {
        let (server, took) = Server::start(data).await?;
        let ready = shop::head(&mut server.client().await?).await?;
        anyhow::ensure!(ready == head, "the server is ready at {ready} of {head} events");
        shop::settle(&server).await?;
        rss = server.process().rss_mib();
        starts.push(took);
        server.stop()?;
    }
    starts.sort_unstable();
    let ms = |duration: Duration| (duration.as_secs_f64() * 10_000.0).round() / 10.0;
    let mut report = Report::bare("starts", true, 1_000.0 / ms(starts[2]));
    (report.p50_ms, report.p99_ms, report.p999_ms, report.max_ms) =
        (ms(starts[2]), ms(starts[4]), ms(starts[4]), ms(starts[4]));
    report.add("events", head);
    report.add("products", prepared.size.products);
    report.add("shop_made_in_s", round(prepared.made_in_s));
    report.add("first_start_ms", ms(first));
    report.add("server_rss_mib", rss);
    let mib = |name: &str| bytes_below(&data.join(name)) >> 20;
    report.add("log_bytes_per_event", round(bytes_below(&data.join("log")) as f64 / head as f64));
    report.add("log_mib", mib("log"));
    report.add("read_models_and_search_mib", mib("read"));
    report.add("audit_tree_mib", mib("audit"));
    report.add("engine_mib", mib("engine"));
    Ok(report)
}

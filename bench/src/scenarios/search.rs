//! Searches per second with facets; words by Zipf, so that some are asked again and again and some never were.

use super::Effort;
use crate::{
    load::{self, Operation, Shape},
    report::Report,
    server::{self, Server},
    shop,
};
use rand::{SeedableRng as _, rngs::StdRng};
use std::rc::Rc;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = server::folder()?;
    let (server, _) = Server::start(&folder.path().join("shop")).await?;
    let products = effort.scale(100_000);
    shop::stock_up(&server, products, 0).await?;
    let shape = Shape { connections: 64, warm_up: effort.warm_up(), duration: effort.duration(), rate: None };
    let peak = load::run(server.address, shape, 0, operation()).await?;
    let paced = Shape { rate: Some(peak.throughput() * 0.7), connections: 128, ..shape };
    let paced = load::run(server.address, paced, 1 << 32, operation()).await?;
    let mut report = Report::new("search", "searches", false, &peak, &paced);
    report.add("products", products);
    Ok(report)
}

fn operation() -> Operation {
    Rc::new(move |client, number| {
        let path =
            format!("/search?q={}&currency=GBP&limit=20", shop::query(&mut StdRng::seed_from_u64(number)));
        Box::pin(async move {
            let answer = client.get(&path).await?;
            shop::expect(answer.status, &[200], &answer.body, &path)
        })
    })
}

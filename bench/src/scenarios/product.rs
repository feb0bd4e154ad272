//! Products by id per second, popular ones far more often. Every answer's status is checked; at the end a thousand
//! products are compared with what they were made as.

use super::Effort;
use crate::{
    data::{Articles, Prepared, Size, zipf},
    load::{Client, Operation},
    report::Report,
    server::Server,
    trial,
};
use anyhow::ensure;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::rc::Rc;

pub(super) async fn run(effort: Effort, size: Size) -> anyhow::Result<Report> {
    let prepared = Prepared::of(size).await?;
    let (server, _) = Server::start(&prepared.data).await?;
    let trial = trial::both(&server, effort, 64, Rc::new(by_id(size.products))).await?;
    let mut report = Report::new("reads", false, &trial);
    report.add("products", size.products);
    let articles = Articles::get()?;
    let mut client = server.client().await?;
    for number in (0..size.products).step_by(usize::try_from(size.products / 1_000)?) {
        let shown = client.get(format_args!("/products/P{number}")).await?.json()?;
        let made = articles.product(number)?;
        ensure!(shown["title"] == made.title, "product {number} is {}, not {}", shown["title"], made.title);
    }
    server.stop()?;
    Ok(report)
}

pub(super) fn by_id(products: u64) -> impl Operation {
    async move |client: &mut Client, number: u64| {
        let product = zipf(StdRng::seed_from_u64(number).random(), products);
        let answer = client.get(format_args!("/products/P{product}")).await?;
        answer.outcome(&[200], "GET /products/{id}")
    }
}

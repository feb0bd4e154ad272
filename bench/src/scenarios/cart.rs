//! Cart commands per second: one line added to one of many open carts, each durable when answered.

use super::{Effort, orders::field};
use crate::{
    load::{self, Operation, Shape},
    report::Report,
    server::{self, Server},
    shop,
};
use std::rc::Rc;

const PRODUCTS: u64 = 1_000;
const CARTS: u64 = 2_000;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = server::folder()?;
    let (server, _) = Server::start(&folder.path().join("shop")).await?;
    shop::stock_up(&server, PRODUCTS, 1).await?;
    let mut client = server.client().await?;
    let mut carts = Vec::new();
    for number in 0..CARTS {
        let answer = client.post("/carts", &format!("cart{number}"), br#"{"currency":"GBP"}"#).await?;
        shop::expect(answer.status, &[201], &answer.body, "POST /carts")?;
        carts.push(field(&answer.body, "id")?);
    }
    let shape =
        Shape { connections: 128, warm_up: effort.warm_up(), duration: effort.duration(), rate: None };
    let carts = Rc::new(carts);
    let peak = load::run(server.address, shape, 0, operation(&carts)).await?;
    let paced = Shape { rate: Some(peak.throughput() * 0.7), connections: 256, ..shape };
    let paced = load::run(server.address, paced, 1 << 32, operation(&carts)).await?;
    Ok(Report::new("cart", "commands", true, &peak, &paced))
}

fn operation(carts: &Rc<Vec<String>>) -> Operation {
    let carts = carts.clone();
    Rc::new(move |client, number| {
        let path = format!("/carts/{}/lines", carts[(number % CARTS) as usize]);
        // A cart sees each product again and again, so it grows to a few dozen lines and stays there.
        let body = format!(r#"{{"sku":"{}","quantity":1}}"#, shop::sku((number / CARTS) % 40));
        Box::pin(async move {
            let answer = client.post(&path, &format!("l{number}"), body.as_bytes()).await?;
            shop::expect(answer.status, &[200, 201], &answer.body, "POST /carts/{id}/lines")
        })
    })
}

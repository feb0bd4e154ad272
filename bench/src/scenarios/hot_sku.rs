//! A flash sale: every buyer wants the same SKU, and there is not enough for all. Counts reservations per
//! second while it lasts. At the end: sold = stock, to the unit.

use super::{Effort, orders::field};
use crate::{
    client::Client,
    load::{self, Operation, Shape},
    report::Report,
    server::{self, Server},
    shop,
};
use serde_json::{Value, json};
use std::{cell::Cell, rc::Rc};

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = server::folder()?;
    let (server, _) = Server::start(&folder.path().join("shop")).await?;
    // Enough for the peak, too little for what follows.
    let stock = if effort.short { 50_000 } else { 250_000 };
    shop::stock_up(&server, 1, stock).await?;
    let sold = Rc::new(Cell::new(0_u64));
    let refused = Rc::new(Cell::new(0_u64));
    let shape =
        Shape { connections: 128, warm_up: effort.warm_up(), duration: effort.duration(), rate: None };
    let peak = load::run(server.address, shape, 0, operation(&sold, &refused)).await?;
    let paced = Shape { rate: Some(peak.throughput() * 0.7), connections: 256, ..shape };
    let paced = load::run(server.address, paced, 1 << 32, operation(&sold, &refused)).await?;
    let mut report = Report::new("hot-sku", "reservations", true, &peak, &paced);
    shop::settle(&server).await?;
    let answer = server.client().await?.get(&format!("/inventory/{}", shop::sku(0))).await?;
    let shown: Value = serde_json::from_slice(&answer.body)?;
    let left = shown["available"].as_i64().unwrap_or(-1);
    report.add(
        "checked",
        json!({ "stock": stock, "sold": sold.get(), "refused": refused.get(), "left": left }),
    );
    let agrees = i64::try_from(sold.get())? + left == i64::from(stock);
    anyhow::ensure!(agrees && left >= 0, "{} sold, {left} left of {stock}", sold.get());
    Ok(report)
}

fn operation(sold: &Rc<Cell<u64>>, refused: &Rc<Cell<u64>>) -> Operation {
    let (sold, refused) = (sold.clone(), refused.clone());
    Rc::new(move |client, number| {
        let (sold, refused) = (sold.clone(), refused.clone());
        Box::pin(async move {
            if buy(client, number).await? {
                sold.set(sold.get() + 1);
            } else {
                refused.set(refused.get() + 1);
            }
            Ok(())
        })
    })
}

/// Whether this buyer got one.
async fn buy(client: &mut Client, number: u64) -> anyhow::Result<bool> {
    let body = format!(r#"{{"currency":"GBP","lines":[{{"sku":"{}","quantity":1}}]}}"#, shop::sku(0));
    let answer = client.post("/carts", &format!("o{number}"), body.as_bytes()).await?;
    shop::expect(answer.status, &[201], &answer.body, "POST /carts")?;
    let path = format!("/carts/{}/checkout", field(&answer.body, "id")?);
    let answer = client.post(&path, &format!("c{number}"), br#"{"payment_token":"tok_visa"}"#).await?;
    shop::expect(answer.status, &[201, 409, 422], &answer.body, "POST /carts/{id}/checkout")?;
    Ok(answer.status == 201)
}

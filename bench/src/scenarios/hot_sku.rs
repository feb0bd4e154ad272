//! One hot SKU: every buyer wants it, and there is enough for all while it is measured. Reservations on one stream,
//! so one single writer decides all of them. At the end: sold + left = stock, to the unit.

use super::{
    Effort,
    orders::{CONNECTIONS, PAY},
};
use crate::{
    folder, invariants,
    load::{Client, Operation, Outcome},
    report::Report,
    server::Server,
    shop::{self, sku},
    trial,
};
use anyhow::ensure;
use serde_json::json;
use std::{cell::Cell, rc::Rc};

const STOCK: u32 = 999_000;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = folder::for_run()?;
    let data = folder.path().join("shop");
    let (server, _) = Server::start(&data).await?;
    shop::stock_up(&server, 1, STOCK).await?;
    let sold = Rc::new(Cell::new(0));
    let trial = trial::both(&server, effort, CONNECTIONS, Rc::new(counting(sold.clone()))).await?;
    let mut report = Report::new("reservations", true, &trial);
    let left = left(&server).await?;
    let agrees =
        sold.get() + left == i64::from(STOCK) || (report.errors > 0 && sold.get() + left < i64::from(STOCK));
    ensure!(agrees && left >= 0, "{} sold, {left} left of {STOCK}", sold.get());
    report.add("checked", json!({ "stock": STOCK, "sold": sold.get(), "left": left }));
    report.add("verified_in_s", invariants::verify(server, &data)?);
    Ok(report)
}

fn counting(sold: Rc<Cell<i64>>) -> impl Operation {
    async move |client: &mut Client, number: u64| {
        let outcome = buy_one(client, number).await?;
        ensure!(outcome != Outcome::Done(TOLD_NO), "sold out while it was measured");
        if outcome == Outcome::Done(SOLD) {
            sold.set(sold.get() + 1);
        }
        Ok(outcome)
    }
}

/// Kinds of outcomes.
pub(super) const SOLD: usize = 1;
pub(super) const TOLD_NO: usize = 2;

/// One unit of the SKU that everybody wants.
pub(super) async fn buy_one(client: &mut Client, number: u64) -> anyhow::Result<Outcome> {
    let body = format_args!(r#"{{"currency":"GBP","lines":[{{"sku":"{}","quantity":1}}]}}"#, sku(0));
    let answer = client.post("/carts", format_args!("o{number}"), body).await?;
    if answer.outcome(&[201], "POST /carts")? == Outcome::Refused {
        return Ok(Outcome::Refused);
    }
    let path = format!("/carts/{}/checkout", answer.id()?);
    let answer = client.post(path, format_args!("c{number}"), PAY).await?;
    Ok(match answer.outcome(&[201, 409, 422], "POST /carts/{id}/checkout")? {
        Outcome::Refused => Outcome::Refused,
        Outcome::Done(_) => Outcome::Done(if answer.status == 201 { SOLD } else { TOLD_NO }),
    })
}

/// Units that can still be sold.
pub(super) async fn left(server: &Server) -> anyhow::Result<i64> {
    shop::settle(server).await?;
    Ok(shop::stock(&mut server.client().await?, sku(0)).await?.available)
}

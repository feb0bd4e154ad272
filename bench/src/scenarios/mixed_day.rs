//! A shopping day in small: of 100 customers 90 browse (half look at products, a third search, the rest look at
//! stock), 9 put something into a cart, 1 checks out. All at once on one server. At the end the orders confirmed are
//! those that are there, and the shop holds together.

use super::{
    Effort,
    cart::{FEW, open_carts},
    orders::{self, CONNECTIONS},
};
use crate::{
    data::{Articles, Prepared, Size, copy_of, zipf},
    invariants,
    load::{Client, Id, Operation, Outcome, percentile_ms},
    report::Report,
    server::Server,
    shop::{self, sku},
    trial,
};
use anyhow::ensure;
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use serde_json::json;
use std::{cell::Cell, rc::Rc};

/// Kinds of outcomes.
const BROWSED: usize = 1;
const FILLED: usize = 2;
const BOUGHT: usize = 3;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let size = Size::of_products(effort.scale(100_000));
    let (_folder, data) = copy_of(&Prepared::of(size).await?)?;
    let (server, _) = Server::start(&data).await?;
    let carts = open_carts(&server, FEW).await?;
    let articles = Articles::get()?;
    let searches = (0..100_000).map(|number| articles.search(number)).collect();
    let day = Day { products: size.products, carts, searches, bought: Rc::default() };
    let bought = day.bought.clone();
    let trial = trial::both(&server, effort, CONNECTIONS, Rc::new(day.customers())).await?;
    let mut report = Report::new("customers", true, &trial);
    for (name, kind) in [("browsing", BROWSED), ("filling_a_cart", FILLED), ("checking_out", BOUGHT)] {
        let latencies_us = &trial.paced.measured.kinds_us[kind - 1];
        let ms = |percentile| percentile_ms(latencies_us, percentile);
        report.add(name, json!({ "p50_ms": ms(50.0), "p99_ms": ms(99.0), "p999_ms": ms(99.9), "count": latencies_us.len() }));
    }
    report.add("products", size.products);
    shop::settle(&server).await?;
    let metrics = server.metrics().await?;
    report.add("rejections", metrics.sum("daybook_rejections_total"));
    let confirmed = orders_confirmed(&server).await?;
    let agrees = confirmed == bought.get() || (report.errors > 0 && confirmed > bought.get());
    ensure!(agrees, "{} orders were answered confirmed, {confirmed} are there", bought.get());
    report.add("confirmed", confirmed);
    report.add("verified_in_s", invariants::verify(server, &data)?);
    Ok(report)
}

struct Day {
    products: u64,
    carts: Vec<Id>,
    searches: Vec<String>,
    /// Orders that were answered confirmed.
    bought: Rc<Cell<u64>>,
}

impl Day {
    fn customers(self) -> impl Operation {
        async move |client: &mut Client, number: u64| {
            // Mixed through each other, and every hundred has the same mix.
            match number * 37 % 100 {
                0 => self.check_out(client, number).await,
                1..10 => self.fill(client, number).await,
                _ => self.browse(client, number).await,
            }
        }
    }

    async fn browse(&self, client: &mut Client, number: u64) -> anyhow::Result<Outcome> {
        let product = zipf(StdRng::seed_from_u64(number).random(), self.products);
        let answer = match number % 6 {
            0..3 => client.get(format_args!("/products/P{product}")).await?,
            3..5 => client.get(&self.searches[(number % self.searches.len() as u64) as usize]).await?,
            _ => client.get(format_args!("/inventory/{}", sku(product))).await?,
        };
        Ok(kind(BROWSED, answer.outcome(&[200], "browsing")?))
    }

    async fn fill(&self, client: &mut Client, number: u64) -> anyhow::Result<Outcome> {
        let path = format_args!("/carts/{}/lines", self.carts[(number / 11 % FEW_CARTS) as usize]);
        let body = format_args!(r#"{{"sku":"{}","quantity":1}}"#, sku(number / 1_000 % 40));
        let answer = client.post(path, format_args!("l{number}"), body).await?;
        Ok(kind(FILLED, answer.outcome(&[200, 201], "POST /carts/{id}/lines")?))
    }

    async fn check_out(&self, client: &mut Client, number: u64) -> anyhow::Result<Outcome> {
        let outcome = kind(BOUGHT, orders::order(client, number, self.products).await?);
        if outcome != Outcome::Refused {
            self.bought.set(self.bought.get() + 1);
        }
        Ok(outcome)
    }
}

const FEW_CARTS: u64 = 2_000;

fn kind(kind: usize, outcome: Outcome) -> Outcome {
    if outcome == Outcome::Refused { outcome } else { Outcome::Done(kind) }
}

/// Counted in the event feed, which is the record itself.
async fn orders_confirmed(server: &Server) -> anyhow::Result<u64> {
    let mut client = server.client().await?;
    let head = shop::head(&mut client).await?;
    let (mut from, mut confirmed) = (1, 0);
    while from <= head {
        let answer = client.get(format_args!("/events?from={from}&limit=1000&type=OrderConfirmed")).await?;
        answer.expect(&[200], "GET /events")?;
        let lines: Vec<&[u8]> =
            answer.body.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        let Some(last) = lines.last() else { break };
        confirmed += lines.len() as u64;
        let last: serde_json::Value = serde_json::from_slice(last)?;
        from = last["position"]
            .as_str()
            .and_then(|text| text.parse().ok())
            .or(last["position"].as_u64())
            .unwrap_or(head)
            + 1;
    }
    Ok(confirmed)
}

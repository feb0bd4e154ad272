//! Cart commands per second: one line added to one of many open carts, each durable when answered. Carts of a few
//! lines grow to forty; those of 10 and 1,000 lines keep that size and get more units. At the end every cart holds
//! as many units as were acknowledged.

use super::Effort;
use crate::{
    folder,
    load::{Client, Id, Operation, Outcome},
    report::Report,
    server::Server,
    shop::{self, sku},
    trial,
};
use anyhow::ensure;
use std::{cell::RefCell, fmt::Write as _, rc::Rc};

/// How many carts, and how many lines each.
#[derive(Clone, Copy)]
pub(super) struct Carts {
    carts: u64,
    /// At the beginning.
    lines: u64,
    /// Different SKUs that are added.
    skus: u64,
}

pub(super) const FEW: Carts = Carts { carts: 2_000, lines: 0, skus: 40 };
pub(super) const TEN: Carts = Carts { carts: 2_000, lines: 10, skus: 10 };
pub(super) const THOUSAND: Carts = Carts { carts: 100, lines: 1_000, skus: 1_000 };

const PRODUCTS: u64 = 1_000;

pub(super) async fn run(effort: Effort, carts: Carts) -> anyhow::Result<Report> {
    let folder = folder::for_run()?;
    let (server, _) = Server::start(&folder.path().join("shop")).await?;
    shop::stock_up(&server, PRODUCTS, 1).await?;
    let ids = Rc::new(open_carts(&server, carts).await?);
    let added: Added = Rc::default();
    let operation = Rc::new(add_line(carts, ids.clone(), added.clone()));
    let trial = trial::both(&server, effort, 128, operation).await?;
    let mut report = Report::new("commands", true, &trial);
    shop::settle(&server).await?;
    let mut client = server.client().await?;
    let added = added.take();
    for (id, added) in ids.iter().zip(added) {
        let cart = client.get(format_args!("/carts/{id}")).await?.json()?;
        let lines = cart["lines"].as_array().map(Vec::as_slice).unwrap_or_default();
        let units: u64 = lines.iter().filter_map(|line| line["quantity"].as_u64()).sum();
        let expected = carts.lines + added;
        let agrees = units == expected || (report.errors > 0 && units > expected);
        ensure!(agrees, "cart {id} holds {units} units, {expected} were acknowledged");
    }
    report.add("carts", carts.carts);
    report.add("lines_at_the_beginning", carts.lines);
    Ok(report)
}

/// Open carts with the lines they begin with.
pub(super) async fn open_carts(server: &Server, carts: Carts) -> anyhow::Result<Vec<Id>> {
    let mut client = server.client().await?;
    let mut ids = Vec::new();
    let mut lines = String::new();
    for number in 0..carts.lines {
        let comma = if number > 0 { "," } else { "" };
        write!(lines, r#"{comma}{{"sku":"{}","quantity":1}}"#, sku(number))?;
    }
    for number in 0..carts.carts {
        let body = format_args!(r#"{{"currency":"GBP","lines":[{lines}]}}"#);
        let answer = client.post("/carts", format_args!("cart{number}"), body).await?;
        answer.expect(&[201], "POST /carts")?;
        ids.push(answer.id()?);
    }
    Ok(ids)
}

/// Acknowledged lines per cart.
type Added = Rc<RefCell<Vec<u64>>>;

pub(super) fn add_line(carts: Carts, ids: Rc<Vec<Id>>, added: Added) -> impl Operation {
    added.borrow_mut().resize(ids.len(), 0);
    async move |client: &mut Client, number: u64| {
        let cart = (number % carts.carts) as usize;
        let path = format_args!("/carts/{}/lines", ids[cart]);
        let sku = sku((number / carts.carts) % carts.skus);
        let body = format_args!(r#"{{"sku":"{sku}","quantity":1}}"#);
        let answer = client.post(path, format_args!("l{number}"), body).await?;
        let outcome = answer.outcome(&[200, 201], "POST /carts/{id}/lines")?;
        if outcome != Outcome::Refused {
            added.borrow_mut()[cart] += 1;
        }
        Ok(outcome)
    }
}

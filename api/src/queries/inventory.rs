//! `GET /inventory/{sku}` and the movements that explain it.

use super::{page, past, version_of, view};
use crate::{
    http::{Id, IfNoneMatch, Params, resource},
    problem::Problem,
    shop::App,
};
use axum::{extract::State, response::Response};
use daybook_domain::Sku;
use daybook_engine::{Clock, SystemClock};
use daybook_projections::past::Thing;

/// Stands in a row only where a hold has lapsed.
const LAPSED: &[u8] = b"\"lapsed\":";

pub(crate) async fn show(
    State(shop): App,
    Id(sku): Id<Sku>,
    held: IfNoneMatch,
    mut params: Params,
) -> Result<Response, Problem> {
    let (asked, wanted) = (past::Asked::take(&mut params)?, params.freshness()?);
    params.finish()?;
    if let Some(asked) = asked {
        return asked.answer(&shop, wanted, &Thing::Stock(sku)).await;
    }
    shop.wait_until(wanted).await?;
    let position = shop.waiting.position();
    let row = shop.reads.stock().by_sku(&sku, SystemClock.now()).await?;
    let row = row.ok_or_else(|| view::not_found("stock"))?;
    // A hold that has lapsed changes what can be sold without a new version.
    let lapsed = row.json().windows(LAPSED.len()).any(|window| window == LAPSED);
    let held = if lapsed { IfNoneMatch::nothing() } else { held };
    let version = version_of(row.json());
    Ok(resource(row.into_bytes(), version, position, &held))
}

pub(crate) async fn movements(
    State(shop): App,
    Id(sku): Id<Sku>,
    mut params: Params,
) -> Result<Response, Problem> {
    let (wanted, limit) = (params.freshness()?, params.limit(50, 500)?);
    let cursor = page::cursor(&mut params)?;
    params.finish()?;
    shop.wait_until(wanted).await?;
    let position = shop.waiting.position();
    Ok(page::listing(&shop.reads.stock().movements(&sku, cursor.as_ref(), limit).await?, position))
}

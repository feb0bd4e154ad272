//! `GET /orders/{id}`, and orders by number, customer or reference.

use super::{page, past, version_of, view};
use crate::{
    http::{Id, IfNoneMatch, Params, exact_etag, not_modified, tagged},
    problem::{Problem, kind},
    shop::App,
};
use axum::{extract::State, response::Response};
use daybook_domain::{CustomerId, OrderId, OrderNumber};
use daybook_projections::{Page, past::Thing, position_of};

pub(crate) async fn show(
    State(shop): App,
    Id(id): Id<OrderId>,
    held: IfNoneMatch,
    mut params: Params,
) -> Result<Response, Problem> {
    let (asked, wanted) = (past::Asked::take(&mut params)?, params.freshness()?);
    params.finish()?;
    if let Some(asked) = asked {
        return asked.answer(&shop, wanted, &Thing::Order(id)).await;
    }
    shop.wait_until(wanted).await?;
    let position = shop.waiting.position();
    let row = shop.reads.orders().by_id(id).await?.ok_or_else(|| view::not_found("order"))?;
    let (version, changed_at) = (version_of(row.json()), position_of(row.json()));
    // The order shows its payment, which changes without a new version of the order; so the tag has both.
    let tag = exact_etag(version, changed_at);
    if held.has_exactly(version, changed_at) {
        return Ok(not_modified(tag, position));
    }
    Ok(tagged(row.into_bytes(), tag, position))
}

pub(crate) async fn list(State(shop): App, mut params: Params) -> Result<Response, Problem> {
    let (wanted, limit) = (params.freshness()?, params.limit(20, 200)?);
    let cursor = page::cursor(&mut params)?;
    let number = params.take::<OrderNumber>("number")?;
    let customer = params.take::<CustomerId>("customer")?;
    let reference = params.take_text("reference")?;
    params.finish()?;
    shop.wait_until(wanted).await?;
    let position = shop.waiting.position();
    let orders = shop.reads.orders();
    let found = match (number, customer, reference) {
        (Some(number), None, None) => {
            Page { rows: orders.by_number(&number).await?.into_iter().collect(), next: None }
        }
        (None, Some(customer), None) => orders.of_customer(&customer, cursor.as_ref(), limit).await?,
        (None, None, Some(reference)) => orders.by_reference(&reference, cursor.as_ref(), limit).await?,
        _ => {
            let detail = "name exactly one of number, customer and reference";
            return Err(Problem::new(&kind::INVALID_PARAMETER, detail));
        }
    };
    Ok(page::listing(&found, position))
}

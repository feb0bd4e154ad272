//! `GET /payments/{id}`

use super::view;
use crate::{
    http::{Id, IfNoneMatch, Params},
    problem::Problem,
    shop::App,
};
use axum::{extract::State, response::Response};
use daybook_domain::PaymentId;
use daybook_projections::past::Thing;

pub(crate) async fn show(
    State(shop): App,
    Id(id): Id<PaymentId>,
    held: IfNoneMatch,
    params: Params,
) -> Result<Response, Problem> {
    view::show(&shop, params, &held, &Thing::Payment(id), shop.reads.payments().by_id(id)).await
}

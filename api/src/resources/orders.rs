//! Orders: one with all that became of it, orders by number, customer or reference, and the commands on them.

use crate::{
    app::{App, Shop},
    http::{
        Asked, AskedPoint, CommandBody, Id, IfNoneMatch, Params, created_id, cursor, done, exact_etag,
        listing, not_found, not_modified, receipt, tagged,
    },
    problem::{Problem, kind},
};
use axum::{extract::State, http::StatusCode, response::Response};
use daybook_domain::{
    Command, CreditId, CustomerId, LineId, LocationId, Money, OrderId, OrderNumber, Quantity, ReturnId,
    ShipmentId,
    order::{
        CancelOrder, ChargeKind, CreditOrder, DeliverOrder, LineQuantity, OrderCommand, ReturnCondition,
        ReturnGoods, ShipOrder,
    },
};
use daybook_engine::{Outcome, Priority};
use daybook_read_store::{Page, position_of, version_of};
use daybook_views::Target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelBody {
    /// Why, in the customer's or the shop's words. No personal data.
    pub reason: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShipBody {
    /// None: everything not yet shipped.
    #[serde(default)]
    pub lines: Option<Vec<LineQuantity>>,
    #[serde(default)]
    pub carrier: Option<String>,
    #[serde(default)]
    pub tracking: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliverBody {
    /// None: everything shipped and not yet delivered.
    #[serde(default)]
    pub lines: Option<Vec<LineQuantity>>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnBody {
    pub lines: Vec<ReturnLineBody>,
    #[serde(default)]
    pub reason: Option<String>,
    /// Where they are put; none: where the order's first allocation of the SKU came from.
    #[serde(default)]
    pub location: Option<LocationId>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReturnLineBody {
    pub line_id: LineId,
    pub quantity: Quantity,
    #[serde(default = "sellable")]
    pub condition: ReturnCondition,
}

fn sellable() -> ReturnCondition {
    ReturnCondition::Sellable
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreditBody {
    /// What it is taken off.
    pub kind: ChargeKind,
    pub label: String,
    /// More than nothing, at most what was paid and not given back yet.
    pub amount: Money,
}

/// The shipment that a command began.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Shipped {
    pub shipment_id: ShipmentId,
}

/// The credit that a command granted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Credited {
    pub credit_id: CreditId,
}

/// The return that a command recorded.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Returned {
    pub return_id: ReturnId,
}

impl CommandBody for CancelBody {}
impl CommandBody for ShipBody {}
impl CommandBody for DeliverBody {}
impl CommandBody for ReturnBody {}
impl CommandBody for CreditBody {}

/// `POST /orders/{id}/cancel`
pub(crate) async fn cancel(
    State(shop): App,
    Id(id): Id<OrderId>,
    asked: Asked<CancelBody>,
) -> Result<Response, Problem> {
    let command = OrderCommand::CancelOrder(CancelOrder { reason: asked.body.reason.clone() });
    run(&shop, id, &asked, command).await.map(|outcome| done(&outcome))
}

/// `POST /orders/{id}/ship`
pub(crate) async fn ship(
    State(shop): App,
    Id(id): Id<OrderId>,
    asked: Asked<ShipBody>,
) -> Result<Response, Problem> {
    let shipment_id = ShipmentId::new(created_id(asked.caller.command_id, asked.caller.retry_safe));
    let ShipBody { lines, carrier, tracking } = &asked.body;
    let (lines, carrier, tracking) = (lines.clone(), carrier.clone(), tracking.clone());
    let command = OrderCommand::ShipOrder(ShipOrder { shipment_id, lines, carrier, tracking });
    let outcome = run(&shop, id, &asked, command).await?;
    Ok(receipt(StatusCode::OK, &outcome, Shipped { shipment_id }))
}

/// `POST /orders/{id}/deliver`
pub(crate) async fn deliver(
    State(shop): App,
    Id(id): Id<OrderId>,
    asked: Asked<DeliverBody>,
) -> Result<Response, Problem> {
    let command = OrderCommand::DeliverOrder(DeliverOrder { lines: asked.body.lines.clone() });
    run(&shop, id, &asked, command).await.map(|outcome| done(&outcome))
}

/// `POST /orders/{id}/return`
pub(crate) async fn take_back(
    State(shop): App,
    Id(id): Id<OrderId>,
    asked: Asked<ReturnBody>,
) -> Result<Response, Problem> {
    let return_id = ReturnId::new(created_id(asked.caller.command_id, asked.caller.retry_safe));
    let ReturnBody { lines, reason, location } = &asked.body;
    let lines = lines
        .iter()
        .map(|line| (LineQuantity { line_id: line.line_id, quantity: line.quantity }, line.condition))
        .collect();
    let (reason, location) = (reason.clone(), location.clone());
    let command = OrderCommand::ReturnGoods(ReturnGoods { return_id, lines, reason, location });
    let outcome = run(&shop, id, &asked, command).await?;
    Ok(receipt(StatusCode::OK, &outcome, Returned { return_id }))
}

/// `POST /orders/{id}/credit`
pub(crate) async fn credit(
    State(shop): App,
    Id(id): Id<OrderId>,
    asked: Asked<CreditBody>,
) -> Result<Response, Problem> {
    let credit_id = CreditId::new(created_id(asked.caller.command_id, asked.caller.retry_safe));
    let CreditBody { kind, label, amount } = &asked.body;
    let (kind, label, amount) = (*kind, label.clone(), *amount);
    let command = OrderCommand::CreditOrder(CreditOrder { credit_id, kind, label, amount });
    let outcome = run(&shop, id, &asked, command).await?;
    Ok(receipt(StatusCode::OK, &outcome, Credited { credit_id }))
}

async fn run<T>(
    shop: &Shop,
    id: OrderId,
    asked: &Asked<T>,
    command: OrderCommand,
) -> Result<Outcome, Problem> {
    shop.execute(asked, Command::Order(id, command), Priority::Normal).await
}

pub(crate) async fn show(
    State(shop): App,
    Id(id): Id<OrderId>,
    held: IfNoneMatch,
    mut params: Params,
) -> Result<Response, Problem> {
    let (asked, wanted) = (AskedPoint::take(&mut params)?, params.freshness()?);
    params.finish()?;
    if let Some(asked) = asked {
        return asked.answer(&shop, wanted, &Target::Orders(id)).await;
    }
    shop.wait_until(wanted).await?;
    let position = shop.waiting.position();
    let row = shop.reads.orders().by_id(id).await?.ok_or_else(|| not_found("order"))?;
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
    let cursor = cursor(&mut params)?;
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
    Ok(listing(&found, position))
}

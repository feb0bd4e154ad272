//! Commands on orders: cancel, ship, deliver, take goods back, give money back.

use super::receipt::{done, receipt};
use crate::{
    http::{Asked, CommandBody, Id, created_id},
    problem::Problem,
    shop::{App, Shop},
};
use axum::{extract::State, http::StatusCode, response::Response};
use daybook_domain::{
    Command, CreditId, LineId, LocationId, Money, OrderId, Quantity, ReturnId, ShipmentId,
    order::{
        CancelOrder, ChargeKind, CreditOrder, DeliverOrder, LineQuantity, OrderCommand, ReturnCondition,
        ReturnGoods, ShipOrder,
    },
};
use daybook_engine::{Outcome, Priority};
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

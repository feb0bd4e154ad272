//! Commands on orders: cancel, ship, deliver, take goods back, give money back.

use crate::{
    app::{App, AppState},
    http::{CommandBody, CommandInput, Created, FieldError, Id, Nothing, Receipt, created_id, invalid_body},
    problem::Problem,
};
use axum::extract::State;
use daybook_domain::{
    Command, CreditId, LineId, LocationId, Money, OrderId, Quantity, ReturnId, ShipmentId,
    order::{
        CancelLines, CancelOrder, ChargeKind, CreditOrder, DeliverOrder, LineQuantity, OrderCommand,
        ReturnCondition, ReturnGoods, ShipOrder,
    },
};
use daybook_engine::{Outcome, Priority};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fmt::Display;

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelBody {
    /// Why, in the customer's or the shop's words. No personal data.
    pub reason: String,
    /// Units that are not to be sent; the others are. None, without `rest`: the whole order, of which nothing was sent.
    #[serde(default)]
    pub lines: Option<Vec<LineQuantity>>,
    /// Everything that was not sent yet.
    #[serde(default)]
    pub rest: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShipBody {
    /// Where the goods leave; none: where they are set aside, if that is one location.
    #[serde(default)]
    pub location: Option<LocationId>,
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

impl CommandBody for CancelBody {
    fn example() -> Value {
        json!({ "reason": "ordered twice" })
    }
}

impl CommandBody for ShipBody {
    fn example() -> Value {
        json!({ "location": "main", "lines": [{ "line_id": 1, "quantity": 2 }],
            "carrier": "Royal Mail", "tracking": "RM123456789GB" })
    }
}

impl CommandBody for DeliverBody {
    fn example() -> Value {
        json!({ "lines": [{ "line_id": 1, "quantity": 2 }] })
    }
}

impl CommandBody for ReturnBody {
    fn example() -> Value {
        json!({ "lines": [{ "line_id": 1, "quantity": 1, "condition": "sellable" }],
            "reason": "wrong colour" })
    }
}

impl CommandBody for CreditBody {
    fn example() -> Value {
        json!({ "kind": "discount", "label": "late delivery",
            "amount": { "minor": 250, "currency": "GBP" } })
    }
}

pub(super) async fn cancel(
    State(app): AppState,
    Id(id): Id<OrderId>,
    input: CommandInput<CancelBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let CancelBody { reason, lines, rest } = &input.body;
    let (reason, lines) = (reason.clone(), lines.clone());
    let command = match (lines, *rest) {
        (Some(_), true) => {
            let error =
                FieldError::new("/rest", "means all lines, so it is left out where `lines` says which");
            return Err(invalid_body(vec![error]));
        }
        (None, false) => OrderCommand::CancelOrder(CancelOrder { reason }),
        (lines, _) => OrderCommand::CancelLines(CancelLines { lines, reason }),
    };
    run(&app, id, &input, command).await.map(|outcome| Receipt::of(&outcome))
}

pub(super) async fn ship(
    State(app): AppState,
    Id(id): Id<OrderId>,
    input: CommandInput<ShipBody>,
) -> Result<Created<Shipped>, Problem> {
    let shipment_id = ShipmentId::new(created_id(input.caller.command_id, input.caller.retry_safe));
    let ShipBody { location, lines, carrier, tracking } = input.body.clone();
    let command = OrderCommand::ShipOrder(ShipOrder { shipment_id, location, lines, carrier, tracking });
    let outcome = run(&app, id, &input, command).await?;
    Ok(created(&outcome, "shipments", shipment_id, Shipped { shipment_id }))
}

pub(super) async fn deliver(
    State(app): AppState,
    Id(id): Id<OrderId>,
    input: CommandInput<DeliverBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let command = OrderCommand::DeliverOrder(DeliverOrder { lines: input.body.lines.clone() });
    run(&app, id, &input, command).await.map(|outcome| Receipt::of(&outcome))
}

pub(super) async fn take_back(
    State(app): AppState,
    Id(id): Id<OrderId>,
    input: CommandInput<ReturnBody>,
) -> Result<Created<Returned>, Problem> {
    let return_id = ReturnId::new(created_id(input.caller.command_id, input.caller.retry_safe));
    let ReturnBody { lines, reason, location } = &input.body;
    let lines = lines
        .iter()
        .map(|line| (LineQuantity { line_id: line.line_id, quantity: line.quantity }, line.condition))
        .collect();
    let (reason, location) = (reason.clone(), location.clone());
    let command = OrderCommand::ReturnGoods(ReturnGoods { return_id, lines, reason, location });
    let outcome = run(&app, id, &input, command).await?;
    Ok(created(&outcome, "returns", return_id, Returned { return_id }))
}

pub(super) async fn credit(
    State(app): AppState,
    Id(id): Id<OrderId>,
    input: CommandInput<CreditBody>,
) -> Result<Created<Credited>, Problem> {
    let credit_id = CreditId::new(created_id(input.caller.command_id, input.caller.retry_safe));
    let CreditBody { kind, label, amount } = &input.body;
    let (kind, label, amount) = (*kind, label.clone(), *amount);
    let command = OrderCommand::CreditOrder(CreditOrder { credit_id, kind, label, amount });
    let outcome = run(&app, id, &input, command).await?;
    Ok(created(&outcome, "credits", credit_id, Credited { credit_id }))
}

/// The receipt of a part of the order that has an address of its own.
fn created<T>(outcome: &Outcome, parts: &str, id: impl Display, made: T) -> Created<T> {
    let location = format!("/orders/{}/{parts}/{id}", outcome.stream.id());
    Created { receipt: Receipt::with(outcome, made), location }
}

async fn run<T>(
    app: &App,
    id: OrderId,
    input: &CommandInput<T>,
    command: OrderCommand,
) -> Result<Outcome, Problem> {
    app.execute(input, Command::Order(id, command), Priority::Normal).await
}

//! Commands on the stock of a SKU. A location not named is `main`. The names are looked up before
//! (`api/src/stock_names.rs`).

use crate::{
    app::{App, AppState},
    http::{CommandBody, CommandInput, Id, Nothing, Receipt},
    problem::Problem,
};
use axum::extract::State;
use daybook_domain::{
    Command, LocationId, Quantity, Sku,
    inventory::{AdjustStock, CountStock, InventoryCommand, ReceiveStock, SetStockPolicy, TransferStock},
    location::Location,
};
use daybook_engine::Priority;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Goods arrived.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiveBody {
    #[serde(default = "Location::main_id")]
    pub location: LocationId,
    pub quantity: Quantity,
    /// For example a delivery note.
    #[serde(default)]
    pub reference: Option<String>,
}

/// More or less by hand.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AdjustBody {
    #[serde(default = "Location::main_id")]
    pub location: LocationId,
    /// Not zero; at most ±999,999.
    pub delta: i64,
    /// Always given, so that the stock can be explained.
    pub reason: String,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferBody {
    pub from: LocationId,
    pub to: LocationId,
    pub quantity: Quantity,
}

/// Somebody counted.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CountBody {
    #[serde(default = "Location::main_id")]
    pub location: LocationId,
    pub counted: u32,
}

/// How deep a location may be sold.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyBody {
    #[serde(default = "Location::main_id")]
    pub location: LocationId,
    /// Units never sold.
    #[serde(default)]
    pub safety_stock: u32,
    /// Units that may be sold without being there.
    #[serde(default)]
    pub backorder_limit: u32,
}

impl CommandBody for ReceiveBody {
    fn example() -> Value {
        json!({ "location": "main", "quantity": 100, "reference": "DN-881" })
    }
}

impl CommandBody for AdjustBody {
    fn example() -> Value {
        json!({ "location": "main", "delta": -2, "reason": "broken in the warehouse" })
    }
}

impl CommandBody for TransferBody {
    fn example() -> Value {
        json!({ "from": "main", "to": "shop-bath", "quantity": 12 })
    }
}

impl CommandBody for CountBody {
    fn example() -> Value {
        json!({ "location": "main", "counted": 97 })
    }
}

impl CommandBody for PolicyBody {
    fn example() -> Value {
        json!({ "location": "main", "safety_stock": 5, "backorder_limit": 0 })
    }
}

pub(super) async fn receive(
    State(app): AppState,
    Id(sku): Id<Sku>,
    input: CommandInput<ReceiveBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let ReceiveBody { location, quantity, reference } = &input.body;
    let (location, quantity, reference) = (location.clone(), *quantity, reference.clone());
    let command = ReceiveStock { sku: sku.clone(), location, quantity, reference };
    run(&app, sku, &input, InventoryCommand::ReceiveStock(command)).await
}

pub(super) async fn adjust(
    State(app): AppState,
    Id(sku): Id<Sku>,
    input: CommandInput<AdjustBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let AdjustBody { location, delta, reason } = &input.body;
    let (location, delta, reason) = (location.clone(), *delta, reason.clone());
    let command = AdjustStock { sku: sku.clone(), location, delta, reason };
    run(&app, sku, &input, InventoryCommand::AdjustStock(command)).await
}

pub(super) async fn transfer(
    State(app): AppState,
    Id(sku): Id<Sku>,
    input: CommandInput<TransferBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let TransferBody { from, to, quantity } = &input.body;
    let command = TransferStock { sku: sku.clone(), from: from.clone(), to: to.clone(), quantity: *quantity };
    run(&app, sku, &input, InventoryCommand::TransferStock(command)).await
}

pub(super) async fn count(
    State(app): AppState,
    Id(sku): Id<Sku>,
    input: CommandInput<CountBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let CountBody { location, counted } = &input.body;
    let command = CountStock { sku: sku.clone(), location: location.clone(), counted: *counted };
    run(&app, sku, &input, InventoryCommand::CountStock(command)).await
}

pub(super) async fn policy(
    State(app): AppState,
    Id(sku): Id<Sku>,
    input: CommandInput<PolicyBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let PolicyBody { location, safety_stock, backorder_limit } = &input.body;
    let (safety_stock, backorder_limit) = (*safety_stock, *backorder_limit);
    let command =
        SetStockPolicy { sku: sku.clone(), location: location.clone(), safety_stock, backorder_limit };
    run(&app, sku, &input, InventoryCommand::SetStockPolicy(command)).await
}

async fn run<T>(
    app: &App,
    sku: Sku,
    input: &CommandInput<T>,
    command: InventoryCommand,
) -> Result<Receipt<Nothing>, Problem> {
    app.execute(input, Command::Inventory(sku, command), Priority::Normal)
        .await
        .map(|outcome| Receipt::of(&outcome))
}

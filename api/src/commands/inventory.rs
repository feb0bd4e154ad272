//! Commands on the stock of a SKU. A location not named is `main`.

use super::receipt::done;
use crate::{
    http::{Asked, CommandBody, Id},
    problem::Problem,
    shop::{App, Shop},
};
use axum::{extract::State, response::Response};
use daybook_domain::{
    Command, LocationId, Quantity, Sku,
    inventory::{AdjustStock, CountStock, InventoryCommand, ReceiveStock, SetStockPolicy, TransferStock},
};
use daybook_engine::Priority;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

fn main_location() -> LocationId {
    "main".parse().expect("main is a location id")
}

/// Goods arrived.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReceiveBody {
    #[serde(default = "main_location")]
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
    #[serde(default = "main_location")]
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
    #[serde(default = "main_location")]
    pub location: LocationId,
    pub counted: u32,
}

/// How deep a location may be sold.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyBody {
    #[serde(default = "main_location")]
    pub location: LocationId,
    /// Units never sold.
    #[serde(default)]
    pub safety_stock: u32,
    /// Units that may be sold without being there.
    #[serde(default)]
    pub backorder_limit: u32,
}

impl CommandBody for ReceiveBody {}
impl CommandBody for AdjustBody {}
impl CommandBody for TransferBody {}
impl CommandBody for CountBody {}
impl CommandBody for PolicyBody {}

/// `POST /inventory/{sku}/receive`
pub(crate) async fn receive(
    State(shop): App,
    Id(sku): Id<Sku>,
    asked: Asked<ReceiveBody>,
) -> Result<Response, Problem> {
    let ReceiveBody { location, quantity, reference } = &asked.body;
    let (location, quantity, reference) = (location.clone(), *quantity, reference.clone());
    let command = ReceiveStock { sku: sku.clone(), location, quantity, reference };
    run(&shop, sku, &asked, InventoryCommand::ReceiveStock(command)).await
}

/// `POST /inventory/{sku}/adjust`
pub(crate) async fn adjust(
    State(shop): App,
    Id(sku): Id<Sku>,
    asked: Asked<AdjustBody>,
) -> Result<Response, Problem> {
    let AdjustBody { location, delta, reason } = &asked.body;
    let (location, delta, reason) = (location.clone(), *delta, reason.clone());
    let command = AdjustStock { sku: sku.clone(), location, delta, reason };
    run(&shop, sku, &asked, InventoryCommand::AdjustStock(command)).await
}

/// `POST /inventory/{sku}/transfer`
pub(crate) async fn transfer(
    State(shop): App,
    Id(sku): Id<Sku>,
    asked: Asked<TransferBody>,
) -> Result<Response, Problem> {
    let TransferBody { from, to, quantity } = &asked.body;
    let command = TransferStock { sku: sku.clone(), from: from.clone(), to: to.clone(), quantity: *quantity };
    run(&shop, sku, &asked, InventoryCommand::TransferStock(command)).await
}

/// `POST /inventory/{sku}/count`
pub(crate) async fn count(
    State(shop): App,
    Id(sku): Id<Sku>,
    asked: Asked<CountBody>,
) -> Result<Response, Problem> {
    let CountBody { location, counted } = &asked.body;
    let command = CountStock { sku: sku.clone(), location: location.clone(), counted: *counted };
    run(&shop, sku, &asked, InventoryCommand::CountStock(command)).await
}

/// `POST /inventory/{sku}/policy`
pub(crate) async fn policy(
    State(shop): App,
    Id(sku): Id<Sku>,
    asked: Asked<PolicyBody>,
) -> Result<Response, Problem> {
    let PolicyBody { location, safety_stock, backorder_limit } = &asked.body;
    let (safety_stock, backorder_limit) = (*safety_stock, *backorder_limit);
    let command =
        SetStockPolicy { sku: sku.clone(), location: location.clone(), safety_stock, backorder_limit };
    run(&shop, sku, &asked, InventoryCommand::SetStockPolicy(command)).await
}

async fn run<T>(
    shop: &Shop,
    sku: Sku,
    asked: &Asked<T>,
    command: InventoryCommand,
) -> Result<Response, Problem> {
    shop.execute(asked, Command::Inventory(sku, command), Priority::Normal)
        .await
        .map(|outcome| done(&outcome))
}

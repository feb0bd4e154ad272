//! The stock of a SKU: commands, how much there is, and the movements that explain it. A location not named is `main`.

use crate::{
    app::{App, Shop},
    http::{
        Asked, AskedPoint, CommandBody, Id, IfNoneMatch, Params, cursor, done, listing, not_found, resource,
    },
    problem::Problem,
};
use axum::{extract::State, response::Response};
use daybook_domain::{
    Command, LocationId, Quantity, Sku,
    inventory::{AdjustStock, CountStock, InventoryCommand, ReceiveStock, SetStockPolicy, TransferStock},
};
use daybook_engine::{Clock, Priority, SystemClock};
use daybook_read_store::version_of;
use daybook_views::Target;
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

/// Stands in a row only where a hold has lapsed.
const LAPSED: &[u8] = b"\"lapsed\":";

pub(crate) async fn show(
    State(shop): App,
    Id(sku): Id<Sku>,
    held: IfNoneMatch,
    mut params: Params,
) -> Result<Response, Problem> {
    let (asked, wanted) = (AskedPoint::take(&mut params)?, params.freshness()?);
    params.finish()?;
    if let Some(asked) = asked {
        return asked.answer(&shop, wanted, &Target::Stock(sku)).await;
    }
    shop.wait_until(wanted).await?;
    let position = shop.waiting.position();
    let row = shop.reads.stock().by_sku(&sku, SystemClock.now()).await?;
    let row = row.ok_or_else(|| not_found("stock"))?;
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
    let cursor = cursor(&mut params)?;
    params.finish()?;
    shop.wait_until(wanted).await?;
    let position = shop.waiting.position();
    Ok(listing(&shop.reads.stock().movements(&sku, cursor.as_ref(), limit).await?, position))
}

//! Commands on products.

use super::spec_example;
use crate::{
    app::{App, AppState},
    http::{CommandBody, CommandInput, EmptyBody, Id, Nothing, PutReceipt, Receipt},
    problem::Problem,
};
use axum::extract::State;
use daybook_domain::{
    Command, Event, ProductId,
    product::{
        ArchiveProduct, AttributeValue, ChangePrices, Media, ProductCommand, ProductEvent, ProductSpec,
        ProductStatus, PublishProduct, PutProduct, SkuPrices, Variant,
    },
};
use daybook_engine::{Outcome, Priority};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Everything a shop says about a product. What is left out is empty afterwards.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductBody {
    /// Whether customers can see and buy it.
    #[serde(rename = "state")]
    pub status: ProductStatus,
    pub title: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub brand: Option<String>,
    /// From the root of the category tree down, for example `["Home", "Kitchen", "Mugs"]`.
    #[serde(default)]
    pub category: Vec<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, AttributeValue>,
    #[serde(default)]
    pub media: Vec<Media>,
    /// At least one; a SKU is a variant of one product. Barcodes of 8, 12, 13 or 14 digits are GTINs, whose last digit has to
    /// fit; others are the shop's own.
    pub variants: Vec<Variant>,
    /// For a tax calculator, for example `standard`.
    #[serde(default)]
    pub tax_class: Option<String>,
}

/// New list prices for some of the product's SKUs.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PricesBody {
    /// All prices of each SKU named; prices not given here are gone afterwards.
    pub variants: Vec<SkuPrices>,
}

impl CommandBody for ProductBody {
    fn example() -> Value {
        spec_example()
    }
}

impl CommandBody for PricesBody {
    fn example() -> Value {
        json!({ "variants": [{ "sku": "MUG-RED", "prices": [
            { "minor": 1499, "currency": "GBP" }, { "minor": 1699, "currency": "EUR" }] }] })
    }
}

pub(super) async fn put(
    State(app): AppState,
    Id(id): Id<ProductId>,
    input: CommandInput<ProductBody>,
) -> Result<PutReceipt<Nothing>, Problem> {
    let body = input.body.clone();
    let spec = ProductSpec {
        title: body.title,
        description: body.description,
        brand: body.brand,
        category: body.category,
        attributes: body.attributes,
        media: body.media,
        variants: body.variants,
        tax_class: body.tax_class,
    };
    let command = PutProduct { product_id: id.clone(), spec, status: body.status, claimed: None };
    let outcome = execute(&app, id.clone(), &input, ProductCommand::PutProduct(command)).await?;
    // 201 where it created the product, also when it is a retry.
    let created = |event: &Event| matches!(event, Event::Product(ProductEvent::ProductCreated(_)));
    let created_at = outcome.events.iter().any(created).then(|| format!("/products/{id}"));
    Ok(PutReceipt { receipt: Receipt::of(&outcome), created_at })
}

pub(super) async fn put_prices(
    State(app): AppState,
    Id(id): Id<ProductId>,
    input: CommandInput<PricesBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let changes = input.body.variants.clone();
    run(&app, id, &input, ProductCommand::ChangePrices(ChangePrices { changes })).await
}

pub(super) async fn publish(
    State(app): AppState,
    Id(id): Id<ProductId>,
    input: CommandInput<EmptyBody>,
) -> Result<Receipt<Nothing>, Problem> {
    run(&app, id, &input, ProductCommand::PublishProduct(PublishProduct {})).await
}

pub(super) async fn archive(
    State(app): AppState,
    Id(id): Id<ProductId>,
    input: CommandInput<EmptyBody>,
) -> Result<Receipt<Nothing>, Problem> {
    run(&app, id, &input, ProductCommand::ArchiveProduct(ArchiveProduct {})).await
}

async fn run<T>(
    app: &App,
    id: ProductId,
    input: &CommandInput<T>,
    command: ProductCommand,
) -> Result<Receipt<Nothing>, Problem> {
    execute(app, id, input, command).await.map(|outcome| Receipt::of(&outcome))
}

async fn execute<T>(
    app: &App,
    id: ProductId,
    input: &CommandInput<T>,
    command: ProductCommand,
) -> Result<Outcome, Problem> {
    let outcome = app.execute(input, Command::Product(id, command), Priority::Normal).await?;
    app.prices.changed_at(outcome.position.get());
    Ok(outcome)
}

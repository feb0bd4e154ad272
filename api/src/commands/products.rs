//! Commands on products.

use super::receipt::done;
use crate::{
    http::{Asked, CommandBody, Id},
    problem::{Problem, kind},
    shop::{App, Shop},
};
use axum::{extract::State, response::Response};
use daybook_domain::{
    Command, ProductId,
    product::{
        ArchiveProduct, AttributeValue, ChangePrices, Media, ProductCommand, ProductSpec, ProductStatus,
        PublishProduct, PutProduct, SkuPrices, Variant,
    },
};
use daybook_engine::Priority;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

use super::carts::EmptyBody;

/// Everything a shop says about a product. What is left out is empty afterwards.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductBody {
    /// Whether customers can see and buy it.
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
    /// At least one; SKUs are unique within the product.
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

impl CommandBody for ProductBody {}
impl CommandBody for PricesBody {}

/// `PUT /products/{id}`
pub(crate) async fn put(
    State(shop): App,
    Id(id): Id<ProductId>,
    asked: Asked<ProductBody>,
) -> Result<Response, Problem> {
    let body = asked.body.clone();
    if let Some(problem) = sku_taken(&shop, &id, &body).await? {
        let outcome = shop.recorded(&asked, &format!("product-{id}"), problem).await?;
        return Ok(done(&outcome));
    }
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
    let command = PutProduct { product_id: id.clone(), spec, status: body.status };
    run(&shop, id, &asked, ProductCommand::PutProduct(command)).await
}

/// A SKU is counted and priced once, so no two products on offer have the same.
async fn sku_taken(shop: &Shop, id: &ProductId, body: &ProductBody) -> Result<Option<Problem>, Problem> {
    if body.status == ProductStatus::Archived {
        return Ok(None);
    }
    for Variant { sku, .. } in &body.variants {
        if let Some(other) = shop.offers.taken_by_another(sku, id).await? {
            let detail =
                format!("{sku} is a variant of product {other}; take it out there or archive that first");
            let problem = Problem::new(&kind::CONFLICT, detail).with("reason", "SkuTaken");
            return Ok(Some(problem.with("sku", sku.as_str()).with("product_id", other.as_str())));
        }
    }
    Ok(None)
}

/// `PUT /products/{id}/prices`
pub(crate) async fn put_prices(
    State(shop): App,
    Id(id): Id<ProductId>,
    asked: Asked<PricesBody>,
) -> Result<Response, Problem> {
    let changes = asked.body.variants.clone();
    run(&shop, id, &asked, ProductCommand::ChangePrices(ChangePrices { changes })).await
}

/// `POST /products/{id}/publish`
pub(crate) async fn publish(
    State(shop): App,
    Id(id): Id<ProductId>,
    asked: Asked<EmptyBody>,
) -> Result<Response, Problem> {
    run(&shop, id, &asked, ProductCommand::PublishProduct(PublishProduct {})).await
}

/// `POST /products/{id}/archive`
pub(crate) async fn archive(
    State(shop): App,
    Id(id): Id<ProductId>,
    asked: Asked<EmptyBody>,
) -> Result<Response, Problem> {
    run(&shop, id, &asked, ProductCommand::ArchiveProduct(ArchiveProduct {})).await
}

async fn run<T>(
    shop: &Shop,
    id: ProductId,
    asked: &Asked<T>,
    command: ProductCommand,
) -> Result<Response, Problem> {
    let outcome = shop.execute(asked, Command::Product(id, command), Priority::Normal).await?;
    shop.offers.changed_at(outcome.position.get());
    Ok(done(&outcome))
}

//! Products: one, lists of them by SKU, category or brand, and the commands on them.

use crate::{
    app::{App, Shop},
    http::{
        Asked, CommandBody, EmptyBody, Id, IfNoneMatch, Params, cursor, done, listing, show as show_view,
    },
    problem::{Problem, kind},
};
use axum::{extract::State, response::Response};
use daybook_domain::{
    Command, ProductId, Sku,
    product::{
        ArchiveProduct, AttributeValue, ChangePrices, Media, ProductCommand, ProductSpec, ProductStatus,
        PublishProduct, PutProduct, SkuPrices, Variant,
    },
};
use daybook_engine::Priority;
use daybook_read_store::Page;
use daybook_views::Target;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

pub(crate) async fn show(
    State(shop): App,
    Id(id): Id<ProductId>,
    held: IfNoneMatch,
    params: Params,
) -> Result<Response, Problem> {
    let (catalog, thing) = (shop.reads.catalog(), Target::Catalog(id.clone()));
    show_view(&shop, params, &held, &thing, catalog.by_id(&id)).await
}

pub(crate) async fn list(State(shop): App, mut params: Params) -> Result<Response, Problem> {
    let (wanted, limit) = (params.freshness()?, params.limit(20, 200)?);
    let cursor = cursor(&mut params)?;
    let sku = params.take::<Sku>("sku")?;
    let category = params.take_text("category")?;
    let brand = params.take_text("brand")?;
    params.finish()?;
    shop.wait_until(wanted).await?;
    let position = shop.waiting.position();
    let catalog = shop.reads.catalog();
    let found = match (sku, category, brand) {
        (Some(sku), None, None) => {
            Page { rows: catalog.by_sku(&sku).await?.into_iter().collect(), next: None }
        }
        (None, None, Some(brand)) => catalog.by_brand(&brand, cursor.as_ref(), limit).await?,
        (None, category, None) => {
            let path = category_path(category.as_deref().unwrap_or_default());
            catalog.by_category(&path, cursor.as_ref(), limit).await?
        }
        _ => {
            let detail = "name at most one of sku, category and brand; /search combines them";
            return Err(Problem::new(&kind::INVALID_PARAMETER, detail));
        }
    };
    Ok(listing(&found, position))
}

/// `Home/Kitchen/Mugs`; a slash within a name is written `~1` and a tilde `~0`, as in JSON Pointer.
fn category_path(text: &str) -> Vec<String> {
    let names = text.split('/').filter(|name| !name.is_empty());
    names.map(|name| name.replace("~1", "/").replace("~0", "~")).collect()
}

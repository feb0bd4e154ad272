//! `GET /products/{id}`, and products by SKU, category or brand.

use super::{page, view};
use crate::{
    http::{Id, IfNoneMatch, Params},
    problem::{Problem, kind},
    shop::App,
};
use axum::{extract::State, response::Response};
use daybook_domain::{ProductId, Sku};
use daybook_projections::{Page, past::Thing};

pub(crate) async fn show(
    State(shop): App,
    Id(id): Id<ProductId>,
    held: IfNoneMatch,
    params: Params,
) -> Result<Response, Problem> {
    let (catalog, thing) = (shop.reads.catalog(), Thing::Product(id.clone()));
    view::show(&shop, params, &held, &thing, catalog.by_id(&id)).await
}

pub(crate) async fn list(State(shop): App, mut params: Params) -> Result<Response, Problem> {
    let (wanted, limit) = (params.freshness()?, params.limit(20, 200)?);
    let cursor = page::cursor(&mut params)?;
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
    Ok(page::listing(&found, position))
}

/// `Home/Kitchen/Mugs`; a slash within a name is written `~1` and a tilde `~0`, as in JSON Pointer.
fn category_path(text: &str) -> Vec<String> {
    let names = text.split('/').filter(|name| !name.is_empty());
    names.map(|name| name.replace("~1", "/").replace("~0", "~")).collect()
}

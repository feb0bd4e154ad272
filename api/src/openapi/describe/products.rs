//! The routes under `/products`, and finding products.

use super::receipt;
use crate::{
    http::{EmptyBody, Listing, Nothing, Receipt},
    openapi::Operation,
    problem::kind,
    resources::products::{PricesBody, ProductBody},
};
use daybook_search::{SearchPage, Suggestion};
use daybook_views::catalog::ProductView;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

const TAG: &str = "catalog";

/// What a half-typed word may become, the likeliest first.
#[derive(Serialize, JsonSchema)]
struct Suggestions {
    suggestions: Vec<Suggestion>,
}

fn spec() -> Value {
    json!({ "status": "published", "title": "Enamel mug", "description": "Holds 300 ml of anything hot.",
        "brand": "Falcon", "category": ["Home", "Kitchen", "Mugs"], "attributes": { "colour": "red", "volume_ml": 300, "dishwasher_safe": true },
        "variants": [{ "sku": "MUG-RED", "options": { "colour": "red" }, "prices": [{ "minor": 1299, "currency": "GBP" }] }] })
}

fn product() -> Value {
    let mut product = spec();
    product["product_id"] = "mug".into();
    product["media"] = json!([]);
    product["created_at"] = "2026-11-22T10:00:00Z".into();
    product["updated_at"] = "2026-11-22T10:00:00Z".into();
    product["version"] = 1.into();
    product["position"] = 4701.into();
    product
}

fn on_product(id: &'static str, summary: &'static str) -> Operation {
    Operation::command(TAG, id, summary)
        .answers::<Receipt<Nothing>>(200, "Done and durable.", receipt("mug"))
        .etag()
        .problems(&[&kind::INVALID_PARAMETER, &kind::NOT_FOUND, &kind::CONFLICT])
}

pub(crate) fn put() -> Operation {
    on_product("putProduct", "Make a product what the body says, whether or not it exists")
        .says("Saying it again changes nothing. What the body leaves out is empty afterwards. A SKU is a variant of one product: 409 `SkuTaken` if another one on offer has it.")
        .body::<ProductBody>(spec())
}

pub(crate) fn put_prices() -> Operation {
    on_product("putPrices", "Set the list prices of some of a product's SKUs")
        .body::<PricesBody>(json!({ "variants": [{ "sku": "MUG-RED", "prices": [
            { "minor": 1499, "currency": "GBP" }, { "minor": 1699, "currency": "EUR" }] }] }))
        .problems(&[&kind::UNKNOWN_SKU])
}

pub(crate) fn publish() -> Operation {
    on_product("publishProduct", "Let customers see and buy it").optional_body::<EmptyBody>(json!({}))
}

pub(crate) fn archive() -> Operation {
    on_product("archiveProduct", "Take it off the shelves for good").optional_body::<EmptyBody>(json!({}))
}

pub(crate) fn show() -> Operation {
    Operation::query(TAG, "getProduct", "A product, whatever its status")
        .answers::<ProductView>(200, "The product.", product())
        .conditional()
        .at_any_time()
        .problems(&[&kind::NOT_FOUND])
}

pub(crate) fn list() -> Operation {
    let text = || json!({ "type": "string" });
    Operation::query(TAG, "listProducts", "Products by SKU, category or brand")
        .says("At most one of the three; without any, all published products in the order of their categories.")
        .param("query", "sku", "The product that has this SKU, whatever its status.", text(), json!("MUG-RED"))
        .param("query", "category", "A category path with all below it: names joined by `/`; a slash in a name is `~1`, a tilde `~0`.", text(), json!("Home/Kitchen"))
        .param("query", "brand", "A brand, written exactly so.", text(), json!("Falcon"))
        .paged(200)
        .answers::<Listing<ProductView>>(200, "A page of products.", json!({ "items": [product()] }))
}

pub(crate) fn search() -> Operation {
    let text = || json!({ "type": "string" });
    let texts = || json!({ "type": "array", "items": { "type": "string" } });
    let hit = json!({ "id": "mug", "title": "Enamel mug", "brand": "Falcon", "category": ["Home", "Kitchen", "Mugs"],
        "skus": ["MUG-RED"], "prices": [{ "minor": 1299, "currency": "GBP" }], "in_stock": true });
    let page =
        json!({ "total": { "value": 1, "exact": true }, "matched": { "all_words": true }, "hits": [hit] });
    Operation::query(TAG, "search", "Find products by words, filters and facets")
        .says("Words are stemmed, and a word that nothing is called is taken for similar ones. A facet that is filtered by counts what one would find without that filter.")
        .param("query", "q", "Words, in any order.", json!({ "type": "string", "maxLength": 256 }), json!("red mug"))
        .param("query", "category", "Only in this category and below.", text(), json!("Home/Kitchen"))
        .param("query", "brand", "Only this brand; may be repeated.", texts(), json!(["Falcon"]))
        .param("query", "attr.{key}", "Only with this attribute value, for example `attr.colour=red`; may be repeated.", texts(), json!(["red"]))
        .param("query", "range.{key}", "Only with this attribute between two numbers, `MIN..MAX`, `MIN..` or `..MAX`.", text(), json!("200..400"))
        .param("query", "price", "Only with a price between two amounts in minor units, `MIN..MAX`; needs `currency`.", text(), json!("500..2000"))
        .param("query", "currency", "The currency of prices.", text(), json!("GBP"))
        .param("query", "in_stock", "Only what is (not) in stock.", json!({ "type": "boolean" }), json!(true))
        .param("query", "sort", "In which order.", json!({ "type": "string", "enum": ["relevance", "price_asc", "price_desc", "newest", "name"], "default": "relevance" }), json!("price_asc"))
        .param("query", "count", "`exact` counts every product found.", json!({ "type": "string", "enum": ["capped", "exact"], "default": "capped" }), json!("exact"))
        .param("query", "facets", "Whether to count facets.", json!({ "type": "boolean", "default": true }), json!(false))
        .paged(100)
        .answers::<SearchPage>(200, "A page of products.", page)
}

pub(crate) fn suggest() -> Operation {
    Operation::query(TAG, "suggest", "What a half-typed search may become")
        .param(
            "query",
            "q",
            "What was typed so far.",
            json!({ "type": "string", "maxLength": 256 }),
            json!("enam"),
        )
        .param(
            "query",
            "limit",
            "How many at most.",
            json!({ "type": "integer", "minimum": 1, "maximum": 20, "default": 8 }),
            json!(5),
        )
        .answers::<Suggestions>(
            200,
            "Suggestions, the likeliest first.",
            json!({ "suggestions": [{ "text": "enamel mug", "kind": "words", "count": 1 }] }),
        )
}

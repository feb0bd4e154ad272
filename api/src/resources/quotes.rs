//! What a basket of articles costs now. It is computed by the domain's one function and answered; nothing is written, and
//! no cart is touched. Prices are the catalog's; there are no rules of promotions, tax or carriage to be asked yet.

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::{App, AppState},
    describe::AnswerDoc,
    http::{CommandBody, OperatorInput},
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{Json, extract::State, http::Method};
use daybook_domain::{
    Currency, LineId, Quantity, Sku,
    quote::{
        ListedPrice, Market, PriceMode, PriceTier, PricedArticle, Quote, QuoteBuyer, QuoteInputs,
        QuoteRequest, RequestedLine, price,
    },
};
use daybook_engine::{Clock, SystemClock};
use daybook_views::catalog::SkuOffer;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn routes(routes: Routes) -> Routes {
    routes.add(Route {
        method: Method::POST,
        path: "/quotes",
        handler: quote,
        version: V1,
        access: Access::PUBLIC,
        owner: Owner::Shop,
        retry: Retry::Repeats,
        limits: RequestLimits::Body,
        load: Load::Normal,
        doc: Doc {
            id: "quote",
            tag: "catalog",
            summary: "What a basket of articles costs now",
            text: "Nothing is written and nothing is held. Lines are numbered as they are given, from 1. What is not for sale stands in `blockers` and not in the sum. Equal quotes have equal ids.",
            problems: &[&kind::INVALID_COMMAND],
            answers: AnswerDoc { text: "Each amount with where it comes from.", example: example() },
        },
    })
}

/// Articles with quantities.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct QuoteBody {
    currency: Currency,
    #[schemars(length(max = 2500))]
    lines: Vec<QuoteLineBody>,
}

/// An article with its quantity.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct QuoteLineBody {
    sku: Sku,
    quantity: Quantity,
}

impl CommandBody for QuoteBody {
    fn example() -> Value {
        json!({ "currency": "GBP", "lines": [{ "sku": "MUG-RED", "quantity": 2 }] })
    }
}

fn example() -> Value {
    let line = json!({ "line_id": 1, "of_line": null, "sku": "MUG-RED", "product_id": "mug", "title": "Enamel mug",
        "options": {}, "quantity": 2, "unit_price": 1299, "price": ["base", 3], "subtotal": 2598, "allocations": [],
        "discount": 0, "net": 2598, "tax": 0, "gross": 2598, "tax_lines": [] });
    let totals =
        json!({ "subtotal": 2598, "discount": 0, "charges": 0, "net": 2598, "tax": 0, "total": 2598 });
    json!({ "id": "qjwv23l74b5jzpchx", "currency": "GBP", "prices": "inclusive", "lines": [line], "charges": [],
        "promotions": [], "considered": [], "search": "exact", "next_tier": null, "tax": null, "totals": totals,
        "tenders": [{ "kind": "card", "id": null, "amount": 2598 }], "method": null, "blockers": [] })
}

async fn quote(State(app): AppState, input: OperatorInput<QuoteBody>) -> Result<Json<Quote>, Problem> {
    let QuoteBody { currency, lines } = input.body;
    let articles = articles(&app, currency, &lines).await?;
    let numbered = lines.into_iter().enumerate().map(|(at, line)| RequestedLine {
        line_id: LineId(u32::try_from(at + 1).unwrap_or(u32::MAX)),
        sku: line.sku,
        quantity: line.quantity,
        price_override: None,
    });
    let request = QuoteRequest {
        currency,
        lines: numbered.collect(),
        codes: Vec::new(),
        method: None,
        staff_charges: Vec::new(),
        staff_discounts: Vec::new(),
    };
    let now = SystemClock.now();
    let inputs = QuoteInputs {
        market: Market {
            country: String::new(),
            region: None,
            channel: "web".to_owned(),
            prices: PriceMode::Inclusive,
            tax_date: now.utc_day(),
        },
        buyer: QuoteBuyer::default(),
        articles,
        promotions: Vec::new(),
        methods: Vec::new(),
        tax: None,
        stored: Vec::new(),
    };
    let quote = price(&request, &inputs, now);
    quote.map(Json).map_err(|refusal| Problem::new(&kind::INVALID_COMMAND, refusal.to_string()))
}

/// What the catalog offers of these lines, each SKU asked once.
async fn articles(
    app: &App,
    currency: Currency,
    lines: &[QuoteLineBody],
) -> Result<BTreeMap<Sku, PricedArticle>, Problem> {
    let mut articles = BTreeMap::new();
    let skus: BTreeSet<&Sku> = lines.iter().map(|line| &line.sku).collect();
    for sku in skus {
        if let Some(offer) = app.prices.find(sku).await? {
            articles.insert(sku.clone(), article(&offer, currency));
        }
    }
    Ok(articles)
}

/// A product's own prices are the list `base`, at the product's version.
fn article(offer: &SkuOffer, currency: Currency) -> PricedArticle {
    let listed = offer.price(currency).map(|price| ListedPrice {
        list: "base".to_owned(),
        version: offer.version,
        priority: 0,
        currency,
        mode: PriceMode::Inclusive,
        countries: BTreeSet::new(),
        groups: BTreeSet::new(),
        channels: BTreeSet::new(),
        from: None,
        until: None,
        tiers: vec![PriceTier { min_units: 1, unit_price: price.minor }],
    });
    PricedArticle {
        product_id: offer.product_id.clone(),
        title: offer.title.clone(),
        options: BTreeMap::new(),
        tax_class: "standard".to_owned(),
        categories: BTreeSet::new(),
        brand: None,
        weight_grams: 0,
        prices: listed.into_iter().collect(),
    }
}

//! Commands on carts, except checkout. Prices and titles come from the catalog, never from the client.

use crate::{
    app::{App, Shop},
    edge::Admitted,
    http::{Asked, CartLineId, CommandBody, Condition, EmptyBody, Id, created, created_id, done, receipt},
    problem::{Problem, kind},
};
use axum::{extract::State, http::StatusCode, response::Response};
use daybook_domain::{
    CartId, Command, CountryCode, Currency, CustomerId, LineId, Money, Personal, Quantity, Sku,
    cart::{
        AbandonCart, AbandonReason, AddLines, AssignCustomer, CartCommand, CartEvent, ChangeLineQuantity,
        CreateCart, MergeCart, NewLine, RemoveLine, RepriceCart, SetContact,
    },
};
use daybook_engine::{Outcome, Priority};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) mod checkout;
mod lines;
pub(crate) mod view;

pub(crate) use lines::LinesBody;

/// An article to put into a cart.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LineBody {
    pub sku: Sku,
    pub quantity: Quantity,
}

/// A new cart.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CartBody {
    /// All prices in the cart are in this currency.
    pub currency: Currency,
    /// Where the goods are to go, as far as known.
    #[serde(default)]
    pub country: Option<CountryCode>,
    /// None for a guest.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    #[serde(default)]
    pub lines: Vec<LineBody>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuantityBody {
    pub quantity: Quantity,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactBody {
    #[serde(default)]
    pub country: Option<CountryCode>,
    pub personal: Personal,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CustomerBody {
    pub customer_id: CustomerId,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MergeBody {
    /// The cart that the lines go to.
    pub into: CartId,
}

/// The lines that a command added.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AddedLines {
    pub lines: Vec<AddedLine>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AddedLine {
    pub line_id: LineId,
    pub sku: Sku,
    pub quantity: Quantity,
    pub unit_price: Money,
}

impl CommandBody for CartBody {}
impl CommandBody for QuantityBody {}
impl CommandBody for ContactBody {}
impl CommandBody for CustomerBody {}
impl CommandBody for MergeBody {}

/// `POST /carts`
pub(crate) async fn create(
    State(shop): App,
    _: Admitted,
    asked: Asked<CartBody>,
) -> Result<Response, Problem> {
    let _serving = shop.admission.serve();
    let body = &asked.body;
    let cart_id = CartId::new(created_id(asked.caller.command_id, asked.caller.retry_safe));
    let lines = match priced(&shop, body.currency, &body.lines).await {
        Ok(lines) => lines,
        Err(problem) => return begun_before(&shop, &asked, cart_id, problem).await,
    };
    let command = CreateCart {
        cart_id,
        currency: body.currency,
        country: body.country,
        customer_id: body.customer_id.clone(),
        lines,
    };
    begin(&shop, &asked, command).await
}

/// `POST /carts/{id}/copy`: a new cart with the same articles at today's prices.
pub(crate) async fn copy(
    State(shop): App,
    Id(id): Id<CartId>,
    _: Admitted,
    asked: Asked<EmptyBody>,
) -> Result<Response, Problem> {
    let _serving = shop.admission.serve();
    let old = shop.cart_history(id).await?;
    let wanted: Vec<LineBody> =
        old.lines.into_iter().map(|line| LineBody { sku: line.sku, quantity: line.quantity }).collect();
    let cart_id = CartId::new(created_id(asked.caller.command_id, asked.caller.retry_safe));
    let lines = match priced(&shop, old.currency, &wanted).await {
        Ok(lines) => lines,
        Err(problem) => return begun_before(&shop, &asked, cart_id, problem).await,
    };
    let command = CreateCart {
        cart_id,
        currency: old.currency,
        country: old.country,
        customer_id: old.customer_id,
        lines,
    };
    begin(&shop, &asked, command).await
}

async fn begin<T>(shop: &Shop, asked: &Asked<T>, command: CreateCart) -> Result<Response, Problem> {
    if !matches!(asked.caller.condition, Condition::None | Condition::Version(0)) {
        return Err(Problem::new(&kind::INVALID_HEADER, "a cart that does not exist yet has no version")
            .with("header", "If-Match"));
    }
    let cart_id = command.cart_id;
    shop.remember_currency(cart_id, command.currency);
    let command = Command::Cart(cart_id, CartCommand::CreateCart(command));
    let outcome = shop.execute(asked, command, Priority::Normal).await?;
    Ok(created(&outcome, &format!("/carts/{cart_id}"), added(&outcome)))
}

/// The answer to a retry whose articles cannot be had any more.
async fn begun_before<T>(
    shop: &Shop,
    asked: &Asked<T>,
    cart_id: CartId,
    problem: Problem,
) -> Result<Response, Problem> {
    let outcome = shop.recorded(asked, &format!("cart-{cart_id}"), problem).await?;
    Ok(created(&outcome, &format!("/carts/{cart_id}"), added(&outcome)))
}

/// `POST /carts/{id}/lines`
pub(crate) async fn add_lines(
    State(shop): App,
    Id(id): Id<CartId>,
    asked: Asked<LinesBody>,
) -> Result<Response, Problem> {
    let currency = shop.cart_currency(id).await?;
    let outcome = match priced(&shop, currency, &asked.body.0).await {
        Ok(lines) => {
            let command = Command::Cart(id, CartCommand::AddLines(AddLines { lines }));
            shop.execute(&asked, command, Priority::Normal).await?
        }
        Err(problem) => shop.recorded(&asked, &format!("cart-{id}"), problem).await?,
    };
    Ok(receipt(StatusCode::OK, &outcome, added(&outcome)))
}

/// `PATCH /carts/{id}/lines/{line}`
pub(crate) async fn change_line(
    State(shop): App,
    CartLineId(id, line_id): CartLineId,
    asked: Asked<QuantityBody>,
) -> Result<Response, Problem> {
    let quantity = asked.body.quantity;
    run(&shop, id, &asked, CartCommand::ChangeLineQuantity(ChangeLineQuantity { line_id, quantity })).await
}

/// `DELETE /carts/{id}/lines/{line}`
pub(crate) async fn remove_line(
    State(shop): App,
    CartLineId(id, line_id): CartLineId,
    asked: Asked<EmptyBody>,
) -> Result<Response, Problem> {
    run(&shop, id, &asked, CartCommand::RemoveLine(RemoveLine { line_id })).await
}

/// `PUT /carts/{id}/contact`
pub(crate) async fn set_contact(
    State(shop): App,
    Id(id): Id<CartId>,
    asked: Asked<ContactBody>,
) -> Result<Response, Problem> {
    let ContactBody { country, personal } = &asked.body;
    let command = CartCommand::SetContact(SetContact { country: *country, personal: personal.clone() });
    run(&shop, id, &asked, command).await
}

/// `PUT /carts/{id}/customer`
pub(crate) async fn assign(
    State(shop): App,
    Id(id): Id<CartId>,
    asked: Asked<CustomerBody>,
) -> Result<Response, Problem> {
    let customer_id = asked.body.customer_id.clone();
    run(&shop, id, &asked, CartCommand::AssignCustomer(AssignCustomer { customer_id })).await
}

/// `POST /carts/{id}/reprice`
pub(crate) async fn reprice(
    State(shop): App,
    Id(id): Id<CartId>,
    asked: Asked<EmptyBody>,
) -> Result<Response, Problem> {
    let offers = shop.offers_for_cart(id).await?;
    run(&shop, id, &asked, CartCommand::RepriceCart(RepriceCart { offers })).await
}

/// `POST /carts/{id}/merge`
pub(crate) async fn merge(
    State(shop): App,
    Id(id): Id<CartId>,
    asked: Asked<MergeBody>,
) -> Result<Response, Problem> {
    let into = asked.body.into;
    // What merging into itself is called is the cart's to say.
    if into != id
        && let Err(problem) = shop.can_take(into, id).await
    {
        return shop.recorded(&asked, &format!("cart-{id}"), problem).await.map(|outcome| done(&outcome));
    }
    run(&shop, id, &asked, CartCommand::MergeCart(MergeCart { into })).await
}

/// `DELETE /carts/{id}`
pub(crate) async fn discard(
    State(shop): App,
    Id(id): Id<CartId>,
    asked: Asked<EmptyBody>,
) -> Result<Response, Problem> {
    run(
        &shop,
        id,
        &asked,
        CartCommand::AbandonCart(AbandonCart { reason: AbandonReason::Discarded, unchanged_since: None }),
    )
    .await
}

async fn run<T>(
    shop: &Shop,
    id: CartId,
    asked: &Asked<T>,
    command: CartCommand,
) -> Result<Response, Problem> {
    shop.execute(asked, Command::Cart(id, command), Priority::Normal).await.map(|outcome| done(&outcome))
}

async fn priced(shop: &Shop, currency: Currency, wanted: &[LineBody]) -> Result<Vec<NewLine>, Problem> {
    let mut lines = Vec::with_capacity(wanted.len());
    for LineBody { sku, quantity } in wanted {
        let offer = shop.offers.find(sku).await?.ok_or_else(|| not_for_sale(sku, "is not for sale"))?;
        let Some(unit_price) = offer.price(currency) else {
            return Err(
                not_for_sale(sku, &format!("has no price in {currency}")).with("currency", currency.as_str())
            );
        };
        lines.push(NewLine {
            sku: sku.clone(),
            product_id: offer.product_id.clone(),
            title: offer.title.clone(),
            quantity: *quantity,
            unit_price,
        });
    }
    Ok(lines)
}

fn not_for_sale(sku: &Sku, what: &str) -> Problem {
    Problem::new(&kind::UNKNOWN_SKU, format!("{sku} {what}")).with("sku", sku.as_str())
}

fn added(outcome: &Outcome) -> AddedLines {
    let mut lines = Vec::new();
    for event in &outcome.events {
        if let daybook_domain::Event::Cart(CartEvent::CartLinesAdded(added)) = event {
            lines.extend(added.lines.iter().map(|line| AddedLine {
                line_id: line.line_id,
                sku: line.sku.clone(),
                quantity: line.quantity,
                unit_price: line.unit_price,
            }));
        }
    }
    AddedLines { lines }
}

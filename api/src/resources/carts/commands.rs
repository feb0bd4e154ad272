//! Commands on carts, except checkout. Prices and titles come from the catalog, never from the client.

use super::{
    bodies::{AddedLine, AddedLines, CartBody, ContactBody, CustomerBody, LineBody, MergeBody, QuantityBody},
    lines::LinesBody,
};
use crate::{
    app::{App, AppState},
    cart_history::{CartHistory, can_take},
    edge::Admitted,
    http::{CartLineId, CommandInput, Condition, Created, EmptyBody, Id, Nothing, Receipt, created_id},
    problem::{Problem, kind},
};
use axum::extract::State;
use daybook_domain::{
    CartId, Command, Currency, Event, Sku,
    cart::{
        AbandonCart, AbandonReason, AddLines, AssignCustomer, CartCommand, CartEvent, ChangeLineQuantity,
        CreateCart, MergeCart, NewLine, RemoveLine, RepriceCart, SetContact,
    },
};
use daybook_engine::{Outcome, Priority};

pub(super) async fn create(
    State(app): AppState,
    _: Admitted,
    input: CommandInput<CartBody>,
) -> Result<Created<AddedLines>, Problem> {
    let _permit = app.admission.permit();
    let body = &input.body;
    let cart_id = CartId::new(created_id(input.caller.command_id, input.caller.retry_safe));
    let lines = match priced(&app, body.currency, &body.lines).await {
        Ok(lines) => lines,
        Err(problem) => return begun_before(&app, &input, cart_id, problem).await,
    };
    let command = CreateCart {
        cart_id,
        currency: body.currency,
        country: body.country,
        customer_id: body.customer_id.clone(),
        lines,
    };
    begin(&app, &input, command).await
}

/// a new cart with the same articles at today's prices.
pub(super) async fn copy(
    State(app): AppState,
    Id(id): Id<CartId>,
    _: Admitted,
    input: CommandInput<EmptyBody>,
) -> Result<Created<AddedLines>, Problem> {
    let _permit = app.admission.permit();
    let old = CartHistory::read(&app.histories, id).await?;
    let wanted: Vec<LineBody> =
        old.lines.into_iter().map(|line| LineBody { sku: line.sku, quantity: line.quantity }).collect();
    let cart_id = CartId::new(created_id(input.caller.command_id, input.caller.retry_safe));
    let lines = match priced(&app, old.currency, &wanted).await {
        Ok(lines) => lines,
        Err(problem) => return begun_before(&app, &input, cart_id, problem).await,
    };
    let command = CreateCart {
        cart_id,
        currency: old.currency,
        country: old.country,
        customer_id: old.customer_id,
        lines,
    };
    begin(&app, &input, command).await
}

async fn begin<T>(
    app: &App,
    input: &CommandInput<T>,
    command: CreateCart,
) -> Result<Created<AddedLines>, Problem> {
    if !matches!(input.caller.condition, Condition::None | Condition::Version(0)) {
        return Err(Problem::new(&kind::INVALID_HEADER, "a cart that does not exist yet has no version")
            .with("header", "If-Match"));
    }
    let cart_id = command.cart_id;
    app.prices.remember_currency(cart_id, command.currency);
    let command = Command::Cart(cart_id, CartCommand::CreateCart(command));
    let outcome = app.execute(input, command, Priority::Normal).await?;
    Ok(created(cart_id, &outcome))
}

/// The answer to a retry whose articles cannot be had any more.
async fn begun_before<T>(
    app: &App,
    input: &CommandInput<T>,
    cart_id: CartId,
    problem: Problem,
) -> Result<Created<AddedLines>, Problem> {
    let outcome = app.recorded(input, &format!("cart-{cart_id}"), problem).await?;
    Ok(created(cart_id, &outcome))
}

pub(super) async fn add_lines(
    State(app): AppState,
    Id(id): Id<CartId>,
    input: CommandInput<LinesBody>,
) -> Result<Receipt<AddedLines>, Problem> {
    let currency = app.prices.cart_currency(id).await?;
    let outcome = match priced(&app, currency, &input.body.0).await {
        Ok(lines) => {
            let command = Command::Cart(id, CartCommand::AddLines(AddLines { lines }));
            app.execute(&input, command, Priority::Normal).await?
        }
        Err(problem) => app.recorded(&input, &format!("cart-{id}"), problem).await?,
    };
    Ok(Receipt::with(&outcome, added(&outcome)))
}

pub(super) async fn change_line(
    State(app): AppState,
    CartLineId(id, line_id): CartLineId,
    input: CommandInput<QuantityBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let quantity = input.body.quantity;
    run(&app, id, &input, CartCommand::ChangeLineQuantity(ChangeLineQuantity { line_id, quantity })).await
}

pub(super) async fn remove_line(
    State(app): AppState,
    CartLineId(id, line_id): CartLineId,
    input: CommandInput<EmptyBody>,
) -> Result<Receipt<Nothing>, Problem> {
    run(&app, id, &input, CartCommand::RemoveLine(RemoveLine { line_id })).await
}

pub(super) async fn set_contact(
    State(app): AppState,
    Id(id): Id<CartId>,
    input: CommandInput<ContactBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let ContactBody { country, contact } = &input.body;
    let command = CartCommand::SetContact(SetContact { country: *country, personal: contact.clone() });
    run(&app, id, &input, command).await
}

pub(super) async fn assign(
    State(app): AppState,
    Id(id): Id<CartId>,
    input: CommandInput<CustomerBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let customer_id = input.body.customer_id.clone();
    run(&app, id, &input, CartCommand::AssignCustomer(AssignCustomer { customer_id })).await
}

pub(super) async fn reprice(
    State(app): AppState,
    Id(id): Id<CartId>,
    input: CommandInput<EmptyBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let offers = app.prices.of_cart(id).await?;
    run(&app, id, &input, CartCommand::RepriceCart(RepriceCart { offers })).await
}

pub(super) async fn merge(
    State(app): AppState,
    Id(id): Id<CartId>,
    input: CommandInput<MergeBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let into = input.body.into;
    // What merging into itself is called is the cart's to say.
    if into != id
        && let Err(problem) = can_take(&app.histories, into, id).await
    {
        return app
            .recorded(&input, &format!("cart-{id}"), problem)
            .await
            .map(|outcome| Receipt::of(&outcome));
    }
    run(&app, id, &input, CartCommand::MergeCart(MergeCart { into })).await
}

pub(super) async fn discard(
    State(app): AppState,
    Id(id): Id<CartId>,
    input: CommandInput<EmptyBody>,
) -> Result<Receipt<Nothing>, Problem> {
    run(
        &app,
        id,
        &input,
        CartCommand::AbandonCart(AbandonCart { reason: AbandonReason::Discarded, unchanged_since: None }),
    )
    .await
}

async fn run<T>(
    app: &App,
    id: CartId,
    input: &CommandInput<T>,
    command: CartCommand,
) -> Result<Receipt<Nothing>, Problem> {
    app.execute(input, Command::Cart(id, command), Priority::Normal)
        .await
        .map(|outcome| Receipt::of(&outcome))
}

async fn priced(app: &App, currency: Currency, wanted: &[LineBody]) -> Result<Vec<NewLine>, Problem> {
    let mut lines = Vec::with_capacity(wanted.len());
    for LineBody { sku, quantity } in wanted {
        let offer = app.prices.find(sku).await?.ok_or_else(|| not_for_sale(sku, "is not for sale"))?;
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

fn created(cart_id: CartId, outcome: &Outcome) -> Created<AddedLines> {
    Created { receipt: Receipt::with(outcome, added(outcome)), location: format!("/carts/{cart_id}") }
}

fn added(outcome: &Outcome) -> AddedLines {
    let mut lines = Vec::new();
    for event in &outcome.events {
        if let Event::Cart(CartEvent::CartLinesAdded(added)) = event {
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

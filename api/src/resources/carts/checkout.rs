//! `POST /carts/{id}/checkout`: the cart becomes an order, and the answer waits for what becomes of it.

use crate::{
    app::{App, Shop},
    edge::Serving,
    http::{Asked, CommandBody, Id, Prefer, etag, json, with_position},
    problem::{Problem, kind, order_rejected},
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use daybook_domain::{
    CartId, Command, OrderId, OrderNumber, Personal,
    cart::{CartCommand, CheckOutCart},
    order::Charge,
};
use daybook_engine::{OrderOutcome, OrderOutcomeWaiter, Priority};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long the outcome is waited for unless `Prefer: wait=N` says otherwise.
const DEFAULT_WAIT: Duration = Duration::from_secs(2);
/// How long a decided order's view may take to show; the decision itself is never held back by it.
const VIEW_PATIENCE: Duration = Duration::from_secs(1);

/// A customer who waits longer for the outcome waits for something outside, such as a payment provider, and takes no
/// place from others any more.
const COUNTED_FOR: Duration = Duration::from_secs(1);

/// How the cart is paid for and what belongs to the order beside its lines.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckoutBody {
    /// The payment gateway's token; never a card number.
    pub payment_token: String,
    /// Carriage, discounts, manual amounts, in the cart's currency.
    #[serde(default)]
    pub charges: Vec<Charge>,
    /// The shop's or the customer's own reference, for example an invoice number.
    #[serde(default)]
    pub reference: Option<String>,
    /// Replaces what the cart knows of the person, if given.
    #[serde(default)]
    pub personal: Option<Personal>,
}

/// What became of the checkout so far.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct CheckoutAnswer {
    /// The order's id.
    pub id: OrderId,
    /// What people call the order.
    pub number: OrderNumber,
    pub cart_id: CartId,
    /// `confirmed`, or `placed` while the outcome is not known yet.
    pub status: &'static str,
    /// Where the outcome (or, with `placed`, the checkout) stands in the log.
    pub position: u64,
    /// The order's version, where `order` is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The order as `GET /orders/{id}` shows it; absent with `Prefer: return=minimal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<serde_json::Value>")]
    pub order: Option<Box<serde_json::value::RawValue>>,
}

impl CommandBody for CheckoutBody {}

pub(crate) async fn checkout(
    State(shop): App,
    Id(cart_id): Id<CartId>,
    prefer: Prefer,
    asked: Asked<CheckoutBody>,
) -> Result<Response, Problem> {
    let serving = shop.admission.serve();
    shop.engine.admit_checkout()?;
    let order_id = cart_id.order_id();
    let mut watch = shop.engine.watch_order(order_id);
    let offers = shop.offers_for_cart(cart_id).await?;
    let body = &asked.body;
    let command = Command::Cart(
        cart_id,
        CartCommand::CheckOutCart(CheckOutCart {
            payment_token: body.payment_token.clone(),
            offers: Some(offers),
            charges: body.charges.clone(),
            reference: body.reference.clone(),
            personal: body.personal.clone(),
        }),
    );
    let placed = shop.execute(&asked, command, Priority::Checkout).await?;
    let patience = Instant::now() + prefer.wait.unwrap_or(DEFAULT_WAIT);
    let ids = Ids { order_id, cart_id };
    if placed.repeated {
        watch.look_back().await;
    }
    match decided(&mut watch, patience, serving).await {
        Some(OrderOutcome::Confirmed { position }) => {
            Ok(confirmed(&shop, ids, position.get(), prefer.minimal).await)
        }
        Some(OrderOutcome::Rejected { reason, position }) => {
            Err(ids.mark(order_rejected(&reason), position.get()))
        }
        Some(OrderOutcome::Cancelled { reason, position }) => {
            let problem = Problem::new(&kind::CONFLICT, "the order was cancelled")
                .with("reason", "OrderCancelled")
                .with("cancelled_because", reason);
            Err(ids.mark(problem, position.get()))
        }
        None => Ok(ids.answer(StatusCode::ACCEPTED, "placed", placed.position.get(), None)),
    }
}

/// What became of the order, if that is known in time.
async fn decided(
    watch: &mut OrderOutcomeWaiter,
    patience: Instant,
    serving: Serving<'_>,
) -> Option<OrderOutcome> {
    let counted = patience.min(Instant::now() + COUNTED_FOR);
    if let Ok(outcome) = timeout_at(counted, watch.outcome()).await {
        return Some(outcome);
    }
    drop(serving);
    timeout_at(patience, watch.outcome()).await.ok()
}

async fn confirmed(shop: &Shop, ids: Ids, position: u64, minimal: bool) -> Response {
    let view = if minimal { None } else { shop.order_at(ids.order_id, position, VIEW_PATIENCE).await };
    ids.answer(StatusCode::CREATED, "confirmed", position, view)
}

#[derive(Clone, Copy)]
struct Ids {
    order_id: OrderId,
    cart_id: CartId,
}

impl Ids {
    fn answer(
        self,
        status: StatusCode,
        name: &'static str,
        position: u64,
        order: Option<(Box<serde_json::value::RawValue>, u64)>,
    ) -> Response {
        let (order, version) = order.unzip();
        let answer = CheckoutAnswer {
            id: self.order_id,
            number: self.order_id.number(),
            cart_id: self.cart_id,
            status: name,
            position,
            version,
            order,
        };
        let body = serde_json::to_vec(&answer).expect("answers have text keys and no failing serializers");
        let mut response = json(status, body, position);
        let headers = response.headers_mut();
        if let Ok(location) = HeaderValue::from_str(&format!("/orders/{}", self.order_id)) {
            headers.insert(header::LOCATION, location);
        }
        if let Some(version) = version {
            headers.insert(header::ETAG, etag(version));
        }
        with_position(&mut response, position);
        response
    }

    /// Says in a problem which order it is about.
    fn mark(self, problem: Problem, position: u64) -> Problem {
        let (name, value) = crate::http::position_header(position);
        problem
            .with("order_id", self.order_id.to_string())
            .with("cart_id", self.cart_id.to_string())
            .with("position", position)
            .header(name, value)
    }
}

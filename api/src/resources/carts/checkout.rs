//! Checkout: the cart becomes an order, and the answer waits for what becomes of it.

use super::{ID, ORDER_ID};
use crate::{
    app::{App, AppState},
    describe::{AnswerDoc, DescribeAnswer, Description},
    edge::{CustomerPermit, Waits},
    http::{
        CommandBody, CommandInput, ETAG, IDEMPOTENT_REPLAYED, Id, LOCATION, Prefer, REPLAYED, WRITTEN_AT,
        json, position_header, version_tag,
    },
    problem::{Problem, kind, order_rejected},
};
use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use daybook_domain::{
    CartId, Command, OrderId, OrderNumber, Personal,
    cart::{CartCommand, CheckOutCart},
    order::Charge,
};
use daybook_engine::{OrderOutcome, OrderOutcomeWaiter, Priority};
use daybook_views::order::OrderView;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json as value, value::RawValue};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long the outcome is waited for unless `Prefer: wait=N` says otherwise.
const DEFAULT_WAIT: Duration = Duration::from_secs(2);
/// How long a decided order's view may take to show; the decision itself is never held back by it.
const VIEW_PATIENCE: Duration = Duration::from_secs(1);

/// A customer who waits longer for the outcome waits for something outside, such as a payment provider, and no longer
/// counts for admission.
const COUNTED_FOR: Duration = Duration::from_secs(1);

const CONFIRMED: &str = "confirmed";
const PLACED: &str = "placed";

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
    pub contact: Option<Personal>,
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
    pub state: &'static str,
    /// Where the outcome (or, with `placed`, the checkout) stands in the log.
    pub position: u64,
    /// A retry: the checkout had been executed before, and nothing was written now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub repeated: bool,
    /// The order's version, where `order` is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// The order as `GET /orders/{id}` shows it; absent with `Prefer: return=minimal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<OrderView>")]
    pub order: Option<Box<RawValue>>,
}

impl CommandBody for CheckoutBody {
    fn example() -> Value {
        value!({ "payment_token": "tok_visa", "reference": "PO-2041",
            "charges": [{ "kind": "shipping", "label": "Royal Mail 48", "amount": { "minor": 395, "currency": "GBP" } }] })
    }
}

/// Text and example of the two answers.
pub(super) fn answers() -> [AnswerDoc; 2] {
    let confirmed = value!({ "id": ORDER_ID, "number": "06CTB-C3W7R-HT5M", "cart_id": ID, "state": "confirmed",
        "position": 4720, "version": 3 });
    let placed = value!({ "id": ORDER_ID, "number": "06CTB-C3W7R-HT5M", "cart_id": ID, "state": "placed", "position": 4711 });
    [
        AnswerDoc {
            text: "The order is confirmed: stock is set aside and payment authorised.",
            example: confirmed,
        },
        AnswerDoc {
            text: "The order is placed and its outcome not known yet; look at `Location`.",
            example: placed,
        },
    ]
}

impl DescribeAnswer for CheckoutAnswer {
    /// Of a confirmed order, and of one whose outcome is not known yet.
    type Docs = [AnswerDoc; 2];

    fn describe([confirmed, placed]: &Self::Docs, to: &mut Description) {
        to.answers::<Self>(201, confirmed, &[WRITTEN_AT, REPLAYED, ETAG, LOCATION]);
        to.answers::<Self>(202, placed, &[WRITTEN_AT, REPLAYED, LOCATION]);
        // The checkout was accepted, and then the order was not.
        to.problems.extend_from_slice(&[
            &kind::PAYMENT_DECLINED,
            &kind::PAYMENT_TIMED_OUT,
            &kind::OUT_OF_STOCK,
            &kind::RESERVATION_EXPIRED,
            &kind::NOT_FOUND,
            &kind::CONFLICT,
            &kind::CHECKOUT_BLOCKED,
        ]);
    }
}

pub(super) async fn checkout(
    State(app): AppState,
    Id(cart_id): Id<CartId>,
    prefer: Prefer,
    input: CommandInput<CheckoutBody>,
) -> Result<CheckoutAnswer, Problem> {
    let permit = app.admission.permit();
    app.engine.admit_checkout()?;
    let order_id = cart_id.order_id();
    let mut watch = app.engine.watch_order(order_id);
    let offers = app.prices.of_cart(cart_id).await?;
    let body = &input.body;
    let command = Command::Cart(
        cart_id,
        CartCommand::CheckOutCart(CheckOutCart {
            payment_token: body.payment_token.clone(),
            offers: Some(offers),
            charges: body.charges.clone(),
            reference: body.reference.clone(),
            personal: body.contact.clone(),
        }),
    );
    let placed = app.execute(&input, command, Priority::Checkout).await?;
    let within = prefer.wait.unwrap_or(DEFAULT_WAIT);
    let ids = Ids { order_id, cart_id, repeated: placed.repeated };
    if placed.repeated {
        watch.look_back().await;
    }
    match decided(&app.waits, &mut watch, within, permit).await {
        Some(OrderOutcome::Confirmed { position }) => {
            Ok(confirmed(&app, ids, position.get(), prefer.minimal).await)
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
        None => Ok(ids.answer(PLACED, placed.position.get(), None)),
    }
}

/// What became of the order, if that is known in time, and for as long as the client and the server are there.
async fn decided(
    waits: &Waits,
    watch: &mut OrderOutcomeWaiter,
    within: Duration,
    permit: CustomerPermit<'_>,
) -> Option<OrderOutcome> {
    let counted = Instant::now() + COUNTED_FOR;
    let outcome = async {
        if let Ok(outcome) = timeout_at(counted, watch.outcome()).await {
            return outcome;
        }
        drop(permit);
        watch.outcome().await
    };
    waits.wait(within, outcome).await.ok()
}

async fn confirmed(app: &App, ids: Ids, position: u64, minimal: bool) -> CheckoutAnswer {
    let view = if minimal { None } else { app.order_at(ids.order_id, position, VIEW_PATIENCE).await };
    ids.answer(CONFIRMED, position, view)
}

impl IntoResponse for CheckoutAnswer {
    fn into_response(self) -> Response {
        let status = if self.state == CONFIRMED { StatusCode::CREATED } else { StatusCode::ACCEPTED };
        let body = serde_json::to_vec(&self).expect("answers have text keys and no failing serializers");
        let mut response = json(status, body, self.position);
        let headers = response.headers_mut();
        if let Ok(location) = HeaderValue::from_str(&format!("/orders/{}", self.id)) {
            headers.insert(header::LOCATION, location);
        }
        if self.repeated {
            headers.insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
        }
        if let Some(version) = self.version {
            headers.insert(header::ETAG, version_tag(version));
        }
        response
    }
}

#[derive(Clone, Copy)]
struct Ids {
    order_id: OrderId,
    cart_id: CartId,
    /// The checkout had been executed before.
    repeated: bool,
}

impl Ids {
    fn answer(
        self,
        state: &'static str,
        position: u64,
        order: Option<(Box<RawValue>, u64)>,
    ) -> CheckoutAnswer {
        let (order, version) = order.unzip();
        CheckoutAnswer {
            id: self.order_id,
            number: self.order_id.number(),
            cart_id: self.cart_id,
            state,
            position,
            repeated: self.repeated,
            version,
            order,
        }
    }

    /// Adds to a problem which order it is about.
    fn mark(self, problem: Problem, position: u64) -> Problem {
        let (name, value) = position_header(position);
        let problem = problem
            .with("order_id", self.order_id.to_string())
            .with("cart_id", self.cart_id.to_string())
            .with("position", position)
            .header(name, value);
        if self.repeated {
            problem.with("repeated", true).header(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"))
        } else {
            problem
        }
    }
}

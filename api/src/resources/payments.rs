//! Payments: where the money of an order is, and the customer's part of a payment where the gateway leaves that to the shop,
//! as the simulated one does. A real gateway has a page of its own.

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::AppState,
    describe::AnswerDoc,
    http::{CommandInput, EmptyBody, Id, IfNoneMatch, Nothing, Receipt, ViewAnswer, ViewQuery, show_row},
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{extract::State, http::Method};
use daybook_domain::{
    Command, Event, OperationId, PaymentId, Rejection,
    access::Scope,
    payment::{PaymentCommand, PaymentEvent, PaymentRejection, RecordOutcome},
};
use daybook_engine::Priority;
use daybook_views::{Target, payment::PaymentView};
use serde_json::{Value, json};

const TAG: &str = "payments";
const ID: &str = "0199a5b0-7c3e-8d44-b3a1-0c9d8e7f6a5b";
const ORDER_ID: &str = "0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/payments/{id}",
            handler: show,
            version: V1,
            access: Access::scope(Scope::PaymentsRead).or_own(),
            owner: Owner::Payment,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getPayment",
                tag: TAG,
                summary: "Where the money of an order is",
                text: "`action_url` says where the customer has to do something before the payment can go on.",
                problems: &[],
                answers: AnswerDoc { text: "The payment.", example: example() },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/payments/{id}/confirm",
            handler: confirm,
            version: V1,
            access: Access::scope(Scope::PaymentsWrite).or_own(),
            owner: Owner::Payment,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "confirmPayment",
                tag: TAG,
                summary: "Do what the simulated gateway asked of the customer",
                text: "For orders paid with `tok_action_required`. At a real gateway the customer does this there.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: AnswerDoc { text: "The payment goes on.", example: json!({ "id": ID, "position": 4711, "version": 7 }) },
            },
        })
}

fn example() -> Value {
    let money = json!({ "minor": 2993, "currency": "GBP" });
    json!({ "id": ID, "order_id": ORDER_ID, "state": "authorized", "authorized": money,
        "operations": [{ "id": "0199a5b0-7c3e-8e11-9c2b-1d0e9f8a7b6c", "kind": "authorize",
            "state": "done", "amount": money, "reference": "sim-0199a5b0", "asked_at": "2026-11-22T10:00:00Z",
            "settled_at": "2026-11-22T10:00:00Z" }],
        "updated_at": "2026-11-22T10:00:00Z", "version": 2, "position": 4718 })
}

async fn show(
    State(app): AppState,
    Id(id): Id<PaymentId>,
    held: IfNoneMatch,
    query: ViewQuery,
) -> Result<ViewAnswer<PaymentView>, Problem> {
    show_row(&app, query, &held, &Target::Payments(id), app.reads.payments().by_id(id)).await
}

/// The customer did what the gateway asked of them.
async fn confirm(
    State(app): AppState,
    Id(id): Id<PaymentId>,
    input: CommandInput<EmptyBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let fold = |events: Vec<Event>| (!events.is_empty()).then(|| asked_of_customer(&events));
    let asked = app.histories.of("payment", id, fold).await?;
    let asked = asked.ok_or(Rejection::Payment(PaymentRejection::PaymentNotFound {}))?;
    let operation_id = asked.ok_or_else(|| {
        Problem::new(&kind::CONFLICT, "the gateway asked nothing of the customer for this payment")
    })?;
    let outcome = app.gateway.confirm_here(operation_id).ok_or_else(|| {
        Problem::new(
            &kind::CONFLICT,
            "the customer does what was asked at the gateway's own page, see action_url",
        )
    })?;
    let command = PaymentCommand::RecordOutcome(RecordOutcome { operation_id, outcome });
    let outcome = app.execute(&input, Command::Payment(id, command), Priority::Checkout).await?;
    Ok(Receipt::of(&outcome))
}

fn asked_of_customer(history: &[Event]) -> Option<OperationId> {
    history.iter().rev().find_map(|event| match event {
        Event::Payment(PaymentEvent::PaymentActionRequired(event)) => Some(event.operation_id),
        _ => None,
    })
}

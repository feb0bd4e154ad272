//! Payments: where the money of an order is, and the customer's part of a payment at the simulated gateway. At a real
//! gateway that page is the gateway's.

use crate::{
    app::App,
    http::{Asked, EmptyBody, Id, IfNoneMatch, Params, done, show as show_view},
    problem::{Problem, kind},
};
use axum::{extract::State, response::Response};
use daybook_domain::{
    Command, Event, OperationId, PaymentId, Rejection,
    payment::{GatewayOutcome, PaymentCommand, PaymentEvent, PaymentRejection, RecordOutcome},
};
use daybook_engine::Priority;
use daybook_views::Target;

/// `POST /payments/{id}/confirm`: the customer did what the gateway asked of them.
pub(crate) async fn confirm(
    State(shop): App,
    Id(id): Id<PaymentId>,
    asked: Asked<EmptyBody>,
) -> Result<Response, Problem> {
    let history = shop.history("payment", id).await?;
    if history.is_empty() {
        return Err(Rejection::Payment(PaymentRejection::PaymentNotFound {}).into());
    }
    let operation_id = asked_of_customer(&history).ok_or_else(|| {
        Problem::new(&kind::CONFLICT, "the gateway asked nothing of the customer for this payment")
    })?;
    shop.gateway.confirm_action(operation_id);
    let outcome = GatewayOutcome::Approved { reference: format!("sim-{}", operation_id.uuid().simple()) };
    let command = PaymentCommand::RecordOutcome(RecordOutcome { operation_id, outcome });
    let outcome = shop.execute(&asked, Command::Payment(id, command), Priority::Checkout).await?;
    Ok(done(&outcome))
}

fn asked_of_customer(history: &[Event]) -> Option<OperationId> {
    history.iter().rev().find_map(|event| match event {
        Event::Payment(PaymentEvent::PaymentActionRequired(event)) => Some(event.operation_id),
        _ => None,
    })
}

/// `GET /payments/{id}`
pub(crate) async fn show(
    State(shop): App,
    Id(id): Id<PaymentId>,
    held: IfNoneMatch,
    params: Params,
) -> Result<Response, Problem> {
    show_view(&shop, params, &held, &Target::Payments(id), shop.reads.payments().by_id(id)).await
}

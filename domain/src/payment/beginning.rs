//! How a payment begins.

use super::{
    AuthorizationRequested, PaymentAuthorized, PaymentEvent, RequestAuthorization, account::invalid,
    payment::Decision,
};
use crate::card_number::looks_like_card_number;

/// Begins a payment. What costs nothing needs no gateway: it is authorised at once.
pub(super) fn begin(request: RequestAuthorization) -> Decision {
    let RequestAuthorization { payment_id, order_id, operation_id, amount, token, skus } = request;
    if amount.minor < 0 {
        return Err(invalid("/amount", "must not be negative"));
    }
    if looks_like_card_number(&token) {
        return Err(invalid(
            "/token",
            "looks like a payment card's number, which must never be written down",
        ));
    }
    let authorized = (amount.minor == 0).then(|| {
        let (reference, skus) = ("nothing-to-pay".to_owned(), skus.clone());
        PaymentAuthorized { payment_id, order_id, operation_id, amount, reference, skus }
    });
    let requested = AuthorizationRequested { payment_id, order_id, operation_id, amount, token, skus };
    let mut events = Vec::with_capacity(2);
    events.push(PaymentEvent::AuthorizationRequested(requested));
    events.extend(authorized.map(PaymentEvent::PaymentAuthorized));
    Ok(events)
}

//! What is asked of a payment gateway and what it answers. The call itself happens outside the domain.

use super::OperationKind;
use crate::{Money, OperationId, OrderId, PaymentId};

/// One request to a gateway, made at most once under its operation id. A void also ends an authorisation that
/// waits for the customer: it can no longer be approved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GatewayRequest {
    pub operation_id: OperationId,
    pub kind: OperationKind,
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub amount: Money,
    /// The token to authorise; empty for other operations.
    pub token: String,
}

/// What became of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewayOutcome {
    /// Done, under the gateway's own reference.
    Approved { reference: String },
    /// Refused for good, with the normalised code.
    Declined { code: String },
    /// The customer has to do something at `url` first.
    ActionRequired { url: String },
    /// No answer in time: it may or may not have happened.
    Unknown,
    /// The gateway has never seen this operation (only as an answer to a status request).
    NotSeen,
}

//! What happens to payments.

use crate::{Money, OperationId, OrderId, PaymentId, Sku, event::events};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

events! {
    /// What happens to payments.
    PaymentEvent of super::Payment, upcast by upcast {
        AuthorizationRequested = 1,
        PaymentAuthorized = 1,
        PaymentActionRequired = 1,
        PaymentDeclined = 1,
        PaymentOutcomeUnknown = 1,
        CaptureRequested = 1,
        PaymentCaptured = 1,
        CaptureFailed = 1,
        VoidRequested = 1,
        PaymentVoided = 1,
        VoidFailed = 1,
        RefundRequested = 1,
        PaymentRefunded = 1,
        RefundFailed = 1,
        VoidDeferred = 1,
        RefundDeferred = 1,
        PaymentCancelled = 1,
    }
}

/// No payment event has an older schema yet.
fn upcast(_event_type: &str, _from_version: u16, payload: serde_json::Value) -> serde_json::Value {
    payload
}

/// What is asked of the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum OperationKind {
    Authorize,
    Capture,
    Void,
    Refund,
}

/// The gateway is about to be asked to set `amount` aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AuthorizationRequested {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub amount: Money,
    pub token: String,
    /// The order's SKUs, whose reservations are committed once it is paid for.
    pub skus: Vec<Sku>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentAuthorized {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub amount: Money,
    /// The gateway's reference.
    pub reference: String,
    /// The order's SKUs, whose reservations are committed now.
    pub skus: Vec<Sku>,
}

/// The customer has to do something at `url` first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentActionRequired {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub url: String,
    pub amount: Money,
    pub token: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentDeclined {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub code: String,
}

/// The gateway did not answer in time; to be resolved by asking for the status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentOutcomeUnknown {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub operation: OperationKind,
    pub amount: Money,
    /// The token of an authorisation; empty for other operations.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaptureRequested {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentCaptured {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub amount: Money,
    pub captured_total: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CaptureFailed {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoidRequested {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentVoided {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoidFailed {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub code: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefundRequested {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentRefunded {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub amount: Money,
    pub refunded_total: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefundFailed {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub code: String,
}

/// A void was asked for while the authorisation was on its way; it is requested when that arrives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct VoidDeferred {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
}

/// A refund was asked for before its capture was through; it is requested when that is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RefundDeferred {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub amount: Money,
}

/// Called off before any authorisation was asked for; none will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentCancelled {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
}

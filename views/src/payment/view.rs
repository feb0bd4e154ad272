//! A payment as the shop shows it.

use super::PaymentSummary;
use daybook_domain::{Money, OperationId, OrderId, PaymentId, Timestamp, payment::OperationKind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was authorised, captured, voided and refunded for one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PaymentView {
    #[serde(rename = "id")]
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    #[serde(flatten)]
    pub summary: PaymentSummary,
    /// Every request to the gateway, in order.
    pub operations: Vec<OperationView>,
    pub updated_at: Timestamp,
    /// The payment's version, for conditional requests.
    pub version: u64,
    /// The log position of its last change.
    pub position: u64,
}

/// One request to the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OperationView {
    #[serde(rename = "id")]
    pub operation_id: OperationId,
    pub kind: OperationKind,
    pub state: OperationState,
    /// None where the whole of what is set aside is meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The gateway's own reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Why it came to nothing, normalised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    pub asked_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled_at: Option<Timestamp>,
}

/// What became of a request to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum OperationState {
    /// Will be asked once an earlier operation is through.
    Deferred,
    Requested,
    Done,
    /// Refused for good.
    Refused,
    /// The customer has to do something first.
    ActionRequired,
    /// The gateway did not answer in time; it is being asked what became of it.
    Unknown,
}

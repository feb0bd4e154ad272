//! What can be asked of a payment, and why it may be refused.

use super::GatewayOutcome;
use crate::{Money, OperationId, OrderId, PaymentId, Sku, command::commands, rejection::rejections};

commands! {
    /// What can be asked of a payment.
    PaymentCommand { RequestAuthorization, RequestCapture, RequestVoid, ReleaseRest, RequestRefund, RecordOutcome, RetryOperation, }
}

#[derive(Debug, Clone, PartialEq)]
pub struct RequestAuthorization {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
    pub amount: Money,
    pub token: String,
    /// The order's SKUs, whose reservations are committed once it is paid for.
    pub skus: Vec<Sku>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RequestCapture {
    pub operation_id: OperationId,
    pub amount: Money,
}

/// Lets go of everything authorised and not captured. If the authorisation is still on its way, it is voided
/// when it arrives; if it was never asked for, it never will be.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestVoid {
    pub payment_id: PaymentId,
    pub order_id: OrderId,
    pub operation_id: OperationId,
}

/// Lets go of a part of what is authorised: nothing will be captured for it.
#[derive(Debug, Clone, PartialEq)]
pub struct ReleaseRest {
    pub operation_id: OperationId,
    pub amount: Money,
}

/// Gives money back; what is not captured yet is refunded when it is.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestRefund {
    pub operation_id: OperationId,
    pub amount: Money,
}

/// What the gateway answered, by call or by status; saying it again changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordOutcome {
    pub operation_id: OperationId,
    pub outcome: GatewayOutcome,
}

/// Asks for a capture, void or refund again that the gateway refused, as a new operation. Nothing is left to do if that
/// was done already.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryOperation {
    /// The one that failed.
    pub operation_id: OperationId,
    /// Its time has come, or somebody wants it now; else it is only said when that will be.
    pub is_time: bool,
}

rejections! {
    /// Why a payment command is refused.
    PaymentRejection {
        #[class(Missing)]
        #[error("no such payment")]
        PaymentNotFound {},
        #[class(Conflict)]
        #[error("the payment exists already")]
        PaymentExists {},
        #[class(Conflict)]
        #[error("the payment is {state}")]
        PaymentInWrongState { state: String },
        #[class(Conflict)]
        #[error("{requested} asked for, {possible} possible")]
        MoreThanPossible { requested: Money, possible: Money },
        #[class(Conflict)]
        #[error("the payment has no pending operation {operation_id}")]
        UnknownOperation { operation_id: OperationId },
        #[class(Conflict)]
        #[error("the operation is asked for again in {after_seconds} s")]
        RetryNotDue { after_seconds: u64 },
        #[class(Conflict)]
        #[error("the gateway refused operation {operation_id} and its repetitions")]
        RetriesExhausted { operation_id: OperationId },
        #[class(Invalid)]
        #[error("{field}: {detail}")]
        InvalidPayment { field: String, detail: String },
    }
}

//! Payments: what was authorised, captured, voided and refunded for one order.
//!
//! ```text
//! Pending → Authorized → PartiallyCaptured → Captured → PartiallyRefunded → Refunded ; Declined, Voided, Failed
//! ```
//!
//! Every request to the gateway is an operation with its own id, recorded before the call. A call whose
//! outcome is not known is resolved by asking for the operation's status, never by calling blindly again.

mod account;
mod beginning;
mod commands;
mod events;
mod failed_operation;
mod gateway;
mod ledger;
#[expect(clippy::module_inception, reason = "the aggregate has the name of its folder")]
mod payment;
mod samples;
mod status;

pub use account::Account;
pub use commands::{
    PaymentCommand, PaymentRejection, RecordOutcome, ReleaseRest, RequestAuthorization, RequestCapture,
    RequestRefund, RequestVoid, RetryOperation,
};
pub use events::{
    AuthorizationRequested, CaptureFailed, CaptureRequested, OperationKind, PaymentActionRequired,
    PaymentAuthorized, PaymentCancelled, PaymentCaptured, PaymentDeclined, PaymentEvent,
    PaymentOutcomeUnknown, PaymentRefunded, PaymentVoided, RefundDeferred, RefundFailed, RefundRequested,
    VoidDeferred, VoidFailed, VoidRequested,
};
pub use gateway::{GatewayOutcome, GatewayRequest};
pub use payment::Payment;
pub use status::PaymentStatus;

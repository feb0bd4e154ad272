//! Payments: what was authorised, captured, voided and refunded for one order.
//!
//! ```text
//! Pending → Authorized → PartiallyCaptured → Captured → PartiallyRefunded → Refunded ; Declined, Voided, Failed
//! ```
//!
//! Every request to the gateway is an operation with its own id, recorded before the call. A call whose
//! outcome is not known is resolved by asking for the operation's status, never by calling blindly again.

mod command;
mod decide;
mod event;
mod gateway;
mod outcome;
mod state;

pub use command::{
    PaymentCommand, PaymentRejection, RecordOutcome, RequestAuthorization, RequestCapture, RequestRefund,
    RequestVoid,
};
pub use event::{
    AuthorizationRequested, CaptureFailed, CaptureRequested, OperationKind, PaymentActionRequired,
    PaymentAuthorized, PaymentCancelled, PaymentCaptured, PaymentDeclined, PaymentEvent,
    PaymentOutcomeUnknown, PaymentRefunded, PaymentVoided, RefundDeferred, RefundFailed, RefundRequested,
    VoidDeferred, VoidFailed, VoidRequested,
};
pub use gateway::{GatewayOutcome, GatewayRequest};
pub use state::{Account, Payment, PaymentStatus};

//! The port to a payment gateway. Which call is made when is decided by processes in the domain; this is
//! only how it is made.

mod simulated;

pub use simulated::SimulatedGateway;

use async_trait::async_trait;
use daybook_domain::{
    OperationId,
    payment::{GatewayOutcome, GatewayRequest},
};

/// A payment gateway. Both calls may take their time; the engine gives up on a call after
/// [`gateway_timeout`](crate::EngineOptions::gateway_timeout) and asks for the status later.
#[async_trait]
pub trait Gateway: Send + Sync + 'static {
    /// Makes the request. The same operation id again must not do it twice but answer the same.
    /// An answer that did not come is `Unknown`, never a guess.
    async fn call(&self, request: &GatewayRequest) -> GatewayOutcome;

    /// What became of an operation; `NotSeen` if the gateway knows nothing of it.
    async fn status(&self, request: &GatewayRequest) -> GatewayOutcome;

    /// The customer did, at this shop, what the gateway asked of them: what comes of it. None where that is done at a page of
    /// the gateway's own, as with every real one.
    fn confirm_here(&self, operation_id: OperationId) -> Option<GatewayOutcome> {
        let _ = operation_id;
        None
    }
}

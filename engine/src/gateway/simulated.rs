//! A gateway without a bank: what it answers depends on the token alone, so it answers the same after a
//! restart, though it keeps its operations only in memory.
//!
//! | token | authorisation |
//! |---|---|
//! | `tok_declined` | declined, `card_declined` |
//! | `tok_insufficient_funds` | declined, `insufficient_funds` |
//! | `tok_expired_card` | declined, `expired_card` |
//! | `tok_timeout_approved` | no answer; asked for the status: approved |
//! | `tok_timeout_declined` | no answer; asked for the status: declined, `card_declined` |
//! | `tok_timeout_lost` | no answer, and the gateway never saw it; made again it is approved |
//! | `tok_action_required` | the customer has to confirm; approved after [`Gateway::confirm_here`] |
//! | anything else, for example `tok_visa` | approved |
//!
//! Captures, voids and refunds are always approved. A void also ends an authorisation that waits for the customer:
//! it is declined, `voided`, from then on.

use super::Gateway;
use ahash::{AHashMap, AHashSet};
use async_trait::async_trait;
use daybook_domain::{
    OperationId, PaymentId,
    payment::{GatewayOutcome, GatewayRequest, OperationKind},
};
use parking_lot::Mutex;

/// How many operations are remembered; beyond that the gateway forgets all, as after a restart.
const MAX_REMEMBERED: usize = 1 << 20;

/// Answers by token; see the table in this file's head.
#[derive(Default)]
pub struct SimulatedGateway {
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    operations: AHashMap<OperationId, KnownOperation>,
    voided: AHashSet<PaymentId>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum KnownOperation {
    Approved,
    /// Asked once, and the request got lost on the way.
    Lost,
}

impl SimulatedGateway {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn remember(&self, operation_id: OperationId, known: KnownOperation) {
        let mut memory = self.memory.lock();
        if memory.operations.len() >= MAX_REMEMBERED {
            *memory = Memory::default();
        }
        memory.operations.insert(operation_id, known);
    }

    fn recall(&self, operation_id: OperationId) -> Option<KnownOperation> {
        self.memory.lock().operations.get(&operation_id).copied()
    }

    fn answer(&self, request: &GatewayRequest, by_status: bool) -> GatewayOutcome {
        let known = self.recall(request.operation_id);
        let authorisation = request.kind == OperationKind::Authorize;
        if request.kind == OperationKind::Void && !by_status {
            self.memory.lock().voided.insert(request.payment_id);
        }
        match request.token.as_str() {
            "tok_declined" if authorisation => declined("card_declined"),
            "tok_insufficient_funds" if authorisation => declined("insufficient_funds"),
            "tok_expired_card" if authorisation => declined("expired_card"),
            "tok_timeout_approved" if authorisation && !by_status => GatewayOutcome::Unknown,
            "tok_timeout_declined" if authorisation && !by_status => GatewayOutcome::Unknown,
            "tok_timeout_declined" if authorisation => declined("card_declined"),
            "tok_timeout_lost" if authorisation => match known {
                Some(KnownOperation::Approved) => approved(request),
                Some(KnownOperation::Lost) if by_status => GatewayOutcome::NotSeen,
                None if by_status => {
                    self.remember(request.operation_id, KnownOperation::Lost);
                    GatewayOutcome::NotSeen
                }
                Some(KnownOperation::Lost) => {
                    self.remember(request.operation_id, KnownOperation::Approved);
                    approved(request)
                }
                None => {
                    self.remember(request.operation_id, KnownOperation::Lost);
                    GatewayOutcome::Unknown
                }
            },
            "tok_action_required"
                if authorisation && self.memory.lock().voided.contains(&request.payment_id) =>
            {
                declined("voided")
            }
            "tok_action_required" if authorisation && known.is_none() => GatewayOutcome::ActionRequired {
                url: format!("https://gateway.invalid/actions/{}", request.operation_id),
            },
            "tok_timeout_approved" | "tok_action_required" if authorisation => approved(request),
            _ if by_status && known.is_none() => GatewayOutcome::NotSeen,
            _ => {
                self.remember(request.operation_id, KnownOperation::Approved);
                approved(request)
            }
        }
    }
}

fn declined(code: &str) -> GatewayOutcome {
    GatewayOutcome::Declined { code: code.to_owned() }
}

fn approved(request: &GatewayRequest) -> GatewayOutcome {
    approved_as(request.operation_id)
}

fn approved_as(operation_id: OperationId) -> GatewayOutcome {
    GatewayOutcome::Approved { reference: format!("sim-{}", operation_id.uuid().simple()) }
}

#[async_trait]
impl Gateway for SimulatedGateway {
    async fn call(&self, request: &GatewayRequest) -> GatewayOutcome {
        self.answer(request, false)
    }

    async fn status(&self, request: &GatewayRequest) -> GatewayOutcome {
        self.answer(request, true)
    }

    /// Approved from now on.
    fn confirm_here(&self, operation_id: OperationId) -> Option<GatewayOutcome> {
        self.remember(operation_id, KnownOperation::Approved);
        Some(approved_as(operation_id))
    }
}

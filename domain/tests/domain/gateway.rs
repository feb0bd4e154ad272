//! A gateway for the simulated shop: it answers late, not at all or twice, and keeps books of its own, against
//! which the shop's are held in the end.

use crate::samples::Random;
use daybook_domain::{
    OperationId, PaymentId,
    payment::{GatewayOutcome, GatewayRequest, OperationKind},
};
use std::collections::BTreeMap;

#[derive(Default)]
pub(crate) struct Gateway {
    answers: BTreeMap<OperationId, GatewayOutcome>,
    pub(crate) accounts: BTreeMap<PaymentId, Account>,
}

#[derive(Default, Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) authorized: i64,
    pub(crate) captured: i64,
    pub(crate) voided: i64,
    pub(crate) refunded: i64,
    waiting: Option<OperationId>,
    /// How often it refused what it could have done.
    refused: u32,
}

impl Gateway {
    /// Makes the call; whether the caller hears of it is another matter.
    pub(crate) fn call(&mut self, request: &GatewayRequest, random: &mut Random) -> GatewayOutcome {
        let reached = !random.one_in(8);
        if reached {
            self.execute(request, random.one_in(4));
        }
        if reached && !random.one_in(8) { self.status(request) } else { GatewayOutcome::Unknown }
    }

    pub(crate) fn status(&self, request: &GatewayRequest) -> GatewayOutcome {
        self.answers.get(&request.operation_id).cloned().unwrap_or(GatewayOutcome::NotSeen)
    }

    /// `moody`: it refuses what it could do, but not for ever.
    fn execute(&mut self, request: &GatewayRequest, moody: bool) {
        if self.answers.contains_key(&request.operation_id) {
            return;
        }
        let account = self.accounts.entry(request.payment_id).or_default();
        let amount = request.amount.minor;
        let approved = GatewayOutcome::Approved { reference: "ref".to_owned() };
        let declined = |code: &str| GatewayOutcome::Declined { code: code.to_owned() };
        let moody = moody && account.refused < 3 && request.kind != OperationKind::Authorize;
        account.refused += u32::from(moody);
        let outcome = match request.kind {
            _ if moody => declined("try_again_later"),
            OperationKind::Authorize => match request.token.as_str() {
                "tok_declined" => declined("insufficient_funds"),
                "tok_action" => {
                    account.waiting = Some(request.operation_id);
                    GatewayOutcome::ActionRequired { url: "https://bank.example/act".to_owned() }
                }
                _ => {
                    account.authorized += amount;
                    approved
                }
            },
            OperationKind::Capture if account.captured + account.voided + amount <= account.authorized => {
                account.captured += amount;
                approved
            }
            OperationKind::Void if account.waiting.is_some() => {
                if let Some(waiting) = account.waiting.take() {
                    self.answers.insert(waiting, declined("voided"));
                }
                approved
            }
            OperationKind::Void if account.captured + account.voided + amount <= account.authorized => {
                account.voided += amount;
                approved
            }
            OperationKind::Refund if account.refunded + amount <= account.captured => {
                account.refunded += amount;
                approved
            }
            OperationKind::Capture | OperationKind::Void | OperationKind::Refund => {
                declined("exceeds_balance")
            }
        };
        self.answers.insert(request.operation_id, outcome);
    }

    /// A customer does what the bank asked for, or gives up.
    pub(crate) fn act(&mut self, amount_of: impl Fn(PaymentId) -> i64, random: &mut Random) {
        for (payment_id, account) in &mut self.accounts {
            if account.waiting.is_none() || !random.one_in(4) {
                continue;
            }
            let Some(waiting) = account.waiting.take() else { continue };
            let outcome = if random.one_in(3) {
                GatewayOutcome::Declined { code: "authentication_failed".to_owned() }
            } else {
                account.authorized += amount_of(*payment_id);
                GatewayOutcome::Approved { reference: "ref".to_owned() }
            };
            self.answers.insert(waiting, outcome);
        }
    }
}

//! Money that an order gives back: for goods that come back, and as credits. Together it never exceeds what was
//! captured with the shipments. What a customer may be granted, and by whom, is not decided here.

use super::{OrderCredited, OrderReturned};
use crate::{CreditId, ReturnId};
use serde::{Deserialize, Serialize};

/// What was given back, under which ids, and out of how much. Amounts are minor units of the order's currency.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Refunds {
    returns: Vec<ReturnId>,
    credits: Vec<CreditId>,
    /// What was to be captured with the shipments so far.
    paid_minor: i64,
    /// What was to be refunded so far.
    given_back_minor: i64,
}

impl Refunds {
    pub(super) fn knows_return(&self, return_id: ReturnId) -> bool {
        self.returns.contains(&return_id)
    }

    pub(super) fn knows_credit(&self, credit_id: CreditId) -> bool {
        self.credits.contains(&credit_id)
    }

    /// Paid with the shipments and not given back yet.
    pub(super) const fn possible_minor(&self) -> i64 {
        let rest = self.paid_minor.saturating_sub(self.given_back_minor);
        if rest > 0 { rest } else { 0 }
    }

    pub(super) const fn pay(&mut self, minor: i64) {
        self.paid_minor = self.paid_minor.saturating_add(minor);
    }

    pub(super) fn take_return(&mut self, returned: &OrderReturned) {
        self.give_back(returned.refund.minor);
        self.returns.push(returned.return_id);
    }

    pub(super) fn take_credit(&mut self, credited: &OrderCredited) {
        self.give_back(credited.amount.minor);
        self.credits.push(credited.credit_id);
    }

    const fn give_back(&mut self, minor: i64) {
        self.given_back_minor = self.given_back_minor.saturating_add(minor);
    }
}

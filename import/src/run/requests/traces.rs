//! What an import leaves in the log, by id: how its events and its money are told from everybody else's.

use super::Requests;
use crate::{books::Refusals, plan::PlannedOrder};
use ahash::AHashSet;
use daybook_domain::OperationId;
use uuid::Uuid;

impl Requests<'_> {
    /// What every event of this import can be traced back to.
    pub(crate) fn correlations(&self, refused: &Refusals) -> AHashSet<Uuid> {
        let plan = self.plan;
        let orders = (0..).zip(&plan.orders).filter(|(number, _)| !refused.orders.contains_key(number));
        let mut all: AHashSet<Uuid> = orders.map(|(_, order)| self.cart_id(order).uuid()).collect();
        all.extend(plan.products.iter().map(|product| self.put_product(product).command_id));
        all.extend(plan.price_changes.iter().map(|change| self.change_price(change).command_id));
        let receipts = plan.receipts.iter().enumerate();
        all.extend(receipts.map(|(number, receipt)| self.receive(number, receipt).command_id));
        all.extend(plan.adjustments.iter().map(|adjustment| self.adjust(adjustment).command_id));
        all
    }

    /// Under which operations the money of this import moves, as the processes name them.
    pub(crate) fn operations(&self, refused: &Refusals) -> AHashSet<OperationId> {
        let plan = self.plan;
        let payment_id = |order: &PlannedOrder| self.cart_id(order).order_id().payment_id();
        let of = |order: u32| payment_id(&plan.orders[order as usize]);
        let orders = (0..).zip(&plan.orders).filter(|(number, _)| !refused.orders.contains_key(number));
        let captures = orders.map(|(_, order)| {
            payment_id(order).operation_id(&format!("capture:{}", self.shipment_id(order)))
        });
        let returns = (0..).zip(&plan.returns).filter(|(number, _)| !refused.returns.contains_key(number));
        let refunds = returns.map(|(_, planned)| {
            of(planned.order).operation_id(&format!("refund:{}", self.return_id(planned)))
        });
        let credits = (0..).zip(&plan.credits).filter(|(number, _)| !refused.credits.contains_key(number));
        let credited = credits.map(|(_, planned)| {
            of(planned.order).operation_id(&format!("credit:{}", self.credit_id(planned)))
        });
        captures.chain(refunds).chain(credited).collect()
    }
}

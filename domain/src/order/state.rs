//! An order as its events have made it: where it stands, and a ledger of every line's units.

use super::{OrderCommand, OrderEvent, OrderRejection, amounts::extras};
use crate::{
    CartId, CreditId, Currency, LineId, LocationId, OrderId, PaymentId, ReturnId, ShipmentId, Sku,
    aggregate::aggregate,
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

aggregate!(Order, "order", OrderCommand, OrderEvent, OrderRejection);

/// Nothing yet, or a sale.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Order {
    pub(super) sale: Option<Box<Sale>>,
}

/// Where an order stands. How much of it is shipped is another question: [`Fulfilment`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lifecycle {
    Placed,
    Confirmed,
    Completed,
    Rejected,
    Cancelled,
}

/// How far an order's goods have come; derived from the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fulfilment {
    Unfulfilled,
    Allocated,
    PartiallyShipped,
    Shipped,
    PartiallyDelivered,
    Delivered,
    PartiallyReturned,
    Returned,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Sale {
    pub(super) order_id: OrderId,
    pub(super) cart_id: CartId,
    pub(super) payment_id: PaymentId,
    pub(super) lifecycle: Lifecycle,
    pub(super) currency: Currency,
    pub(super) total_minor: i64,
    /// What the first shipment captures beside its goods: carriage and the like.
    pub(super) extras_minor: i64,
    pub(super) payment_token: String,
    pub(super) allocated: bool,
    /// In the order of their ids.
    pub(super) lines: Vec<Ledger>,
    pub(super) shipments: Vec<ShipmentId>,
    pub(super) returns: Vec<ReturnId>,
    pub(super) credits: Vec<CreditId>,
    /// What was to be captured with the shipments so far.
    pub(super) paid_minor: i64,
    /// What was to be refunded so far, for returns and credits.
    pub(super) given_back_minor: i64,
}

/// The units of one line: `ordered = open + allocated + shipped + cancelled`, `returned ≤ delivered ≤ shipped`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Ledger {
    pub(super) line_id: LineId,
    pub(super) sku: Sku,
    /// Where its stock comes from, or the first of several places.
    pub(super) location: Option<LocationId>,
    /// What all its units together cost, discounts taken off.
    pub(super) net_minor: i64,
    pub(super) ordered: u32,
    pub(super) allocated: u32,
    pub(super) shipped: u32,
    pub(super) delivered: u32,
    pub(super) returned: u32,
    pub(super) cancelled: u32,
}

impl Order {
    /// Changes whenever snapshots written before cannot be used any more.
    pub const STATE_VERSION: u32 = 1;

    /// Where it stands; none before it is placed.
    #[must_use]
    pub fn lifecycle(&self) -> Option<Lifecycle> {
        self.sale.as_ref().map(|sale| sale.lifecycle)
    }

    /// How far its goods have come; none before it is placed.
    #[must_use]
    pub fn fulfilment(&self) -> Option<Fulfilment> {
        self.sale.as_ref().map(|sale| sale.fulfilment())
    }

    /// Takes over what happened.
    pub fn evolve(&mut self, event: &OrderEvent) {
        if let OrderEvent::OrderPlaced(placed) = event {
            self.sale = Some(Box::new(Sale {
                order_id: placed.order_id,
                cart_id: placed.cart_id,
                payment_id: placed.payment_id,
                lifecycle: Lifecycle::Placed,
                currency: placed.currency,
                total_minor: placed.total.minor,
                extras_minor: extras(placed),
                payment_token: placed.payment_token.clone(),
                allocated: false,
                lines: placed.lines.iter().map(Ledger::new).collect(),
                shipments: Vec::new(),
                returns: Vec::new(),
                credits: Vec::new(),
                paid_minor: 0,
                given_back_minor: 0,
            }));
        }
        if let Some(sale) = &mut self.sale {
            sale.evolve(event);
        }
    }
}

impl Sale {
    pub(super) fn line(&self, line_id: LineId) -> Option<&Ledger> {
        self.lines.binary_search_by_key(&line_id, |line| line.line_id).ok().and_then(|at| self.lines.get(at))
    }

    fn line_mut(&mut self, line_id: LineId) -> Option<&mut Ledger> {
        let at = self.lines.binary_search_by_key(&line_id, |line| line.line_id).ok()?;
        self.lines.get_mut(at)
    }

    fn evolve(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::OrderPlaced(_) | OrderEvent::AllocationDiscarded(_) => {}
            OrderEvent::OrderAllocated(allocated) => {
                let mut first: HashMap<&Sku, &LocationId> = HashMap::new();
                for allocation in &allocated.allocations {
                    first.entry(&allocation.sku).or_insert(&allocation.location);
                }
                for line in &mut self.lines {
                    line.allocated = line.open();
                    line.location = first.get(&line.sku).map(|location| (*location).clone());
                }
                self.allocated = true;
                self.payment_token = String::new();
            }
            OrderEvent::OrderConfirmed(_) => self.lifecycle = Lifecycle::Confirmed,
            OrderEvent::OrderRejected(_) => self.end(Lifecycle::Rejected),
            OrderEvent::OrderCancelled(_) => self.end(Lifecycle::Cancelled),
            OrderEvent::OrderShipped(shipped) => {
                for moved in &shipped.lines {
                    if let Some(line) = self.line_mut(moved.line_id) {
                        line.allocated = line.allocated.saturating_sub(moved.quantity.get());
                        line.shipped = line.shipped.saturating_add(moved.quantity.get());
                    }
                }
                self.paid_minor = self.paid_minor.saturating_add(shipped.amount.minor);
                self.shipments.push(shipped.shipment_id);
            }
            OrderEvent::OrderDelivered(delivered) => {
                for moved in &delivered.lines {
                    if let Some(line) = self.line_mut(moved.line_id) {
                        line.delivered = line.delivered.saturating_add(moved.quantity.get());
                    }
                }
            }
            OrderEvent::OrderCompleted(_) => self.lifecycle = Lifecycle::Completed,
            OrderEvent::OrderReturned(returned) => {
                for moved in &returned.lines {
                    if let Some(line) = self.line_mut(moved.line_id) {
                        line.returned = line.returned.saturating_add(moved.quantity.get());
                    }
                }
                self.given_back_minor = self.given_back_minor.saturating_add(returned.refund.minor);
                self.returns.push(returned.return_id);
            }
            OrderEvent::OrderCredited(credited) => {
                self.given_back_minor = self.given_back_minor.saturating_add(credited.amount.minor);
                self.credits.push(credited.credit_id);
            }
        }
    }

    fn end(&mut self, lifecycle: Lifecycle) {
        self.lifecycle = lifecycle;
        self.payment_token = String::new();
        for line in &mut self.lines {
            line.allocated = 0;
            line.cancelled = line.ordered.saturating_sub(line.shipped);
        }
    }

    fn fulfilment(&self) -> Fulfilment {
        let all = |done: fn(&Ledger) -> u32| self.lines.iter().all(|line| done(line) == line.ordered);
        let any = |done: fn(&Ledger) -> u32| self.lines.iter().any(|line| done(line) > 0);
        if all(|line| line.returned) {
            Fulfilment::Returned
        } else if any(|line| line.returned) {
            Fulfilment::PartiallyReturned
        } else if all(|line| line.delivered) {
            Fulfilment::Delivered
        } else if any(|line| line.delivered) {
            Fulfilment::PartiallyDelivered
        } else if all(|line| line.shipped) {
            Fulfilment::Shipped
        } else if any(|line| line.shipped) {
            Fulfilment::PartiallyShipped
        } else if any(|line| line.allocated) {
            Fulfilment::Allocated
        } else {
            Fulfilment::Unfulfilled
        }
    }
}

impl Ledger {
    fn new(line: &super::OrderLine) -> Self {
        Self {
            line_id: line.line_id,
            sku: line.sku.clone(),
            location: None,
            net_minor: line.net.minor,
            ordered: line.quantity.get(),
            allocated: 0,
            shipped: 0,
            delivered: 0,
            returned: 0,
            cancelled: 0,
        }
    }

    /// Neither set aside nor shipped nor cancelled.
    pub(super) const fn open(&self) -> u32 {
        self.ordered
            .saturating_sub(self.allocated)
            .saturating_sub(self.shipped)
            .saturating_sub(self.cancelled)
    }
}

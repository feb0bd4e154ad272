//! What an order answers to commands. Goods that leave, arrive and come back are in `goods.rs`.

use super::{
    AllocateOrder, Allocation, AllocationDiscarded, CancelOrder, Order, OrderAllocated, OrderCancelled,
    OrderCommand, OrderConfirmed, OrderEvent, OrderPlaced, OrderRejected, OrderRejection, RejectOrder,
    amounts::order_lines,
    state::{Lifecycle, Sale},
};
use crate::{
    Context, Money, Sku,
    cart::{CartCheckedOut, MAX_LINES, total},
    text::{looks_like_card_number, objection},
};
use std::collections::{BTreeMap, BTreeSet};

pub(super) type Decision = Result<Vec<OrderEvent>, OrderRejection>;

const TEXT_CHARS: usize = 500;

impl Order {
    /// The events that follow from the command, or why there are none.
    pub fn decide(&self, command: OrderCommand, _context: &Context) -> Decision {
        use Lifecycle::{Cancelled, Completed, Confirmed, Placed, Rejected};
        use OrderCommand as C;
        let Some(sale) = &self.sale else {
            return match command {
                C::PlaceOrder(place) => placed(place.checkout),
                C::AllocateOrder(_)
                | C::ConfirmOrder(_)
                | C::RejectOrder(_)
                | C::CancelOrder(_)
                | C::ShipOrder(_)
                | C::DeliverOrder(_)
                | C::ReturnGoods(_)
                | C::CreditOrder(_) => Err(OrderRejection::OrderNotFound {}),
            };
        };
        match (sale.lifecycle, command) {
            (Placed | Confirmed | Completed | Rejected | Cancelled, C::PlaceOrder(_)) => {
                Err(OrderRejection::OrderExists { order_id: sale.order_id })
            }
            (Placed, C::AllocateOrder(allocate)) => sale.allocate(allocate),
            // Too late, but the stock is set aside: it has to be let go again.
            (Rejected | Cancelled, C::AllocateOrder(_)) => Ok(vec![sale.discard()]),
            (Placed, C::ConfirmOrder(_)) => sale.confirm(),
            (Confirmed | Completed, C::ConfirmOrder(_)) | (Rejected, C::RejectOrder(_)) => Ok(Vec::new()),
            (Placed, C::RejectOrder(reject)) => Ok(vec![sale.reject(reject)]),
            (Placed | Confirmed, C::CancelOrder(cancel)) => sale.cancel(cancel),
            (Cancelled, C::CancelOrder(_)) => Ok(Vec::new()),
            (Confirmed | Completed, C::ShipOrder(ship)) => sale.ship(ship),
            (Confirmed | Completed, C::DeliverOrder(deliver)) => sale.deliver(deliver),
            (Confirmed | Completed, C::ReturnGoods(returned)) => sale.take_back(returned),
            (Confirmed | Completed, C::CreditOrder(credit)) => sale.credit(credit),
            (Completed, C::CancelOrder(_)) => Err(OrderRejection::AlreadyShipped {}),
            (Confirmed | Completed, C::AllocateOrder(_))
            | (Rejected | Cancelled, C::ConfirmOrder(_))
            | (Confirmed | Completed | Cancelled, C::RejectOrder(_))
            | (Rejected, C::CancelOrder(_))
            | (
                Placed | Rejected | Cancelled,
                C::ShipOrder(_) | C::DeliverOrder(_) | C::ReturnGoods(_) | C::CreditOrder(_),
            ) => Err(sale.wrong_state()),
        }
    }
}

fn placed(checkout: CartCheckedOut) -> Decision {
    let zero = Money::zero(checkout.currency);
    let sum = total(&checkout.lines, &checkout.charges, zero);
    if sum != Ok(checkout.total) || checkout.total.minor < 0 {
        return Err(OrderRejection::TotalDiffers { total: checkout.total });
    }
    if checkout.lines.is_empty() || checkout.lines.len() > MAX_LINES {
        return Err(invalid("lines", format!("1 to {MAX_LINES} are allowed")));
    }
    if checkout.order_id != checkout.cart_id.order_id() {
        return Err(invalid("order_id", "does not follow from the cart's".to_owned()));
    }
    if !checkout.lines.is_sorted_by(|a, b| a.line_id < b.line_id) {
        return Err(invalid("lines", "their ids do not rise".to_owned()));
    }
    let lines = order_lines(checkout.lines, &checkout.charges, zero)
        .map_err(|_| OrderRejection::TotalDiffers { total: checkout.total })?;
    Ok(vec![OrderEvent::OrderPlaced(OrderPlaced {
        order_id: checkout.order_id,
        number: checkout.order_id.number(),
        cart_id: checkout.cart_id,
        payment_id: checkout.order_id.payment_id(),
        customer_id: checkout.customer_id,
        currency: checkout.currency,
        country: checkout.country,
        lines,
        charges: checkout.charges,
        total: checkout.total,
        payment_token: checkout.payment_token,
        reference: checkout.reference,
        personal: checkout.personal,
    })])
}

impl Sale {
    fn allocate(&self, allocate: AllocateOrder) -> Decision {
        if self.allocated {
            return Err(self.wrong_state());
        }
        self.check_covered(&allocate.allocations)?;
        Ok(vec![OrderEvent::OrderAllocated(OrderAllocated {
            order_id: self.order_id,
            payment_id: self.payment_id,
            amount: Money::new(self.total_minor, self.currency),
            payment_token: self.payment_token.clone(),
            allocations: allocate.allocations,
        })])
    }

    /// Every SKU has exactly as many units set aside as its lines need.
    fn check_covered(&self, allocations: &[Allocation]) -> Result<(), OrderRejection> {
        let mut units: BTreeMap<&Sku, (u64, u64)> = BTreeMap::new();
        for line in &self.lines {
            units.entry(&line.sku).or_default().0 += u64::from(line.ordered);
        }
        for allocation in allocations {
            units.entry(&allocation.sku).or_default().1 += u64::from(allocation.quantity.get());
        }
        match units.into_iter().find(|(_, (ordered, allocated))| ordered != allocated) {
            None => Ok(()),
            Some((sku, (ordered, allocated))) => {
                let units = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
                let (ordered, allocated) = (units(ordered), units(allocated));
                Err(OrderRejection::NotCovered { sku: sku.clone(), ordered, allocated })
            }
        }
    }

    fn confirm(&self) -> Decision {
        if !self.allocated {
            return Err(self.wrong_state());
        }
        let (order_id, cart_id) = (self.order_id, self.cart_id);
        Ok(vec![OrderEvent::OrderConfirmed(OrderConfirmed { order_id, cart_id })])
    }

    fn discard(&self) -> OrderEvent {
        let (order_id, skus) = (self.order_id, self.skus());
        OrderEvent::AllocationDiscarded(AllocationDiscarded { order_id, skus })
    }

    fn reject(&self, reject: RejectOrder) -> OrderEvent {
        OrderEvent::OrderRejected(OrderRejected {
            order_id: self.order_id,
            cart_id: self.cart_id,
            payment_id: self.payment_id,
            reason: reject.reason,
            allocated: self.allocated,
            skus: self.skus(),
        })
    }

    fn cancel(&self, cancel: CancelOrder) -> Decision {
        if !self.shipments.is_empty() {
            return Err(OrderRejection::AlreadyShipped {});
        }
        check_text("reason", &cancel.reason)?;
        Ok(vec![OrderEvent::OrderCancelled(OrderCancelled {
            order_id: self.order_id,
            cart_id: self.cart_id,
            payment_id: self.payment_id,
            reason: cancel.reason,
            allocated: self.allocated,
            skus: self.skus(),
        })])
    }

    /// Each once.
    fn skus(&self) -> Vec<Sku> {
        let skus: BTreeSet<&Sku> = self.lines.iter().map(|line| &line.sku).collect();
        skus.into_iter().cloned().collect()
    }

    pub(super) fn wrong_state(&self) -> OrderRejection {
        let state = match (self.lifecycle, self.allocated) {
            (Lifecycle::Placed, false) => "placed, waiting for stock",
            (Lifecycle::Placed, true) => "placed, waiting for payment",
            (Lifecycle::Confirmed, _) => "confirmed",
            (Lifecycle::Completed, _) => "completed",
            (Lifecycle::Rejected, _) => "rejected",
            (Lifecycle::Cancelled, _) => "cancelled",
        };
        OrderRejection::WrongState { state: state.to_owned() }
    }
}

pub(super) fn invalid(field: &str, detail: String) -> OrderRejection {
    OrderRejection::InvalidOrder { field: field.to_owned(), detail }
}

pub(super) fn check_text(field: &str, text: &str) -> Result<(), OrderRejection> {
    if let Some(detail) = objection(text, 1, TEXT_CHARS) {
        return Err(invalid(field, detail));
    }
    if looks_like_card_number(text) {
        return Err(invalid(field, "looks like a payment card's number".to_owned()));
    }
    Ok(())
}

//! A placed order: its stages, its goods and its money. Lines and their units are in `lines.rs`, money given back
//! in `refunds.rs`.
//!
//! A shipment, return or credit that is announced again under its id changes nothing.

use super::{
    AllocateOrder, AllocationDiscarded, AllocationMoved, CancelOrder, CreditOrder, DeliverOrder, Fulfilment,
    Lifecycle, LineQuantities, LineQuantity, MoveAllocation, OrderAllocated, OrderCancelled, OrderCompleted,
    OrderConfirmed, OrderCredited, OrderDelivered, OrderEvent, OrderLines, OrderPlaced, OrderRejected,
    OrderRejection, OrderReturned, OrderShipped, Refunds, RejectOrder, ReturnGoods, ReturnedLine,
    SetShortage, ShipOrder, Shortages, SkuQuantity,
    amounts::{extras, order_lines},
    order::Decision,
};
use crate::{
    CartId, Currency, Money, OrderId, PaymentId, Quantity, ShipmentId, Sku,
    card_number::looks_like_card_number,
    cart::{CartCheckedOut, MAX_LINES, total},
    text::objection,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const TEXT_CHARS: usize = 500;
pub const TRACKING_CHARS: usize = 200;

/// What a placed order knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct PlacedOrder {
    order_id: OrderId,
    cart_id: CartId,
    payment_id: PaymentId,
    lifecycle: Lifecycle,
    currency: Currency,
    total_minor: i64,
    /// What the first shipment captures beside its goods: carriage and the like.
    extras_minor: i64,
    payment_token: String,
    allocated: bool,
    lines: OrderLines,
    shipments: Vec<ShipmentId>,
    #[serde(default, skip_serializing_if = "Shortages::is_empty")]
    shortages: Shortages,
    #[serde(flatten)]
    refunds: Refunds,
}

impl PlacedOrder {
    pub(super) fn new(placed: &OrderPlaced) -> Self {
        Self {
            order_id: placed.order_id,
            cart_id: placed.cart_id,
            payment_id: placed.payment_id,
            lifecycle: Lifecycle::Placed,
            currency: placed.currency,
            total_minor: placed.total.minor,
            extras_minor: extras(placed),
            payment_token: placed.payment_token.clone(),
            allocated: false,
            lines: OrderLines::new(&placed.lines),
            shipments: Vec::new(),
            shortages: Shortages::default(),
            refunds: Refunds::default(),
        }
    }

    pub(super) fn evolve(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::OrderPlaced(_) | OrderEvent::AllocationDiscarded(_) => {}
            OrderEvent::OrderAllocated(allocated) => {
                self.lines.allocate(&allocated.allocations);
                self.allocated = true;
                self.payment_token = String::new();
            }
            OrderEvent::OrderConfirmed(_) => self.lifecycle = Lifecycle::Confirmed,
            OrderEvent::OrderRejected(_) => self.end(Lifecycle::Rejected),
            OrderEvent::OrderCancelled(_) => self.end(Lifecycle::Cancelled),
            OrderEvent::OrderShipped(shipped) => {
                for LineQuantity { line_id, quantity } in &shipped.lines {
                    if let Some(line) = self.lines.line_mut(*line_id) {
                        line.ship(quantity.get());
                    }
                }
                self.refunds.pay(shipped.amount.minor);
                self.shipments.push(shipped.shipment_id);
            }
            OrderEvent::OrderDelivered(delivered) => {
                for LineQuantity { line_id, quantity } in &delivered.lines {
                    if let Some(line) = self.lines.line_mut(*line_id) {
                        line.deliver(quantity.get());
                    }
                }
            }
            OrderEvent::OrderCompleted(_) => self.lifecycle = Lifecycle::Completed,
            OrderEvent::OrderReturned(returned) => {
                for ReturnedLine { line_id, quantity, .. } in &returned.lines {
                    if let Some(line) = self.lines.line_mut(*line_id) {
                        line.take_back(quantity.get());
                    }
                }
                self.refunds.take_return(returned);
            }
            OrderEvent::OrderCredited(credited) => self.refunds.take_credit(credited),
            OrderEvent::AllocationMoved(moved) => {
                self.lines.move_allocation(&moved.sku, &moved.from, &moved.to);
            }
            OrderEvent::OrderShort(short) => {
                self.shortages.set(&short.sku, short.uncovered.get(), short.stock_version);
            }
            OrderEvent::ShortageResolved(resolved) => {
                self.shortages.set(&resolved.sku, 0, resolved.stock_version);
            }
        }
    }

    fn end(&mut self, lifecycle: Lifecycle) {
        self.lifecycle = lifecycle;
        self.payment_token = String::new();
        self.lines.cancel_rest();
    }

    pub(super) const fn lifecycle(&self) -> Lifecycle {
        self.lifecycle
    }

    pub(super) fn fulfilment(&self) -> Fulfilment {
        self.lines.fulfilment()
    }

    pub(super) const fn exists_already(&self) -> OrderRejection {
        OrderRejection::OrderExists { order_id: self.order_id }
    }

    pub(super) fn place(checkout: CartCheckedOut) -> Decision {
        let zero = Money::zero(checkout.currency);
        let sum = total(&checkout.lines, &checkout.charges, zero);
        if sum != Ok(checkout.total) || checkout.total.minor < 0 {
            return Err(OrderRejection::TotalDiffers { total: checkout.total });
        }
        if checkout.lines.is_empty() || checkout.lines.len() > MAX_LINES {
            return Err(invalid("/lines", format!("1 to {MAX_LINES} are allowed")));
        }
        if checkout.order_id != checkout.cart_id.order_id() {
            return Err(invalid("/order_id", "does not follow from the cart's".to_owned()));
        }
        if !checkout.lines.is_sorted_by(|a, b| a.line_id < b.line_id) {
            return Err(invalid("/lines", "their ids do not rise".to_owned()));
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

    pub(super) fn allocate(&self, allocate: AllocateOrder) -> Decision {
        if self.allocated {
            return Err(self.wrong_state());
        }
        self.lines.check_covered(&allocate.allocations)?;
        Ok(vec![OrderEvent::OrderAllocated(OrderAllocated {
            order_id: self.order_id,
            payment_id: self.payment_id,
            amount: Money::new(self.total_minor, self.currency),
            payment_token: self.payment_token.clone(),
            allocations: allocate.allocations,
        })])
    }

    pub(super) fn confirm(&self) -> Decision {
        if !self.allocated {
            return Err(self.wrong_state());
        }
        let (order_id, cart_id) = (self.order_id, self.cart_id);
        Ok(vec![OrderEvent::OrderConfirmed(OrderConfirmed { order_id, cart_id })])
    }

    pub(super) fn discard(&self) -> OrderEvent {
        let (order_id, skus) = (self.order_id, self.lines.skus());
        OrderEvent::AllocationDiscarded(AllocationDiscarded { order_id, skus })
    }

    pub(super) fn reject(&self, reject: RejectOrder) -> OrderEvent {
        OrderEvent::OrderRejected(OrderRejected {
            order_id: self.order_id,
            cart_id: self.cart_id,
            payment_id: self.payment_id,
            reason: reject.reason,
            allocated: self.allocated,
            skus: self.lines.skus(),
        })
    }

    pub(super) fn cancel(&self, cancel: CancelOrder) -> Decision {
        if !self.shipments.is_empty() {
            return Err(OrderRejection::AlreadyShipped {});
        }
        check_text("/reason", &cancel.reason)?;
        Ok(vec![OrderEvent::OrderCancelled(OrderCancelled {
            order_id: self.order_id,
            cart_id: self.cart_id,
            payment_id: self.payment_id,
            reason: cancel.reason,
            allocated: self.allocated,
            skus: self.lines.skus(),
        })])
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

    pub(super) fn ship(&self, ship: ShipOrder) -> Decision {
        if self.shipments.contains(&ship.shipment_id) {
            return Ok(Vec::new());
        }
        // A tracking number may well have a card number's length and check digit, so only its length is checked.
        for (field, text) in [("/carrier", &ship.carrier), ("/tracking", &ship.tracking)] {
            if let Some(detail) = text.as_ref().and_then(|text| objection(text, 1, TRACKING_CHARS)) {
                return Err(invalid(field, detail));
            }
        }
        let lines = self.lines.choose(ship.lines, LineQuantities::allocated)?;
        let mut minor = if self.shipments.is_empty() { self.extras_minor } else { 0 };
        let mut units: BTreeMap<&Sku, u32> = BTreeMap::new();
        for LineQuantity { line_id, quantity } in &lines {
            let Some(line) = self.lines.line(*line_id) else { continue };
            minor = minor.saturating_add(line.price_of_next_shipped(quantity.get()));
            let sku_units = units.entry(line.sku()).or_default();
            *sku_units = sku_units.saturating_add(quantity.get());
        }
        let quantity =
            |units: u32| Quantity::new(units).map_err(|error| invalid("/lines", error.to_string()));
        let skus = units
            .into_iter()
            .map(|(sku, units)| Ok(SkuQuantity { sku: sku.clone(), quantity: quantity(units)? }))
            .collect::<Result<_, OrderRejection>>()?;
        Ok(vec![OrderEvent::OrderShipped(OrderShipped {
            order_id: self.order_id,
            shipment_id: ship.shipment_id,
            payment_id: self.payment_id,
            lines,
            skus,
            amount: Money::new(minor, self.currency),
            carrier: ship.carrier,
            tracking: ship.tracking,
        })])
    }

    pub(super) fn move_allocation(&self, moved: MoveAllocation) -> Vec<OrderEvent> {
        let MoveAllocation { sku, from, to, quantity, uncovered, stock_version } = moved;
        let short = self.set_shortage(SetShortage { sku: sku.clone(), uncovered, stock_version });
        let order_id = self.order_id;
        let moved = AllocationMoved { order_id, sku, from, to, quantity, stock_version };
        [OrderEvent::AllocationMoved(moved)].into_iter().chain(short).collect()
    }

    pub(super) fn set_shortage(&self, short: SetShortage) -> Vec<OrderEvent> {
        let SetShortage { sku, uncovered, stock_version } = short;
        self.shortages.news(self.order_id, sku, uncovered, stock_version).into_iter().collect()
    }

    pub(super) fn deliver(&self, deliver: DeliverOrder) -> Decision {
        let lines = self.lines.choose(deliver.lines, LineQuantities::in_transit)?;
        let arriving: u64 = lines.iter().map(|line| u64::from(line.quantity.get())).sum();
        let order_id = self.order_id;
        let mut events = Vec::with_capacity(2);
        events.push(OrderEvent::OrderDelivered(OrderDelivered { order_id, lines }));
        if arriving == self.lines.undelivered() && self.lifecycle == Lifecycle::Confirmed {
            events.push(OrderEvent::OrderCompleted(OrderCompleted { order_id }));
        }
        Ok(events)
    }

    pub(super) fn take_back(&self, back: ReturnGoods) -> Decision {
        if self.refunds.knows_return(back.return_id) {
            return Ok(Vec::new());
        }
        if let Some(reason) = &back.reason {
            check_text("/reason", reason)?;
        }
        let wish = back.lines.iter().map(|(line, _)| line.clone()).collect();
        let mut minor = 0_i64;
        let mut location = back.location;
        for LineQuantity { line_id, quantity } in self.lines.choose(Some(wish), LineQuantities::returnable)? {
            let Some(line) = self.lines.line(line_id) else { continue };
            minor = minor.saturating_add(line.price_of_next_returned(quantity.get()));
            location = location.or_else(|| line.location().cloned());
        }
        // What was credited before is not refunded a second time.
        let refund = Money::new(minor.min(self.refunds.possible_minor()), self.currency);
        // As they were told: of one line, some units may be sellable and others damaged.
        let lines = back.lines.into_iter().filter_map(|(LineQuantity { line_id, quantity }, condition)| {
            let sku = self.lines.line(line_id)?.sku().clone();
            Some(ReturnedLine { line_id, sku, quantity, condition })
        });
        let lines = lines.collect();
        let location = location.ok_or_else(|| invalid("/location", "must be given".to_owned()))?;
        Ok(vec![OrderEvent::OrderReturned(OrderReturned {
            order_id: self.order_id,
            return_id: back.return_id,
            payment_id: self.payment_id,
            lines,
            refund,
            reason: back.reason,
            location,
        })])
    }

    pub(super) fn credit(&self, credit: CreditOrder) -> Decision {
        let CreditOrder { credit_id, kind, label, amount } = credit;
        if self.refunds.knows_credit(credit_id) {
            return Ok(Vec::new());
        }
        check_text("/label", &label)?;
        if amount.currency != self.currency {
            let detail = format!("is in {}, the order in {}", amount.currency, self.currency);
            return Err(invalid("/amount", detail));
        }
        if amount.minor <= 0 {
            return Err(invalid("/amount", "must be more than nothing".to_owned()));
        }
        let possible = self.refunds.possible_minor();
        if amount.minor > possible {
            let possible = Money::new(possible, self.currency);
            return Err(OrderRejection::MoreThanPaid { requested: amount, possible });
        }
        let (order_id, payment_id) = (self.order_id, self.payment_id);
        Ok(vec![OrderEvent::OrderCredited(OrderCredited {
            order_id,
            credit_id,
            payment_id,
            kind,
            label,
            amount,
        })])
    }
}

fn invalid(field: &str, detail: String) -> OrderRejection {
    OrderRejection::InvalidOrder { field: field.to_owned(), detail }
}

fn check_text(field: &str, text: &str) -> Result<(), OrderRejection> {
    if let Some(detail) = objection(text, 1, TEXT_CHARS) {
        return Err(invalid(field, detail));
    }
    if looks_like_card_number(text) {
        return Err(invalid(field, "looks like a payment card's number".to_owned()));
    }
    Ok(())
}

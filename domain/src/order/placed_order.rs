//! A placed order: its stages, its goods and its money. Lines and their units are in `lines.rs`, money given back
//! in `refunds.rs`.
//!
//! A shipment, return or credit that is announced again under its id changes nothing.

use super::{
    AllocateOrder, AllocationDiscarded, AllocationMoved, CancelLines, CancelOrder, CreditOrder, DeliverOrder,
    Fulfilment, Lifecycle, LineQuantities, LineQuantity, LinesCancelled, MoveAllocation, OrderAllocated,
    OrderCancelled, OrderCompleted, OrderConfirmed, OrderCredited, OrderDelivered, OrderEvent, OrderLines,
    OrderPlaced, OrderRejected, OrderRejection, OrderReturned, OrderShipped, Refunds, RejectOrder,
    ReturnGoods, ReturnedLine, SetShortage, ShipOrder, Shortages, amounts::extras, order::Decision,
    set_aside::SetAside,
};
use crate::{
    CartId, Currency, Money, OrderId, PaymentId, ShipmentId, card_number::looks_like_card_number,
    text::objection,
};
use serde::{Deserialize, Serialize};

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
    /// Where its units are set aside.
    #[serde(default, skip_serializing_if = "SetAside::is_empty")]
    set_aside: SetAside,
    shipments: Vec<ShipmentId>,
    /// What the cancelled lines would have cost: authorised, and not to be captured.
    cancelled_minor: i64,
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
            set_aside: SetAside::default(),
            shipments: Vec::new(),
            cancelled_minor: 0,
            shortages: Shortages::default(),
            refunds: Refunds::default(),
        }
    }

    pub(super) fn evolve(&mut self, event: &OrderEvent) {
        match event {
            OrderEvent::OrderPlaced(_) | OrderEvent::AllocationDiscarded(_) => {}
            OrderEvent::OrderAllocated(allocated) => {
                self.lines.allocate(&allocated.allocations);
                self.set_aside = SetAside::new(&allocated.allocations);
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
                shipped.skus.iter().for_each(|units| self.set_aside.take(units, shipped.location.as_ref()));
                self.refunds.pay(shipped.amount.minor);
                self.shipments.push(shipped.shipment_id);
            }
            OrderEvent::LinesCancelled(cancelled) => {
                for LineQuantity { line_id, quantity } in &cancelled.lines {
                    if let Some(line) = self.lines.line_mut(*line_id) {
                        line.cancel(quantity.get());
                    }
                }
                cancelled.skus.iter().for_each(|units| self.set_aside.take(units, None));
                self.cancelled_minor = self.cancelled_minor.saturating_add(cancelled.worth.minor);
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
                self.set_aside.move_units(moved);
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
        self.set_aside = SetAside::default();
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
        let (goods_minor, skus) = self.lines.next_to_ship(&lines)?;
        if ship.location.is_none() {
            let choices = self.set_aside.locations_of(&skus);
            if choices.len() > 1 {
                return Err(OrderRejection::ChooseLocation {
                    choices: choices.into_iter().cloned().collect(),
                });
            }
        }
        let extras_minor = if self.shipments.is_empty() { self.extras_minor } else { 0 };
        let minor = goods_minor.saturating_add(extras_minor);
        let release = self.release_after(&lines, self.cancelled_minor);
        Ok(vec![OrderEvent::OrderShipped(OrderShipped {
            order_id: self.order_id,
            shipment_id: ship.shipment_id,
            payment_id: self.payment_id,
            lines,
            skus,
            amount: Money::new(minor, self.currency),
            location: ship.location,
            release,
            carrier: ship.carrier,
            tracking: ship.tracking,
        })])
    }

    /// What is authorised and not needed, once: when nothing is left to ship after these units.
    fn release_after(&self, leaving: &[LineQuantity], cancelled_minor: i64) -> Option<Money> {
        let leaving: u64 = leaving.iter().map(|line| u64::from(line.quantity.get())).sum();
        let is_last = leaving == self.lines.allocated();
        (is_last && cancelled_minor > 0).then(|| Money::new(cancelled_minor, self.currency))
    }

    pub(super) fn cancel_lines(&self, cancel: CancelLines) -> Decision {
        check_text("/reason", &cancel.reason)?;
        let lines = self.lines.choose(cancel.lines, LineQuantities::allocated)?;
        let cancelled: u64 = lines.iter().map(|line| u64::from(line.quantity.get())).sum();
        if self.shipments.is_empty() && cancelled == self.lines.allocated() {
            return self.cancel(CancelOrder { reason: cancel.reason });
        }
        let (minor, skus) = self.lines.next_to_ship(&lines)?;
        let release = self.release_after(&lines, self.cancelled_minor.saturating_add(minor));
        let (order_id, payment_id) = (self.order_id, self.payment_id);
        let (worth, reason) = (Money::new(minor, self.currency), cancel.reason);
        let event = LinesCancelled { order_id, payment_id, lines, skus, worth, reason, release };
        let mut events = vec![OrderEvent::LinesCancelled(event)];
        if cancelled == self.lines.undelivered() && self.lifecycle == Lifecycle::Confirmed {
            events.push(OrderEvent::OrderCompleted(OrderCompleted { order_id }));
        }
        Ok(events)
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

pub(super) fn invalid(field: &str, detail: String) -> OrderRejection {
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

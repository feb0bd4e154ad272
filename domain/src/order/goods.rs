//! Goods that leave, arrive and come back, and the money that moves with them.
//!
//! A shipment or return that is announced again under its id changes nothing.

use super::{
    DeliverOrder, LineQuantity, OrderCompleted, OrderDelivered, OrderEvent, OrderRejection, OrderReturned,
    OrderShipped, ReturnGoods, ReturnedLine, ShipOrder, SkuQuantity,
    amounts::share,
    decide::{Decision, check_text, invalid},
    state::{Ledger, Lifecycle, Sale},
};
use crate::{LineId, Money, Quantity, Sku, text::objection};
use std::collections::BTreeMap;

const TRACKING_CHARS: usize = 200;

impl Sale {
    pub(super) fn ship(&self, ship: ShipOrder) -> Decision {
        if self.shipments.contains(&ship.shipment_id) {
            return Ok(Vec::new());
        }
        // A tracking number may well have a card number's length and check digit, so only its length is checked.
        for (field, text) in [("carrier", &ship.carrier), ("tracking", &ship.tracking)] {
            if let Some(detail) = text.as_ref().and_then(|text| objection(text, 1, TRACKING_CHARS)) {
                return Err(invalid(field, detail));
            }
        }
        let lines = self.choose(ship.lines, |line| line.allocated)?;
        let mut minor = if self.shipments.is_empty() { self.extras_minor } else { 0 };
        let mut units: BTreeMap<&Sku, u32> = BTreeMap::new();
        for LineQuantity { line_id, quantity } in &lines {
            let Some(line) = self.line(*line_id) else { continue };
            minor = minor.saturating_add(share(line, line.shipped, quantity.get()));
            let sku_units = units.entry(&line.sku).or_default();
            *sku_units = sku_units.saturating_add(quantity.get());
        }
        let quantity = |units: u32| Quantity::new(units).map_err(|error| invalid("lines", error.to_string()));
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

    pub(super) fn deliver(&self, deliver: DeliverOrder) -> Decision {
        let lines = self.choose(deliver.lines, Ledger::under_way)?;
        let arriving: u64 = lines.iter().map(|line| u64::from(line.quantity.get())).sum();
        let missing: u64 =
            self.lines.iter().map(|line| u64::from(line.ordered.saturating_sub(line.delivered))).sum();
        let order_id = self.order_id;
        let mut events = Vec::with_capacity(2);
        events.push(OrderEvent::OrderDelivered(OrderDelivered { order_id, lines }));
        if arriving == missing && self.lifecycle == Lifecycle::Confirmed {
            events.push(OrderEvent::OrderCompleted(OrderCompleted { order_id }));
        }
        Ok(events)
    }

    pub(super) fn take_back(&self, back: ReturnGoods) -> Decision {
        if self.returns.contains(&back.return_id) {
            return Ok(Vec::new());
        }
        if let Some(reason) = &back.reason {
            check_text("reason", reason)?;
        }
        let wish = back.lines.iter().map(|(line, _)| line.clone()).collect();
        let mut minor = 0_i64;
        let mut location = back.location;
        for LineQuantity { line_id, quantity } in self.choose(Some(wish), Ledger::returnable)? {
            let Some(line) = self.line(line_id) else { continue };
            minor = minor.saturating_add(share(line, line.returned, quantity.get()));
            location = location.or_else(|| line.location.clone());
        }
        // What was credited before is not refunded a second time.
        let refund = Money::new(minor.min(self.refundable_minor()), self.currency);
        // As they were told: of one line, some units may be sellable and others damaged.
        let lines = back.lines.into_iter().filter_map(|(LineQuantity { line_id, quantity }, condition)| {
            let sku = self.line(line_id)?.sku.clone();
            Some(ReturnedLine { line_id, sku, quantity, condition })
        });
        let lines = lines.collect();
        let location = location.ok_or_else(|| invalid("location", "must be given".to_owned()))?;
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

    /// The lines asked for, each once, if that many units are `possible` of each; without a wish all that is
    /// possible.
    fn choose(
        &self,
        wish: Option<Vec<LineQuantity>>,
        possible: fn(&Ledger) -> u32,
    ) -> Result<Vec<LineQuantity>, OrderRejection> {
        let Some(wish) = wish else {
            let all = self.lines.iter().filter_map(|line| {
                let quantity = Quantity::new(possible(line)).ok()?;
                Some(LineQuantity { line_id: line.line_id, quantity })
            });
            let all: Vec<_> = all.collect();
            return if all.is_empty() { Err(OrderRejection::NothingToDo {}) } else { Ok(all) };
        };
        if wish.is_empty() {
            return Err(OrderRejection::NothingToDo {});
        }
        let mut units: BTreeMap<LineId, u32> = BTreeMap::new();
        for LineQuantity { line_id, quantity } in wish {
            let line_units = units.entry(line_id).or_default();
            *line_units = line_units.saturating_add(quantity.get());
        }
        let chosen = units.into_iter().map(|(line_id, requested)| {
            let line = self.line(line_id).ok_or(OrderRejection::UnknownLine { line_id })?;
            let too_many = OrderRejection::TooManyUnits { line_id, requested, possible: possible(line) };
            match Quantity::new(requested) {
                Ok(quantity) if requested <= possible(line) => Ok(LineQuantity { line_id, quantity }),
                Ok(_) | Err(_) => Err(too_many),
            }
        });
        chosen.collect()
    }
}

impl Ledger {
    fn under_way(&self) -> u32 {
        self.shipped.saturating_sub(self.delivered)
    }

    fn returnable(&self) -> u32 {
        self.delivered.saturating_sub(self.returned)
    }
}

//! Which holds were paid for in the end.
//!
//! A hold ends by business time, but what is written down comes in the order of the log: an import, or a slow payment,
//! writes the commit of a hold behind reservations that happened after the hold's time was up. History has decided already
//! that the payment was in time, so such a hold must not lapse when the log is replayed. Found out in a pass of its own,
//! before the replay.

use ahash::{AHashMap, AHashSet};
use daybook_domain::{Event, OrderId, Sku, inventory::InventoryEvent};

/// The positions of the reservations that were committed later.
#[derive(Debug, Default)]
pub(super) struct PaidHolds {
    /// Where the holds that are open so far were made.
    open: AHashMap<(Sku, OrderId), u64>,
    committed: AHashSet<u64>,
}

impl PaidHolds {
    /// Whether events of this type say something about holds.
    pub(super) fn wants(event_type: &str) -> bool {
        ["StockReserved", "ReservationCommitted", "ReservationReleased", "ReservationExpired"]
            .contains(&event_type)
    }

    /// What happened next.
    pub(super) fn take(&mut self, event: &Event, position: u64) {
        let Event::Inventory(event) = event else { return };
        match event {
            InventoryEvent::StockReserved(one) => {
                self.open.insert((one.sku.clone(), one.order_id), position);
            }
            InventoryEvent::ReservationCommitted(one) => {
                self.committed.extend(self.open.remove(&(one.sku.clone(), one.order_id)));
            }
            InventoryEvent::ReservationReleased(one) => {
                self.open.remove(&(one.sku.clone(), one.order_id));
            }
            InventoryEvent::ReservationExpired(one) => {
                self.open.remove(&(one.sku.clone(), one.order_id));
            }
            _ => {}
        }
    }

    /// Whether the hold that the event at this position made was paid for.
    pub(super) fn is_paid(&self, position: u64) -> bool {
        self.committed.contains(&position)
    }
}

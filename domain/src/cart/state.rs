//! A cart as its events have made it.

use super::{CartCommand, CartEvent, CartLine, CartRejection};
use crate::{CartId, CountryCode, Currency, CustomerId, LineId, OrderId, Personal, aggregate::aggregate};
use serde::{Deserialize, Serialize};

aggregate!(Cart, "cart", CartCommand, CartEvent, CartRejection);

/// Where a cart stands. What is over keeps no lines: carts are many, and most of them are over.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Cart {
    #[default]
    Absent,
    Active(Box<Basket>),
    CheckingOut {
        order_id: OrderId,
    },
    Ordered {
        order_id: OrderId,
    },
    Merged {
        into: CartId,
    },
    Abandoned {
        /// The order it was checked out to, if that was rejected.
        order_id: Option<OrderId>,
    },
}

/// What an active cart knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Basket {
    pub(super) cart_id: CartId,
    pub(super) currency: Currency,
    pub(super) country: Option<CountryCode>,
    pub(super) customer_id: Option<CustomerId>,
    /// In the order of their ids.
    pub(super) lines: Vec<CartLine>,
    /// The id of the line added last; ids are never used again.
    pub(super) last_line: u32,
    pub(super) personal: Personal,
    /// How many events there were.
    pub(super) version: u64,
}

impl Basket {
    pub(super) fn line(&self, line_id: LineId) -> Option<&CartLine> {
        self.position(line_id).and_then(|at| self.lines.get(at))
    }

    fn position(&self, line_id: LineId) -> Option<usize> {
        self.lines.binary_search_by_key(&line_id, |line| line.line_id).ok()
    }

    fn line_mut(&mut self, line_id: LineId) -> Option<&mut CartLine> {
        self.position(line_id).and_then(|at| self.lines.get_mut(at))
    }
}

impl Cart {
    /// Changes whenever snapshots written before cannot be used any more.
    pub const STATE_VERSION: u32 = 1;

    /// Takes over what happened.
    pub fn evolve(&mut self, event: &CartEvent) {
        match event {
            CartEvent::CartCreated(created) => {
                *self = Self::Active(Box::new(Basket {
                    cart_id: created.cart_id,
                    currency: created.currency,
                    country: created.country,
                    customer_id: created.customer_id.clone(),
                    lines: Vec::new(),
                    last_line: 0,
                    personal: Personal::default(),
                    version: 1,
                }));
            }
            CartEvent::CartLinesAdded(_)
            | CartEvent::CartLineQuantityChanged(_)
            | CartEvent::CartLineRemoved(_)
            | CartEvent::CartAssigned(_)
            | CartEvent::CartContactSet(_)
            | CartEvent::CartRepriced(_) => {
                if let Self::Active(basket) = self {
                    basket.evolve(event);
                    basket.version = basket.version.saturating_add(1);
                }
            }
            CartEvent::CartCheckedOut(checkout) => *self = Self::CheckingOut { order_id: checkout.order_id },
            CartEvent::CartOrdered(ordered) => *self = Self::Ordered { order_id: ordered.order_id },
            CartEvent::CartMerged(merged) => *self = Self::Merged { into: merged.into },
            CartEvent::CartAbandoned(_) => {
                let order_id = match self {
                    Self::CheckingOut { order_id } => Some(*order_id),
                    Self::Absent | Self::Active(_) | Self::Ordered { .. } | Self::Merged { .. } => None,
                    Self::Abandoned { order_id } => *order_id,
                };
                *self = Self::Abandoned { order_id };
            }
        }
    }
}

impl Basket {
    /// What changes an active cart without ending it.
    fn evolve(&mut self, event: &CartEvent) {
        match event {
            CartEvent::CartLinesAdded(added) => {
                self.lines.extend_from_slice(&added.lines);
                self.last_line = self.lines.last().map_or(self.last_line, |line| line.line_id.0);
            }
            CartEvent::CartLineQuantityChanged(changed) => {
                if let Some(line) = self.line_mut(changed.line_id) {
                    line.quantity = changed.quantity;
                }
            }
            CartEvent::CartLineRemoved(removed) => {
                if let Some(at) = self.position(removed.line_id) {
                    self.lines.remove(at);
                }
            }
            CartEvent::CartAssigned(assigned) => self.customer_id = Some(assigned.customer_id.clone()),
            CartEvent::CartContactSet(contact) => {
                self.country = contact.country;
                self.personal.clone_from(&contact.personal);
            }
            CartEvent::CartRepriced(repriced) => {
                for reprice in &repriced.lines {
                    if let Some(line) = self.line_mut(reprice.line_id) {
                        line.unit_price = reprice.unit_price;
                    }
                }
            }
            CartEvent::CartCreated(_)
            | CartEvent::CartCheckedOut(_)
            | CartEvent::CartOrdered(_)
            | CartEvent::CartMerged(_)
            | CartEvent::CartAbandoned(_) => {}
        }
    }
}

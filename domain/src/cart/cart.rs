//! The aggregate: where a cart stands, and what it answers in each state. What an active cart does is in
//! `active_cart.rs`.

use super::{
    AbandonReason, ActiveCart, CartAbandoned, CartCommand, CartEvent, CartOrdered, CartRejection,
    CompleteCart,
};
use crate::{CacheClass, CartId, Context, Decider, OrderId};
use serde::{Deserialize, Serialize};

pub(super) type Decision = Result<Vec<CartEvent>, CartRejection>;

/// Where a cart stands. What is over keeps no lines: carts are many, and most of them are over.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Cart {
    #[default]
    Absent,
    Active(Box<ActiveCart>),
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

impl Decider for Cart {
    const NAME: &'static str = "cart";
    const STATE_VERSION: u32 = 1;
    const CACHE: CacheClass = CacheClass::Normal;
    type Id = CartId;
    type Command = CartCommand;
    type Event = CartEvent;
    type Rejection = CartRejection;

    fn decide(&self, command: CartCommand, _context: &Context) -> Decision {
        use CartCommand as C;
        match (self, command) {
            (Self::Absent, C::CreateCart(create)) => ActiveCart::create(create),
            (
                Self::Absent,
                C::AddLines(_)
                | C::ChangeLineQuantity(_)
                | C::RemoveLine(_)
                | C::AssignCustomer(_)
                | C::SetContact(_)
                | C::RepriceCart(_)
                | C::CheckOutCart(_)
                | C::CompleteCart(_)
                | C::MergeCart(_)
                | C::AbandonCart(_),
            ) => Err(CartRejection::CartNotFound {}),
            (
                Self::Active(_)
                | Self::CheckingOut { .. }
                | Self::Ordered { .. }
                | Self::Merged { .. }
                | Self::Abandoned { .. },
                C::CreateCart(_),
            ) => Err(CartRejection::CartExists {}),

            (Self::Active(cart), C::AddLines(add)) => cart.within_bound(cart.add_lines(add)),
            (Self::Active(cart), C::ChangeLineQuantity(change)) => {
                cart.within_bound(cart.change_quantity(&change))
            }
            (Self::Active(cart), C::RemoveLine(remove)) => cart.within_bound(cart.remove_line(&remove)),
            (Self::Active(cart), C::AssignCustomer(assign)) => cart.within_bound(cart.assign(assign)),
            (Self::Active(cart), C::SetContact(contact)) => cart.within_bound(cart.set_contact(contact)),
            (Self::Active(cart), C::RepriceCart(reprice)) => cart.within_bound(cart.reprice(&reprice)),
            (Self::Active(cart), C::CheckOutCart(checkout)) => cart.check_out(checkout),
            (Self::Active(cart), C::MergeCart(merge)) => cart.merge(&merge),
            (Self::Active(cart), C::AbandonCart(abandon)) => cart.abandon(&abandon),
            (Self::Active(_), C::CompleteCart(CompleteCart { order_id })) => {
                Err(CartRejection::OrderIsNotThisCarts { order_id })
            }

            (Self::CheckingOut { order_id }, C::CompleteCart(complete)) => {
                same_order(*order_id, &complete)?;
                Ok(vec![CartEvent::CartOrdered(CartOrdered { order_id: *order_id })])
            }
            (Self::CheckingOut { .. }, C::AbandonCart(abandon))
                if abandon.reason == AbandonReason::OrderRejected =>
            {
                Ok(vec![CartEvent::CartAbandoned(CartAbandoned { reason: abandon.reason })])
            }
            (Self::Ordered { order_id }, C::CompleteCart(complete)) => {
                same_order(*order_id, &complete)?;
                Ok(Vec::new())
            }
            (Self::Abandoned { .. }, C::AbandonCart(_)) => Ok(Vec::new()),

            (
                Self::CheckingOut { .. }
                | Self::Ordered { .. }
                | Self::Merged { .. }
                | Self::Abandoned { .. },
                C::AddLines(_)
                | C::ChangeLineQuantity(_)
                | C::RemoveLine(_)
                | C::AssignCustomer(_)
                | C::SetContact(_)
                | C::RepriceCart(_)
                | C::CheckOutCart(_)
                | C::MergeCart(_),
            )
            | (Self::Merged { .. } | Self::Abandoned { .. }, C::CompleteCart(_))
            | (Self::CheckingOut { .. } | Self::Ordered { .. } | Self::Merged { .. }, C::AbandonCart(_)) => {
                Err(self.not_active())
            }
        }
    }

    fn evolve(&mut self, event: &CartEvent) {
        match event {
            CartEvent::CartCreated(created) => *self = Self::Active(Box::new(ActiveCart::new(created))),
            CartEvent::CartLinesAdded(_)
            | CartEvent::CartLineQuantityChanged(_)
            | CartEvent::CartLineRemoved(_)
            | CartEvent::CartAssigned(_)
            | CartEvent::CartContactSet(_)
            | CartEvent::CartRepriced(_) => {
                if let Self::Active(cart) = self {
                    cart.evolve(event);
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

impl Cart {
    fn not_active(&self) -> CartRejection {
        let (state, order_id) = match self {
            Self::Absent => ("absent", None),
            Self::Active(_) => ("active", None),
            Self::CheckingOut { order_id } => ("checking_out", Some(*order_id)),
            Self::Ordered { order_id } => ("ordered", Some(*order_id)),
            Self::Merged { .. } => ("merged", None),
            Self::Abandoned { order_id } => ("abandoned", *order_id),
        };
        CartRejection::CartNotActive { state: state.to_owned(), order_id }
    }
}

fn same_order(own: OrderId, complete: &CompleteCart) -> Result<(), CartRejection> {
    if own == complete.order_id {
        Ok(())
    } else {
        Err(CartRejection::OrderIsNotThisCarts { order_id: complete.order_id })
    }
}

//! What a cart answers to commands. Lines are in `lines.rs`, the way to an order in `checkout.rs`.

use super::{
    AbandonCart, AbandonReason, AssignCustomer, Cart, CartAbandoned, CartAssigned, CartCommand,
    CartContactSet, CartCreated, CartEvent, CartMerged, CartOrdered, CartRejection, CompleteCart, CreateCart,
    MergeCart, SetContact,
    limits::{check_personal, invalid},
    state::Basket,
};
use crate::{Context, OrderId, Personal};

pub(super) type Decision = Result<Vec<CartEvent>, CartRejection>;

impl Cart {
    /// The events that follow from the command, or why there are none.
    pub fn decide(&self, command: CartCommand, _context: &Context) -> Decision {
        use CartCommand as C;
        match (self, command) {
            (Self::Absent, C::CreateCart(create)) => begin(create),
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

            (Self::Active(basket), C::AddLines(add)) => basket.add_lines(add),
            (Self::Active(basket), C::ChangeLineQuantity(change)) => basket.change_quantity(&change),
            (Self::Active(basket), C::RemoveLine(remove)) => basket.remove_line(&remove),
            (Self::Active(basket), C::AssignCustomer(assign)) => basket.assign(assign),
            (Self::Active(basket), C::SetContact(contact)) => basket.set_contact(contact),
            (Self::Active(basket), C::RepriceCart(reprice)) => basket.reprice(&reprice),
            (Self::Active(basket), C::CheckOutCart(checkout)) => basket.check_out(checkout),
            (Self::Active(basket), C::MergeCart(merge)) => basket.merge(&merge),
            (Self::Active(basket), C::AbandonCart(abandon)) => basket.abandon(&abandon),
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

fn begin(create: CreateCart) -> Decision {
    let CreateCart { cart_id, currency, country, customer_id, lines } = create;
    let basket = Basket {
        cart_id,
        currency,
        country,
        customer_id: customer_id.clone(),
        lines: Vec::new(),
        last_line: 0,
        personal: Personal::default(),
        version: 1,
    };
    let mut events = Vec::with_capacity(2);
    events.push(CartEvent::CartCreated(CartCreated { cart_id, currency, country, customer_id }));
    if !lines.is_empty() {
        events.extend(basket.add_lines(super::AddLines { lines })?);
    }
    Ok(events)
}

impl Basket {
    fn assign(&self, assign: AssignCustomer) -> Decision {
        match &self.customer_id {
            None => Ok(vec![CartEvent::CartAssigned(CartAssigned { customer_id: assign.customer_id })]),
            Some(customer) if *customer == assign.customer_id => Ok(Vec::new()),
            Some(customer) => Err(CartRejection::CartHasCustomer { customer_id: customer.clone() }),
        }
    }

    fn set_contact(&self, contact: SetContact) -> Decision {
        check_personal(&contact.personal)?;
        let SetContact { country, personal } = contact;
        // Not saying where the goods go does not unsay it.
        let country = country.or(self.country);
        if country == self.country && personal == self.personal {
            return Ok(Vec::new());
        }
        Ok(vec![CartEvent::CartContactSet(CartContactSet { country, personal })])
    }

    /// Only a guest's cart: what a customer has put together is not moved to somebody else's.
    fn merge(&self, merge: &MergeCart) -> Decision {
        if merge.into == self.cart_id {
            return Err(CartRejection::MergeIntoItself {});
        }
        if let Some(customer_id) = &self.customer_id {
            return Err(CartRejection::CartHasCustomer { customer_id: customer_id.clone() });
        }
        let merged = CartMerged { cart_id: self.cart_id, into: merge.into, lines: self.lines.clone() };
        Ok(vec![CartEvent::CartMerged(merged)])
    }

    fn abandon(&self, abandon: &AbandonCart) -> Decision {
        if abandon.reason == AbandonReason::OrderRejected {
            return Err(invalid("reason", "the cart has no order that could be rejected"));
        }
        if let Some(unchanged_since) = abandon.unchanged_since
            && unchanged_since != self.version
        {
            return Err(CartRejection::CartHasChanged { version: self.version, unchanged_since });
        }
        Ok(vec![CartEvent::CartAbandoned(CartAbandoned { reason: abandon.reason })])
    }
}

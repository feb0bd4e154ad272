//! A cart that nobody touches for the configured time is abandoned.

use super::{Deadline, Process, Reaction, Refusal, Trigger};
use crate::{
    Command, Event, EventSet as _, Interests, Rejection,
    cart::{AbandonCart, AbandonReason, CartCommand, CartEvent, CartRejection},
};
use std::time::Duration;

#[derive(Debug)]
pub(super) struct AbandonCartWhenNothingHappens {
    pub(super) idle: Option<Duration>,
}

impl Process for AbandonCartWhenNothingHappens {
    fn name(&self) -> &'static str {
        "abandon_cart_when_nothing_happens"
    }

    fn interests(&self) -> Interests {
        if self.idle.is_some() { Interests::of(CartEvent::KINDS) } else { Interests::NONE }
    }

    fn react(&self, _trigger: Trigger<'_>) -> Reaction {
        Reaction::Nothing
    }

    fn deadline(&self, trigger: Trigger<'_>) -> Deadline {
        let (Some(after), Event::Cart(event)) = (self.idle, trigger.event) else {
            return Deadline::Unchanged;
        };
        match event {
            CartEvent::CartCheckedOut(_)
            | CartEvent::CartOrdered(_)
            | CartEvent::CartMerged(_)
            | CartEvent::CartAbandoned(_) => Deadline::Cleared,
            CartEvent::CartCreated(_)
            | CartEvent::CartLinesAdded(_)
            | CartEvent::CartLineQuantityChanged(_)
            | CartEvent::CartLineRemoved(_)
            | CartEvent::CartAssigned(_)
            | CartEvent::CartContactSet(_)
            | CartEvent::CartRepriced(_) => {
                let Ok(cart_id) = trigger.aggregate_id.parse() else { return Deadline::Unchanged };
                let unchanged_since = Some(trigger.version);
                let abandon = AbandonCart { reason: AbandonReason::Inactive, unchanged_since };
                Deadline::Set { after, command: Command::Cart(cart_id, CartCommand::AbandonCart(abandon)) }
            }
        }
    }

    /// Something has happened in time after all.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, rejection: &Rejection) -> Refusal {
        Refusal::expected_if(matches!(
            rejection,
            Rejection::Cart(CartRejection::CartHasChanged { .. } | CartRejection::CartNotActive { .. })
        ))
    }
}

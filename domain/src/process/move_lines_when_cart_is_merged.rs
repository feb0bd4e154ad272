//! A guest's lines move to the customer's cart. If that is over or in another currency, it refuses them, and they
//! stay readable in the merged cart.

use super::{Process, Reaction, Refusal, Trigger};
use crate::{
    Command, Event, EventData as _, Interests, Rejection,
    cart::{AddLines, CartCommand, CartEvent, CartMerged, NewLine},
};

#[derive(Debug)]
pub(super) struct MoveLinesWhenCartIsMerged;

impl Process for MoveLinesWhenCartIsMerged {
    fn name(&self) -> &'static str {
        "move_lines_when_cart_is_merged"
    }

    fn interests(&self) -> Interests {
        Interests::of(&[CartMerged::KIND])
    }

    fn react(&self, trigger: Trigger<'_>) -> Reaction {
        let Event::Cart(CartEvent::CartMerged(merged)) = trigger.event else { return Reaction::Nothing };
        if merged.lines.is_empty() {
            return Reaction::Nothing;
        }
        let lines = merged.lines.iter().cloned().map(NewLine::from);
        let add = CartCommand::AddLines(AddLines { lines: lines.collect() });
        Reaction::Commands(vec![Command::Cart(merged.into, add)])
    }

    /// The lines stay readable in the merged cart.
    fn refused(&self, _trigger: Trigger<'_>, _command: &str, _rejection: &Rejection) -> Refusal {
        Refusal::Expected
    }
}

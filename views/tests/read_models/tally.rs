//! A projection for tests: counts each cart's events, fails when told to, comes in several versions.

use daybook_domain::{
    Event, Interests,
    cart::{Cart, CartEvent},
};
use daybook_projections::{ApplyError, DecodedEvent, Definition, Projection};
use daybook_read_store::{RowKind, Tx};
use serde::{Deserialize, Serialize};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// What is known of a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Count {
    /// The version that counted.
    pub(crate) by: u32,
    pub(crate) events: u32,
}

/// Rows: `t` cart → [`Count`].
pub(crate) struct Tally<const V: u32> {
    fails: Arc<AtomicBool>,
}

/// While `fails` is set, adding lines to a cart cannot be applied.
pub(crate) fn tally<const V: u32>(fails: &Arc<AtomicBool>) -> Definition {
    let fails = fails.clone();
    Definition::new(move |_| Ok(Tally::<V> { fails: fails.clone() }))
}

impl<const V: u32> Projection for Tally<V> {
    const NAME: &'static str = "tally";
    const VERSION: u32 = V;
    const KINDS: &'static [RowKind] = &[RowKind::records(b't', "tallies")];
    const INTERESTS: Interests = Interests::all_of::<Cart>();

    fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let key = format!("t{}", event.record.aggregate_id()).into_bytes();
        let known = tx.get(&key)?.map(|row| serde_json::from_slice::<Count>(&row).unwrap());
        let count = Count { by: V, events: known.map_or(0, |count| count.events) + 1 };
        // Written before the failure, so that a half-applied event would show.
        tx.put(key, serde_json::to_vec(&count).unwrap());
        if matches!(event.event, Event::Cart(CartEvent::CartLinesAdded(_)))
            && self.fails.load(Ordering::SeqCst)
        {
            return Err(ApplyError::Contradiction { detail: "told to fail".to_owned() });
        }
        Ok(())
    }
}

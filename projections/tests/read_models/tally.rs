//! A projection for tests: counts each cart's events, fails when told to, comes in several versions.

use daybook_domain::{Event, cart::CartEvent};
use daybook_projections::{ApplyError, DecodedEvent, Definition, Projection, Tx};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Rows: cart id → `<version>:<events>`.
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

    fn concerns(aggregate: &str, _event_type: &str) -> bool {
        aggregate == "cart"
    }

    fn apply(&mut self, event: &DecodedEvent<'_>, tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        let key = event.record.aggregate_id().as_bytes();
        let count = match tx.get(key)? {
            Some(row) => {
                let text = String::from_utf8_lossy(&row).into_owned();
                text.split_once(':').and_then(|(_, count)| count.parse::<u32>().ok()).unwrap_or(0)
            }
            None => 0,
        };
        // Written before the failure, so that a half-applied event would show.
        tx.put(key, format!("{V}:{}", count + 1));
        if matches!(event.event, Event::Cart(CartEvent::CartLinesAdded(_)))
            && self.fails.load(Ordering::SeqCst)
        {
            return Err(ApplyError::Contradiction { detail: "told to fail".to_owned() });
        }
        Ok(())
    }
}

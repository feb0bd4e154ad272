//! CommandIds that follow from other ids, so that doing a thing again is recognised as the same thing.
//!
//! All keep the first six bytes of what they follow from: for time-ordered ids (UUIDv7), what belongs
//! together stays together in every index. The rest is a SHA-256 digest, so nobody can aim at another's id.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The id of the `index`-th event (from 0) that the command leads to. Stored for ever: never change it.
#[must_use]
pub fn event_id(command_id: Uuid, index: usize) -> Uuid {
    let mut text = [0_u8; 24];
    text[..16].copy_from_slice(command_id.as_bytes());
    text[16..].copy_from_slice(&(index as u64).to_be_bytes());
    keep_prefix(command_id, &Sha256::digest(text))
}

/// The id of the `index`-th command (from 0) with which a process reacts to an event, or to a deadline that
/// the event set. Stored for ever: never change it.
///
/// What the command is belongs to its id: outcomes that were not recorded (a refusal) may turn out otherwise
/// when a reaction is taken up again, and what follows from them is then another command, to another stream.
pub(crate) fn reaction_id(
    process: &str,
    trigger: TriggerKind,
    event_id: Uuid,
    index: usize,
    stream: &str,
    command: &str,
) -> Uuid {
    let mut digest = Sha256::new();
    for part in [process, stream, command] {
        digest.update(part);
        digest.update([0]);
    }
    digest.update([trigger as u8]);
    digest.update(event_id.as_bytes());
    digest.update((index as u64).to_be_bytes());
    keep_prefix(event_id, &digest.finalize())
}

/// What a process reacts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum TriggerKind {
    Event = 0,
    Deadline = 1,
}

fn keep_prefix(from: Uuid, digest: &[u8]) -> Uuid {
    let mut bytes = [0_u8; 16];
    bytes[..6].copy_from_slice(&from.as_bytes()[..6]);
    bytes[6..].copy_from_slice(&digest[..10]);
    Uuid::new_v8(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_were_stored_once_come_out_the_same_for_ever() {
        let command = Uuid::from_u128(0x0199_a5b6_c7d8_7000_8000_0123_4567_89ab);
        assert_eq!(event_id(command, 0).to_string(), "0199a5b6-c7d8-8e77-be23-f9d908855e26");
        let reaction = reaction_id(
            "reserve_stock",
            TriggerKind::Event,
            event_id(command, 0),
            1,
            "order-7",
            "PlaceOrder",
        );
        assert_eq!(reaction.to_string(), "0199a5b6-c7d8-8720-8da4-673b67903d7f");
    }

    #[test]
    fn no_two_steps_share_an_id() {
        let command = Uuid::from_u128(7);
        let mut ids: Vec<Uuid> = (0..100).map(|n| event_id(command, n)).collect();
        for trigger in [TriggerKind::Event, TriggerKind::Deadline] {
            for (process, stream, name) in
                [("a", "b-1", "C"), ("b", "b-1", "C"), ("a", "b-2", "C"), ("a", "b-1", "D")]
            {
                ids.extend((0..100).map(|n| reaction_id(process, trigger, command, n, stream, name)));
            }
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }
}

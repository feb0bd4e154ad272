//! Our [`Metadata`] as the map of texts that cqrs-es programs read and write, and back. Exact for what we wrote;
//! for other programs' events what is there is kept and the rest has its default.

use crate::payload::push_text;
use daybook_event_log::Metadata;
use serde::Deserialize;
use std::{borrow::Cow, fmt::Write};
use uuid::Uuid;

const ACTOR_BYTES: usize = 255;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Texts<'a> {
    #[serde(borrow)]
    occurred_at_ns: Cow<'a, str>,
    #[serde(borrow)]
    command_id: Cow<'a, str>,
    #[serde(borrow)]
    correlation_id: Cow<'a, str>,
    #[serde(borrow)]
    causation_id: Cow<'a, str>,
    #[serde(borrow)]
    request_hash: Cow<'a, str>,
    #[serde(borrow)]
    actor: Option<Cow<'a, str>>,
}

/// Appends `metadata` to `out`; nil and zero are left away.
pub(crate) fn write(out: &mut String, metadata: &Metadata) {
    let mut text = || -> std::fmt::Result {
        write!(out, "{{\"occurred_at_ns\":\"{}\"", metadata.occurred_at_ns)?;
        for (name, id) in [
            ("command_id", metadata.command_id),
            ("correlation_id", metadata.correlation_id),
            ("causation_id", metadata.causation_id),
        ] {
            if !id.is_nil() {
                write!(out, ",\"{name}\":\"{id}\"")?;
            }
        }
        if metadata.request_hash != 0 {
            write!(out, ",\"request_hash\":\"{}\"", metadata.request_hash)?;
        }
        out.push_str(",\"actor\":");
        push_text(out, &metadata.actor);
        out.push('}');
        Ok(())
    };
    text().expect("writing into a String cannot fail");
}

/// Reads what is stored. An event without a time of its own happened when it was recorded.
pub(crate) fn read(stored: &str, recorded_at_ns: i64) -> Metadata {
    let texts: Texts<'_> = serde_json::from_str(stored).unwrap_or_default();
    let id = |text: &str| Uuid::parse_str(text).unwrap_or(Uuid::nil());
    Metadata {
        occurred_at_ns: texts.occurred_at_ns.parse().unwrap_or(recorded_at_ns),
        command_id: id(&texts.command_id),
        correlation_id: id(&texts.correlation_id),
        causation_id: id(&texts.causation_id),
        request_hash: texts.request_hash.parse().unwrap_or(0),
        actor: texts.actor.map_or_else(|| Metadata::default().actor, |actor| shortened(&actor).to_owned()),
    }
}

fn shortened(actor: &str) -> &str {
    &actor[..actor.floor_char_boundary(ACTOR_BYTES)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_comes_back_exactly_and_is_a_map_of_texts() {
        let full = Metadata {
            occurred_at_ns: -1_234_567_890_123_456_789,
            command_id: Uuid::from_u128(1),
            correlation_id: Uuid::from_u128(u128::MAX),
            causation_id: Uuid::from_u128(3),
            request_hash: u64::MAX,
            actor: "staff:\"Zoë\"\n".to_owned(),
        };
        let empty = Metadata { actor: String::new(), ..Metadata::default() };
        for metadata in [full, empty, Metadata::default()] {
            let mut stored = String::new();
            write(&mut stored, &metadata);
            assert_eq!(read(&stored, 77), metadata);
            serde_json::from_str::<std::collections::HashMap<String, String>>(&stored).unwrap();
        }
    }

    #[test]
    fn other_programs_metadata_keeps_what_is_possible() {
        let long = "ä".repeat(200);
        let stored = format!("{{\"trace\":\"x\",\"command_id\":\"not an id\",\"actor\":\"{long}\"}}");
        let metadata = read(&stored, 77);
        assert_eq!((metadata.occurred_at_ns, metadata.command_id), (77, Uuid::nil()));
        assert_eq!(metadata.actor, "ä".repeat(127));
        for unusual in ["null", "{}", "{\"actor\":5}", "[]"] {
            assert_eq!(read(unusual, 77), Metadata { occurred_at_ns: 77, ..Metadata::default() });
        }
    }
}

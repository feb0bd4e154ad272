//! One row of a read model as an answer.

use super::past;
use crate::{
    http::{IfNoneMatch, Params, resource},
    problem::{Problem, kind},
    shop::Shop,
};
use axum::response::Response;
use daybook_projections::{Row, StoreError, past::Thing};

/// The stream version that a row shows. Every view ends with `"version":…,"position":…}`, so the row need
/// not be parsed.
pub(crate) fn version_of(json: &[u8]) -> u64 {
    number_at_end(json, b"\"version\":")
}

/// The position of the row's last change.
pub(super) fn position_of(json: &[u8]) -> u64 {
    number_at_end(json, b"\"position\":")
}

fn number_at_end(json: &[u8], name: &[u8]) -> u64 {
    let tail = &json[json.len().saturating_sub(80)..];
    let Some(at) = tail.windows(name.len()).rposition(|window| window == name) else { return 0 };
    tail[at + name.len()..]
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0_u64, |number, digit| number.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

/// Takes the parameters, waits, and answers with the row that `find` finds, or with the thing as it was.
pub(super) async fn show(
    shop: &Shop,
    mut params: Params,
    held: &IfNoneMatch,
    thing: &Thing,
    find: impl FnOnce() -> Result<Option<Row>, StoreError>,
) -> Result<Response, Problem> {
    let (asked, wanted) = (past::Asked::take(&mut params)?, params.freshness()?);
    params.finish()?;
    if let Some(asked) = asked {
        return asked.answer(shop, wanted, thing).await;
    }
    shop.wait_until(wanted).await?;
    let position = shop.waiting.position();
    let row = find()?.ok_or_else(|| not_found(thing.name()))?;
    let version = version_of(row.json());
    Ok(resource(row.into_bytes(), version, position, held))
}

pub(super) fn not_found(what: &str) -> Problem {
    Problem::new(
        &kind::NOT_FOUND,
        format!("there is no such {what}; if it is new, ask with its min_position"),
    )
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a read model cannot be read");
        Self::new(
            &kind::UNAVAILABLE,
            "the read store cannot be read; the operator finds why in the server's log",
        )
        .retry_after(5)
    }
}

#[cfg(test)]
mod tests {
    use super::{position_of, version_of};

    #[test]
    fn the_version_is_read_from_the_end_of_a_row() {
        assert_eq!(version_of(br#"{"title":"\"version\":9","version":42,"position":4711}"#), 42);
        assert_eq!(position_of(br#"{"version":42,"position":4711}"#), 4711);
        assert_eq!(version_of(b"{}"), 0);
    }
}

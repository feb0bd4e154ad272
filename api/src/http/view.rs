//! One row of a read model as an answer.

use super::{AskedPoint, IfNoneMatch, Params, resource};
use crate::{
    app::Shop,
    problem::{Problem, kind},
};
use axum::response::Response;
use daybook_read_store::{Row, StoreError, version_of};
use daybook_views::Target;

/// Takes the parameters, waits, and answers with the row that `find` finds, or with the thing as it was.
pub(crate) async fn show(
    shop: &Shop,
    mut params: Params,
    held: &IfNoneMatch,
    thing: &Target,
    find: impl Future<Output = Result<Option<Row>, StoreError>>,
) -> Result<Response, Problem> {
    let (asked, wanted) = (AskedPoint::take(&mut params)?, params.freshness()?);
    params.finish()?;
    if let Some(asked) = asked {
        return asked.answer(shop, wanted, thing).await;
    }
    shop.wait_until(wanted).await?;
    let position = shop.waiting.position();
    let row = find.await?.ok_or_else(|| not_found(thing.entry()))?;
    let version = version_of(row.json());
    Ok(resource(row.into_bytes(), version, position, held))
}

pub(crate) fn not_found(what: &str) -> Problem {
    Problem::new(
        &kind::NOT_FOUND,
        format!("there is no such {what}; if it is new, ask with its min_position"),
    )
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let (detail, pause_s) = match &error {
            // Said once by whoever asks the server all the time; each query would say it again.
            StoreError::Server { .. } => {
                tracing::debug!(%error, "a query was not answered by the read store's server");
                (
                    "the read store's server cannot be reached or does not answer; queries go on when it does",
                    2,
                )
            }
            StoreError::Closed => ("the read store is being opened again; ask again", 1),
            _ => {
                tracing::error!(%error, "a read model cannot be read");
                ("the read store cannot be read; the operator finds why in the server's log", 5)
            }
        };
        Self::new(&kind::UNAVAILABLE, detail).retry_after(pause_s)
    }
}

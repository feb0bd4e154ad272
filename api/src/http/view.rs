//! One row of a read model as an answer.

use super::{AsOfParams, Freshness, IfNoneMatch, Query, ViewAnswer};
use crate::{
    app::App,
    problem::{Problem, kind},
};
use daybook_read_store::{Row, StoreError, version_of};
use daybook_views::Target;

/// The query parameters of one view: of which time, or how fresh.
pub(crate) type ViewQuery = Query<(AsOfParams, Freshness)>;

/// Waits, and answers with the row that `find` finds, or with the target as it was.
pub(crate) async fn show_row<V>(
    app: &App,
    Query((AsOfParams(point), wanted)): ViewQuery,
    held: &IfNoneMatch,
    target: &Target,
    find: impl Future<Output = Result<Option<Row>, StoreError>>,
) -> Result<ViewAnswer<V>, Problem> {
    if let Some(point) = point {
        return point.show(app, wanted, held, target).await;
    }
    app.wait_until(wanted).await?;
    let position = app.waiters.position();
    let row = find.await?.ok_or_else(|| not_found(target.entry()))?;
    let version = version_of(row.json());
    Ok(ViewAnswer::new(row.into_bytes(), version, position, held))
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
            // The projection runner logs this once; each query would log it again.
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

//! What is answered while the shop is still being opened, which takes as long as its servers are away: alive, and
//! not ready.

use crate::problem::{Problem, kind};
use axum::{Json, Router, http::Uri, response::Response, routing::get};
use serde_json::json;
use std::{io, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long answers under way may take when the shop is open.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// A server that says to come back.
pub(super) struct Starting {
    ended: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl Starting {
    /// Answers on `listener`, and hands it back to be used afterwards.
    pub(super) fn on(listener: TcpListener) -> io::Result<(Self, TcpListener)> {
        let listener = listener.into_std()?;
        let here = TcpListener::from_std(listener.try_clone()?)?;
        let ended = CancellationToken::new();
        let router = Router::new()
            .route("/livez", get(|| async { Json(json!({ "status": "live" })) }))
            .fallback(not_yet);
        let serving = axum::serve(here, router).with_graceful_shutdown(ended.clone().cancelled_owned());
        let task = tokio::spawn(serving.into_future());
        Ok((Self { ended, task }, TcpListener::from_std(listener)?))
    }

    /// Stops answering; whoever connects from now on is answered by the shop.
    pub(super) async fn end(mut self) {
        self.ended.cancel();
        if tokio::time::timeout(LAST_ANSWERS, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

async fn not_yet(uri: Uri) -> Response {
    let missing = "the shop is being opened: its event store or read store is waited for, or read";
    Problem::new(&kind::UNAVAILABLE, missing).with("missing", vec![missing]).retry_after(1).render(uri.path())
}

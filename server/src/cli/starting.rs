//! What is answered while the shop is still being opened, which takes as long as its servers are away: alive, and
//! not ready, and what is waited for.

use axum::{Json, Router, extract::State, http::Uri, response::Response, routing::get};
use daybook_api::problem::{Problem, kind};
use parking_lot::RwLock;
use serde_json::json;
use std::{io, sync::Arc, time::Duration};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

/// How long answers under way may take when the shop is open.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// A server that says to come back.
pub(super) struct Starting {
    ended: CancellationToken,
    task: JoinHandle<io::Result<()>>,
    missing: Missing,
}

/// What is waited for.
type Missing = Arc<RwLock<String>>;

impl Starting {
    /// Answers on `listener`, and hands it back to be used afterwards.
    pub(super) fn on(listener: TcpListener) -> io::Result<(Self, TcpListener)> {
        let listener = listener.into_std()?;
        let here = TcpListener::from_std(listener.try_clone()?)?;
        let ended = CancellationToken::new();
        let opening =
            "the shop is being opened: its events are read, or its event store or read store is waited for";
        let missing = Missing::new(RwLock::new(opening.to_owned()));
        let router = Router::new()
            .route("/livez", get(|| async { Json(json!({ "status": "live" })) }))
            .fallback(not_yet)
            .with_state(missing.clone());
        let serving = axum::serve(here, router).with_graceful_shutdown(ended.clone().cancelled_owned());
        let task = tokio::spawn(serving.into_future());
        Ok((Self { ended, task, missing }, TcpListener::from_std(listener)?))
    }

    /// Takes what is waited for now.
    pub(super) fn waits_for(&self, what: &str) {
        *self.missing.write() = format!("the event store is waited for: {what}");
    }

    /// Stops answering; whoever connects from now on is answered by the shop.
    pub(super) async fn end(mut self) {
        self.ended.cancel();
        if tokio::time::timeout(LAST_ANSWERS, &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

async fn not_yet(State(missing): State<Missing>, uri: Uri) -> Response {
    let missing = missing.read().clone();
    let problem = Problem::new(&kind::UNAVAILABLE, missing.clone()).with("missing", vec![missing]);
    problem.retry_after(1).render(uri.path())
}

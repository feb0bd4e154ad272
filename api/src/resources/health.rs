//! `GET /livez`: the process answers. `GET /readyz`: it can do its work, or what is missing. `GET /metrics`: what it
//! measures.

use crate::{
    app::App,
    problem::{Problem, kind},
};
use axum::{Json, extract::State, http::header, response::IntoResponse};
use serde_json::json;

/// Read models further behind than this are not fit for queries yet.
const READY_LAG_EVENTS: u64 = 100_000;

pub(crate) async fn live() -> impl IntoResponse {
    Json(json!({ "status": "live" }))
}

pub(crate) async fn ready(State(shop): App) -> Result<impl IntoResponse, Problem> {
    let mut missing = Vec::new();
    if shop.stopping.is_cancelled() {
        missing.push("the server is shutting down".to_owned());
    }
    if let Some(failure) = shop.reads.failure() {
        tracing::warn!(%failure, "not ready: read models stopped");
        missing.push("the read models stopped; the server's log says why".to_owned());
    }
    missing.extend(shop.node.missing());
    if shop.reads.store_trouble().is_some() {
        missing.push("the read store cannot be reached or used; the server's log says why".to_owned());
    }
    let lag = if shop.roles.reads() { shop.reads.lag() } else { 0 };
    if lag > READY_LAG_EVENTS {
        missing.push(format!("the read models are {lag} events behind the log"));
    }
    if missing.is_empty() {
        let mut answer = json!({ "status": "ready", "position": shop.head(), "lag_events": lag });
        if let Some(answer) = answer.as_object_mut() {
            answer.extend(shop.node.shown());
        }
        return Ok(Json(answer));
    }
    Err(Problem::new(&kind::UNAVAILABLE, missing.join("; ")).with("missing", missing).retry_after(2))
}

/// `GET /metrics`
pub(crate) async fn metrics(State(shop): App) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], shop.node.metrics())
}

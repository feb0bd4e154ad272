//! `GET /search` and `GET /suggest`. A search costs processor time, so it runs beside the threads that serve
//! connections, and only as many at a time as there are cores; an answer at hand is given at once.

use crate::{
    app::{App, Shop},
    http::{Freshness, Params, json},
    problem::{Problem, kind},
};
use axum::{extract::State, http::StatusCode, response::Response};
use daybook_event_log::Position;
use daybook_search::{SearchError, SearchIndex, SearchRequest};
use serde_json::json;
use std::sync::Arc;

pub(crate) async fn search(State(shop): App, mut params: Params) -> Result<Response, Problem> {
    let wanted = params.freshness()?;
    let pairs = params.take_rest();
    let request =
        SearchRequest::from_parameters(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    let index = index(&shop, wanted).await?;
    if let Some(answer) = index.cached(&request) {
        return Ok(json(StatusCode::OK, answer.body, answer.position.get()));
    }
    let answer = beside(&shop, move || index.search(&request)).await??;
    Ok(json(StatusCode::OK, answer.body, answer.position.get()))
}

pub(crate) async fn suggest(State(shop): App, mut params: Params) -> Result<Response, Problem> {
    let wanted = params.freshness()?;
    let limit = params.limit(8, 20)?;
    let typed = params.take_text("q")?.unwrap_or_default();
    params.finish()?;
    if typed.chars().count() > 256 {
        return Err(
            Problem::new(&kind::INVALID_PARAMETER, "q may have 256 characters").with("parameter", "q")
        );
    }
    let index = index(&shop, wanted).await?;
    let position = index.position().get();
    let suggestions = beside(&shop, move || index.suggest(&typed, limit)).await??;
    Ok(json(StatusCode::OK, json!({ "suggestions": &*suggestions }).to_string(), position))
}

/// The index, as fresh as wanted.
async fn index(shop: &Shop, wanted: Freshness) -> Result<Arc<SearchIndex>, Problem> {
    let index = shop.search.current().ok_or_else(|| {
        Problem::new(&kind::UNAVAILABLE, "the search index is being filled for the first time").retry_after(2)
    })?;
    let position = Position::new(wanted.min_position);
    if index.position() >= position {
        return Ok(index);
    }
    match tokio::time::timeout(wanted.wait, index.wait_for(position)).await {
        Ok(()) => Ok(index),
        Err(_) => {
            let at = index.position().get();
            let detail = format!("the search index is at {at}, not yet at {position}");
            Err(Problem::new(&kind::NOT_REACHED, detail).with("position", at).retry_after(1))
        }
    }
}

async fn beside<T: Send + 'static>(
    shop: &Shop,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Problem> {
    let stopped = || Problem::new(&kind::UNAVAILABLE, "the server is shutting down").retry_after(5);
    let place = shop.searches.clone().acquire_owned().await.map_err(|_| stopped())?;
    let done = tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    });
    done.await.map_err(|error| {
        tracing::error!(%error, "a search broke off");
        Problem::new(&kind::INTERNAL, "the search broke off")
    })
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        if error.is_askers_fault() {
            return Self::new(&kind::INVALID_PARAMETER, error.to_string());
        }
        tracing::error!(%error, "the search index cannot be read");
        Self::new(&kind::UNAVAILABLE, "the search index cannot be read").retry_after(5)
    }
}

//! For auditors, and for customers who want proof: checkpoints, tiles, and proofs that a record is under a
//! checkpoint or that one checkpoint continues another. The proofs are `daybook_audit`'s; here they are served.
//!
//! Until there are roles, all of this is answered to the loopback interface only (`edge/loopback.rs`).

use crate::{
    app::App,
    http::{Id, Params},
    problem::{Problem, kind},
};
use axum::{
    Json,
    extract::{Path, State},
    http::header,
    response::IntoResponse,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use daybook_audit::{AuditError, ConsistencyProof, InclusionProof, Keeper, tile_at};
use daybook_domain::OrderId;
use daybook_event_log::{Position, RecordedEvent, StreamId, Version};
use serde::Serialize;
use std::{sync::Arc, time::Duration};

const NOTE: &str = "text/plain; charset=utf-8";
/// Events proven in one answer; an order has far fewer.
const MOST_EVENTS: usize = 10_000;
/// How long to wait for a checkpoint over what was written just now; one is signed every second.
const PATIENCE: Duration = Duration::from_secs(3);

/// A record with the proof that it is under a checkpoint.
#[derive(Serialize)]
struct ProvenRecord {
    position: u64,
    version: u64,
    #[serde(rename = "type")]
    event_type: String,
    /// The stored bytes in base64; their leaf hash is what the proof is about.
    record: String,
    proof: InclusionProof,
}

#[derive(Serialize)]
struct RecordProof {
    #[serde(flatten)]
    proven: ProvenRecord,
    checkpoint: String,
}

#[derive(Serialize)]
struct OrderProof {
    order_id: OrderId,
    events: Vec<ProvenRecord>,
    checkpoint: String,
    key: String,
}

#[derive(Serialize)]
struct Continuation {
    proof: ConsistencyProof,
    checkpoint: String,
}

/// `GET /audit/checkpoint`
pub(crate) async fn checkpoint(State(shop): App, params: Params) -> Result<impl IntoResponse, Problem> {
    params.finish()?;
    let note = shop.audit.note().ok_or_else(none_yet)?;
    Ok(([(header::CONTENT_TYPE, NOTE), (header::CACHE_CONTROL, "no-cache")], note))
}

/// `GET /audit/key`
pub(crate) async fn key(State(shop): App, params: Params) -> Result<impl IntoResponse, Problem> {
    params.finish()?;
    Ok(([(header::CONTENT_TYPE, NOTE)], format!("{}\n", shop.audit.public_key())))
}

/// `GET /audit/tile/{*path}`
pub(crate) async fn tile(
    State(shop): App,
    Path(path): Path<String>,
    params: Params,
) -> Result<impl IntoResponse, Problem> {
    params.finish()?;
    let absent = || Problem::new(&kind::NOT_FOUND, format!("there is no tile {path:?}"));
    let (level, index, width) = tile_at(&format!("tile/{path}")).ok_or_else(absent)?;
    let keeper = shop.audit.clone();
    let hashes = in_background(move || keeper.tile(level, index, width)).await?.ok_or_else(absent)?;
    let tile: Vec<u8> = hashes.iter().flat_map(|hash| hash.0).collect();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    Ok((headers, tile))
}

/// `GET /audit/proof?position=`
pub(crate) async fn proof(State(shop): App, mut params: Params) -> Result<impl IntoResponse, Problem> {
    let position = required(&mut params, "position")?;
    params.finish()?;
    let absent = || Problem::new(&kind::NOT_FOUND, format!("there is no event at position {position}"));
    if position == 0 || position > shop.head() {
        return Err(absent().with("head", shop.head()));
    }
    let records = shop.engine.log().read_all(Position::new(position), 1).await?;
    let (mut events, checkpoint) = prove(shop.audit.clone(), records).await?;
    let proven = events.pop().ok_or_else(absent)?;
    Ok(Json(RecordProof { proven, checkpoint }))
}

/// `GET /audit/consistency?from=`
pub(crate) async fn consistency(State(shop): App, mut params: Params) -> Result<impl IntoResponse, Problem> {
    let from: u64 = required(&mut params, "from")?;
    params.finish()?;
    let keeper = shop.audit.clone();
    let proven = in_background(move || keeper.consistency(from)).await?;
    let (proof, checkpoint) = proven.ok_or_else(|| {
        let detail = format!("no checkpoint over {from} events can be the beginning of the latest one");
        Problem::new(&kind::NOT_FOUND, detail)
    })?;
    Ok(Json(Continuation { proof, checkpoint }))
}

/// `GET /orders/{id}/proof`
pub(crate) async fn order(
    State(shop): App,
    Id(id): Id<OrderId>,
    params: Params,
) -> Result<impl IntoResponse, Problem> {
    params.finish()?;
    let stream = StreamId::new("order", id)
        .map_err(|error| Problem::new(&kind::INVALID_PARAMETER, error.to_string()))?;
    let records = shop.engine.log().read_stream(&stream, Version::new(1), MOST_EVENTS).await?;
    if records.is_empty() {
        return Err(Problem::new(&kind::NOT_FOUND, "there is no such order"));
    }
    let (events, checkpoint) = prove(shop.audit.clone(), records).await?;
    Ok(Json(OrderProof { order_id: id, events, checkpoint, key: shop.audit.public_key().to_string() }))
}

/// Proofs for all of `records` under one checkpoint, waiting for it if they are newer than the latest.
async fn prove(
    keeper: Arc<Keeper>,
    records: Vec<RecordedEvent>,
) -> Result<(Vec<ProvenRecord>, String), Problem> {
    let positions: Vec<_> = records.iter().map(RecordedEvent::position).collect();
    let until = tokio::time::Instant::now() + PATIENCE;
    let (proofs, checkpoint) = loop {
        let (keeper, asked) = (keeper.clone(), positions.clone());
        match in_background(move || keeper.inclusions(&asked)).await? {
            Some(proven) => break proven,
            None if tokio::time::Instant::now() < until => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            None => {
                let detail = "no checkpoint covers these events yet; one is signed every second";
                return Err(Problem::new(&kind::NOT_REACHED, detail).retry_after(1));
            }
        }
    };
    let proven = records.iter().zip(proofs).map(|(record, proof)| ProvenRecord {
        position: record.position().get(),
        version: record.version().get(),
        event_type: record.event_type().to_owned(),
        record: STANDARD.encode(record.as_bytes()),
        proof,
    });
    Ok((proven.collect(), checkpoint))
}

/// Proofs read tiles from disk.
async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, AuditError> + Send + 'static,
) -> Result<T, Problem> {
    let unavailable = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "a proof cannot be made");
        Problem::new(&kind::UNAVAILABLE, "the audit tree cannot be read").retry_after(5)
    };
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| unavailable(&error))?
        .map_err(|error| unavailable(&error))
}

fn required(params: &mut Params, name: &str) -> Result<u64, Problem> {
    params.take(name)?.ok_or_else(|| {
        Problem::new(&kind::INVALID_PARAMETER, format!("{name} is missing")).with("parameter", name)
    })
}

fn none_yet() -> Problem {
    Problem::new(&kind::NOT_FOUND, "no checkpoint is signed before the first event").retry_after(1)
}

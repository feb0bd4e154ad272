//! For auditors, and for customers who want proof: checkpoints, tiles, and proofs that a record is under a
//! checkpoint or that one checkpoint continues another. The proofs are `daybook_audit`'s; here they are served.
//!
//! Until there are roles, all of this is answered to the loopback interface only (`edge/loopback.rs`).

mod answers;

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::AppState,
    describe::{AnswerDoc, PathParameter, text},
    http::{Id, PathId, Query, Required, query_params},
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use answers::{
    Continuation, NOTE, Note, OrderProof, ProvenRecord, RecordProof, TileAnswer, proof_example,
    proven_example,
};
use axum::{Json, extract::State, http::Method};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use daybook_audit::{AuditError, AuditTree, tile_at};
use daybook_domain::{OrderId, access::Scope};
use daybook_event_log::{Position, RecordedEvent, StreamId, Version};
use serde_json::json;
use std::{convert::Infallible, str::FromStr, sync::Arc, time::Duration};

const TAG: &str = "audit";
const ORDER_ID: &str = "0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012";
const KEY: &str = "daybook/3f1c9a7b2e40+1a2b3c4d+AX…";
const READ: Access = Access::scope(Scope::AuditRead).loopback_only();

/// Events proven in one answer; an order has far fewer.
const MOST_EVENTS: usize = 10_000;
/// How long to wait for a checkpoint over what was written just now; one is signed every second.
const CHECKPOINT_WAIT: Duration = Duration::from_secs(3);

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/orders/{id}/proof",
            handler: order,
            version: V1,
            access: Access::scope(Scope::OrdersRead).or_own().loopback_only(),
            owner: Owner::Order,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "proveOrder",
                tag: "orders",
                summary: "What the log says about an order, with proof",
                text: "Every event of the order as stored, in base64, with an inclusion proof under one signed checkpoint, which `daybook-replay audit check-proof` checks offline. A checkpoint is signed within a second after what it covers, so an order's confirmation cannot carry it without making each order wait; this answer has it as soon as it is there.",
                problems: &[&kind::NOT_FOUND, &kind::NOT_REACHED, &kind::UNAVAILABLE],
                answers: AnswerDoc { text: "The events and their proofs.", example: json!({ "order_id": ORDER_ID, "events": [proven_example()], "checkpoint": NOTE, "key": KEY }) },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/audit/checkpoint",
            handler: checkpoint,
            version: V1,
            access: READ,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "auditCheckpoint",
                tag: TAG,
                summary: "The latest signed checkpoint of the log",
                text: "A signed note in the C2SP tlog-checkpoint format, with the cosignatures of witnesses that were added to it (C2SP tlog-cosignature). Keep one, and nothing before it can be changed unnoticed, by the key's holder either.",
                problems: &[&kind::NOT_FOUND],
                answers: AnswerDoc { text: "The note.", example: json!(NOTE) },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/audit/key",
            handler: key,
            version: V1,
            access: READ,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "auditKey",
                tag: TAG,
                summary: "The public key that checkpoints are signed with",
                text: "",
                problems: &[],
                answers: AnswerDoc { text: "A C2SP signed-note verifier key.", example: json!("daybook/3f1c9a7b2e40+1a2b3c4d+AX…\n") },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/audit/tile/{*path}",
            handler: tile,
            version: V1,
            access: READ,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "auditTile",
                tag: TAG,
                summary: "A tile of the Merkle tree, after C2SP tlog-tiles",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::UNAVAILABLE],
                answers: AnswerDoc { text: "Up to 256 hashes of 32 bytes.", example: json!("") },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/audit/proof",
            handler: proof,
            version: V1,
            access: READ,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "auditProof",
                tag: TAG,
                summary: "That one event is under the latest checkpoint",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::NOT_REACHED, &kind::UNAVAILABLE],
                answers: AnswerDoc {
                    text: "The record's stored bytes, its inclusion proof (RFC 9162), and the checkpoint.",
                    example: proof_example(),
                },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/audit/consistency",
            handler: consistency,
            version: V1,
            access: READ,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "auditConsistency",
                tag: TAG,
                summary: "That an earlier checkpoint is the beginning of the latest one",
                text: "",
                problems: &[&kind::NOT_FOUND, &kind::UNAVAILABLE],
                answers: AnswerDoc { text: "The consistency proof (RFC 9162), and the checkpoint.", example: json!({ "proof": { "old_size": 4000, "new_size": 4720, "hashes": ["q1Rz…="] }, "checkpoint": NOTE }) },
            },
        })
}

/// Level and index of a tile, as the path has them.
struct TilePath(String);

impl FromStr for TilePath {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(text.to_owned()))
    }
}

impl PathId for TilePath {
    fn describe() -> PathParameter {
        let (description, example) = ("Level and index of the tile.", json!("0/000.p/1"));
        PathParameter { description, schema: text(), example }
    }
}

query_params! {
    struct OfEvent {
        position: Required<u64> = "position", "Of the event.",
            json!({ "type": "integer", "minimum": 1 }), json!(1);
    }
}

query_params! {
    struct OfWitnesses {
        witnessed: Option<bool> = "witnessed", "`true`: the newest checkpoint that witnesses have cosigned, in place of the latest one.",
            json!({ "type": "boolean", "default": false }), json!(false);
    }
}

impl OfWitnesses {
    /// The cosigned checkpoint, where that is asked for.
    fn note(&self, tree: &AuditTree) -> Result<Option<String>, Problem> {
        if !self.witnessed.unwrap_or(false) {
            return Ok(None);
        }
        let none = || Problem::new(&kind::NOT_FOUND, "no checkpoint was cosigned by a witness yet");
        tree.cosigned().map(Some).ok_or_else(none)
    }
}

query_params! {
    struct OfCheckpoint {
        from: Required<u64> = "from", "How many events the earlier one covers.",
            json!({ "type": "integer", "minimum": 1 }), json!(1);
    }
}

async fn checkpoint(State(app): AppState, Query(wanted): Query<OfWitnesses>) -> Result<Note, Problem> {
    let tree = app.audit.clone();
    let text = match in_background(move || Ok(wanted.note(&tree))).await?? {
        Some(cosigned) => cosigned,
        None => {
            let tree = app.audit.clone();
            in_background(move || Ok(tree.note_with_cosignatures())).await?.ok_or_else(none_yet)?
        }
    };
    Ok(Note { text, is_latest: true })
}

async fn key(State(app): AppState, _: Query<()>) -> Note {
    Note { text: format!("{}\n", app.audit.public_key()), is_latest: false }
}

async fn tile(
    State(app): AppState,
    Id(TilePath(path)): Id<TilePath>,
    _: Query<()>,
) -> Result<TileAnswer, Problem> {
    let absent = || Problem::new(&kind::NOT_FOUND, format!("there is no tile {path:?}"));
    let (level, index, width) = tile_at(&format!("tile/{path}")).ok_or_else(absent)?;
    let tree = app.audit.clone();
    in_background(move || tree.tile(level, index, width)).await?.map(TileAnswer).ok_or_else(absent)
}

async fn proof(
    State(app): AppState,
    Query((OfEvent { position: Required(position) }, wanted)): Query<(OfEvent, OfWitnesses)>,
) -> Result<Json<RecordProof>, Problem> {
    let absent = || Problem::new(&kind::NOT_FOUND, format!("there is no event at position {position}"));
    if position == 0 || position > app.head() {
        return Err(absent().with("head", app.head()));
    }
    let records = app.log().read_all(Position::new(position), 1).await?;
    let (mut events, checkpoint) = prove(app.audit.clone(), records, wanted).await?;
    let proven = events.pop().ok_or_else(absent)?;
    Ok(Json(RecordProof { proven, checkpoint }))
}

async fn consistency(
    State(app): AppState,
    Query(OfCheckpoint { from: Required(from) }): Query<OfCheckpoint>,
) -> Result<Json<Continuation>, Problem> {
    let tree = app.audit.clone();
    let proven = in_background(move || tree.consistency(from)).await?;
    let (proof, checkpoint) = proven.ok_or_else(|| {
        let detail = format!("no checkpoint over {from} events can be the beginning of the latest one");
        Problem::new(&kind::NOT_FOUND, detail)
    })?;
    Ok(Json(Continuation { proof, checkpoint }))
}

async fn order(
    State(app): AppState,
    Id(id): Id<OrderId>,
    Query(wanted): Query<OfWitnesses>,
) -> Result<Json<OrderProof>, Problem> {
    let stream = StreamId::new("order", id)
        .map_err(|error| Problem::new(&kind::INVALID_PARAMETER, error.to_string()))?;
    let records = app.log().read_stream(&stream, Version::new(1), MOST_EVENTS).await?;
    if records.is_empty() {
        return Err(Problem::new(&kind::NOT_FOUND, "there is no such order"));
    }
    let (events, checkpoint) = prove(app.audit.clone(), records, wanted).await?;
    Ok(Json(OrderProof { order_id: id, events, checkpoint, key: app.audit.public_key().to_string() }))
}

/// Proofs for all of `records` under one checkpoint, waiting for it if they are newer than the latest. For a witness nobody
/// can wait.
async fn prove(
    tree: Arc<AuditTree>,
    records: Vec<RecordedEvent>,
    wanted: OfWitnesses,
) -> Result<(Vec<ProvenRecord>, String), Problem> {
    let positions: Vec<_> = records.iter().map(RecordedEvent::position).collect();
    let own = tree.clone();
    let cosigned = in_background(move || Ok(wanted.note(&own))).await??;
    let until = tokio::time::Instant::now() + CHECKPOINT_WAIT;
    let (proofs, checkpoint) = loop {
        let (tree, asked, note) = (tree.clone(), positions.clone(), cosigned.clone());
        match in_background(move || tree.inclusions(&asked, note)).await? {
            Some(proven) => break proven,
            None if cosigned.is_some() => {
                let detail = "the newest cosigned checkpoint does not cover these events yet";
                return Err(Problem::new(&kind::NOT_FOUND, detail));
            }
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

fn none_yet() -> Problem {
    Problem::new(&kind::NOT_FOUND, "no checkpoint is signed before the first event").retry_after(1)
}

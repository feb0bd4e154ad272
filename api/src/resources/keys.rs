//! Keys: make one, see all, give one another secret, take one away. A secret is shown once, in the answer that made it.

use crate::{
    access::{Access, Load, Owner, RequestLimits, Retry},
    app::{App, AppState},
    auth::KeyText,
    describe::AnswerDoc,
    describe::PathParameter,
    http::{CommandBody, CommandInput, Created, Id, Nothing, PathId, Receipt, created_id, not_found},
    problem::{Problem, kind},
    route::{ApiVersion::V1, Doc, Route, Routes},
};
use axum::{Json, extract::State, http::Method};
use daybook_domain::{
    Command, KeyId, KeyListId, Timestamp,
    access::{AccessCommand, AccessKey, CreateKey, KeyRole, RevokeKey, RotateKey, Scope},
};
use daybook_engine::{Clock as _, Outcome, Priority, SystemClock};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::time::Duration;

const TAG: &str = "keys";
const READ: Access = Access::scope(Scope::KeysRead).loopback_only();
const WRITE: Access = Access::scope(Scope::KeysWrite).loopback_only();
/// How long the secret before a rotation is good, unless it is said.
const DEFAULT_OVERLAP_S: u32 = 86_400;
/// A week.
const MOST_OVERLAP_S: u32 = 7 * 86_400;
const EXAMPLE_ID: &str = "7Hq2mXa9";

pub(super) fn routes(routes: Routes) -> Routes {
    routes
        .add(Route {
            method: Method::GET,
            path: "/keys",
            handler: list,
            version: V1,
            access: READ,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "listKeys",
                tag: TAG,
                summary: "All keys, also those that are over",
                text: "In the order of their ids, without secrets: nobody has them but their holders.",
                problems: &[],
                answers: AnswerDoc { text: "The keys.", example: json!({ "items": [shown_example()] }) },
            },
        })
        .add(Route {
            method: Method::GET,
            path: "/keys/{key_id}",
            handler: show,
            version: V1,
            access: READ,
            owner: Owner::Shop,
            retry: Retry::Read,
            limits: RequestLimits::NoBody,
            load: Load::Normal,
            doc: Doc {
                id: "getKey",
                tag: TAG,
                summary: "A key, without its secret",
                text: "",
                problems: &[&kind::NOT_FOUND],
                answers: AnswerDoc { text: "The key.", example: shown_example() },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/keys",
            handler: create,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "createKey",
                tag: TAG,
                summary: "Make a key",
                text: "The answer is the only place where the key is shown; a retry is answered without it. The first key shuts \
                    the shop for everybody who has none, so make one with the role `owner` first.",
                problems: &[&kind::CONFLICT],
                answers: AnswerDoc { text: "The key, for its holder.", example: made_example() },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/keys/{key_id}/rotate",
            handler: rotate,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "rotateKey",
                tag: TAG,
                summary: "Give a key another secret",
                text: "The secret before is good for `overlap_s` longer, a day unless said; 0 ends it at once.",
                problems: &[&kind::NOT_FOUND, &kind::CONFLICT],
                answers: AnswerDoc { text: "The key, for its holder.", example: made_example() },
            },
        })
        .add(Route {
            method: Method::POST,
            path: "/keys/{key_id}/revoke",
            handler: revoke,
            version: V1,
            access: WRITE,
            owner: Owner::Shop,
            retry: Retry::Key,
            limits: RequestLimits::Body,
            load: Load::Normal,
            doc: Doc {
                id: "revokeKey",
                tag: TAG,
                summary: "Take a key away",
                text: "It is of no use any more, here at once and on every other node within a second, and stays so.",
                problems: &[&kind::NOT_FOUND],
                answers: AnswerDoc {
                    text: "Revoked.",
                    example: json!({ "id": "keys", "position": 4712, "version": 4 }),
                },
            },
        })
}

fn made_example() -> Value {
    json!({ "id": "keys", "position": 4711, "version": 3, "key_id": EXAMPLE_ID,
        "key": "dbs_7Hq2mXa9……………………………………" })
}

fn shown_example() -> Value {
    json!({ "key_id": EXAMPLE_ID, "name": "Scanner at dock 3", "roles": ["warehouse"], "scopes": [],
        "may": ["inventory:read", "inventory:write", "orders:read", "orders:write"], "is_revoked": false })
}

impl PathId for KeyId {
    fn describe() -> PathParameter {
        PathParameter {
            description: "The part of the key that is no secret.",
            schema: json!({ "type": "string", "pattern": "^[0-9A-Za-z]{8}$" }),
            example: json!(EXAMPLE_ID),
        }
    }
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyBody {
    /// What people call it; no other key in use may be called so.
    pub name: String,
    #[serde(default)]
    pub roles: Vec<KeyRole>,
    /// Beside those of the roles.
    #[serde(default)]
    pub scopes: Vec<Scope>,
    /// None: until it is revoked.
    #[serde(default)]
    pub expires_at: Option<Timestamp>,
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RotateBody {
    /// For how many seconds the secret before is good, too; at most a week.
    #[serde(default = "default_overlap")]
    pub overlap_s: u32,
}

const fn default_overlap() -> u32 {
    DEFAULT_OVERLAP_S
}

#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeBody {
    pub reason: String,
}

impl CommandBody for KeyBody {
    fn example() -> Value {
        json!({ "name": "Scanner at dock 3", "roles": ["warehouse"] })
    }
}

impl CommandBody for RotateBody {
    fn example() -> Value {
        json!({ "overlap_s": 3600 })
    }
}

impl CommandBody for RevokeBody {
    fn example() -> Value {
        json!({ "reason": "the scanner was lost" })
    }
}

/// A key that was made, or has another secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct KeyMade {
    pub key_id: KeyId,
    /// Shown this once; not in the answer to a retry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

/// A key, without its secret.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct KeyShown {
    pub key_id: KeyId,
    pub name: String,
    pub roles: Vec<KeyRole>,
    /// Beside those of the roles.
    pub scopes: Vec<Scope>,
    /// Everything that it may do.
    pub may: Vec<Scope>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    pub is_revoked: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct KeyList {
    pub items: Vec<KeyShown>,
}

impl KeyShown {
    fn of(key: &AccessKey) -> Self {
        Self {
            key_id: key.key_id.clone(),
            name: key.name.clone(),
            roles: key.roles.clone(),
            scopes: key.scopes.clone(),
            may: if key.is_revoked { Vec::new() } else { key.all_scopes().iter().collect() },
            expires_at: key.expires_at,
            is_revoked: key.is_revoked,
        }
    }
}

async fn list(State(app): AppState) -> Result<Json<KeyList>, Problem> {
    let items = app.gate.keys().await?.keys().map(KeyShown::of).collect();
    Ok(Json(KeyList { items }))
}

async fn show(State(app): AppState, Id(id): Id<KeyId>) -> Result<Json<KeyShown>, Problem> {
    let keys = app.gate.keys().await?;
    keys.key(&id).map(|key| Json(KeyShown::of(key))).ok_or_else(|| not_found("key"))
}

async fn create(State(app): AppState, input: CommandInput<KeyBody>) -> Result<Created<KeyMade>, Problem> {
    let key_id = KeyText::id_of(created_id(input.caller.command_id, input.caller.retry_safe));
    let KeyBody { name, roles, scopes, expires_at } = &input.body;
    let key = KeyText::new(key_id, roles.contains(&KeyRole::Owner));
    let command = AccessCommand::CreateKey(CreateKey {
        key_id: key.key_id().clone(),
        name: name.clone(),
        roles: roles.clone(),
        scopes: scopes.clone(),
        secret_sha256: key.digest(),
        expires_at: *expires_at,
    });
    let outcome = run(&app, &input, command).await?;
    Ok(made(&outcome, &key))
}

async fn rotate(
    State(app): AppState,
    Id(id): Id<KeyId>,
    input: CommandInput<RotateBody>,
) -> Result<Created<KeyMade>, Problem> {
    let is_owner = app.gate.keys().await?.key(&id).is_some_and(|key| key.roles.contains(&KeyRole::Owner));
    let key = KeyText::new(id, is_owner);
    let overlap = Duration::from_secs(input.body.overlap_s.min(MOST_OVERLAP_S).into());
    let command = AccessCommand::RotateKey(RotateKey {
        key_id: key.key_id().clone(),
        secret_sha256: key.digest(),
        previous_valid_until: SystemClock.now().after(overlap),
    });
    let outcome = run(&app, &input, command).await?;
    Ok(made(&outcome, &key))
}

async fn revoke(
    State(app): AppState,
    Id(id): Id<KeyId>,
    input: CommandInput<RevokeBody>,
) -> Result<Receipt<Nothing>, Problem> {
    let command = AccessCommand::RevokeKey(RevokeKey { key_id: id, reason: input.body.reason.clone() });
    run(&app, &input, command).await.map(|outcome| Receipt::of(&outcome))
}

fn made(outcome: &Outcome, key: &KeyText) -> Created<KeyMade> {
    let key_id = key.key_id().clone();
    // A retry made no other key than the first time, and its secret was shown then.
    let shown = (!outcome.repeated).then(|| key.reveal().to_owned());
    let location = format!("/keys/{key_id}");
    Created { receipt: Receipt::with(outcome, KeyMade { key_id, key: shown }), location }
}

/// Has it done, and lets this node know of it at once.
async fn run<T>(app: &App, input: &CommandInput<T>, command: AccessCommand) -> Result<Outcome, Problem> {
    let outcome = app.execute(input, Command::Access(KeyListId, command), Priority::Normal).await?;
    app.gate.keys().await?;
    Ok(outcome)
}

//! Who asks, under which command id, expecting which version: read from the headers of a command.

use super::{
    RequestTarget,
    conditional::{self, Condition},
    idempotency::{self, command_id},
};
use crate::problem::{Problem, kind};
use axum::http::{HeaderMap, HeaderName};
use daybook_domain::Actor;
use daybook_engine::ShopSecret;
use uuid::Uuid;

const ACTOR: HeaderName = HeaderName::from_static("x-daybook-actor");

/// What the headers of a command say.
#[derive(Debug)]
pub(crate) struct Caller {
    /// Follows from the Idempotency-Key; new where none is given, so such a command is not safe to retry.
    pub command_id: Uuid,
    /// Whether a key was given.
    pub retry_safe: bool,
    /// `X-Daybook-Actor`. Recorded, not yet checked: roles are not enforced.
    pub actor: Actor,
    /// The trace id of `traceparent`; the command's own id where there is none.
    pub correlation_id: Uuid,
    /// What `If-Match` or `If-None-Match` asks for.
    pub condition: Condition,
}

impl Caller {
    pub(super) fn read(
        headers: &HeaderMap,
        target: &RequestTarget,
        secret: &ShopSecret,
    ) -> Result<Self, Problem> {
        let (key, actor) = (idempotency::key(headers)?, actor(headers)?);
        let command_id = key.map_or_else(Uuid::now_v7, |key| command_id(secret, &actor, target, key));
        let condition = conditional::condition(headers)?;
        Ok(Self {
            command_id,
            retry_safe: key.is_some(),
            actor,
            correlation_id: trace_id(headers).unwrap_or(command_id),
            condition,
        })
    }
}

fn actor(headers: &HeaderMap) -> Result<Actor, Problem> {
    let Some(value) = conditional::the_only(headers, &ACTOR)? else { return Ok(Actor::Anonymous) };
    let invalid =
        |detail: String| Problem::new(&kind::INVALID_HEADER, detail).with("header", "X-Daybook-Actor");
    let text = value.to_str().map_err(|_| invalid("X-Daybook-Actor must be ASCII text".to_owned()))?;
    let actor: Actor = text.parse().map_err(|error| invalid(format!("{error}")))?;
    match actor {
        Actor::System(_) => Err(invalid(
            "system actors are parts of Daybook; expected anonymous, customer:<id> or staff:<id>".to_owned(),
        )),
        Actor::Anonymous | Actor::Customer(_) | Actor::Staff(_) => Ok(actor),
    }
}

/// The trace id of a W3C `traceparent`, if there is a valid one; others are ignored, as that standard asks.
fn trace_id(headers: &HeaderMap) -> Option<Uuid> {
    let text = headers.get("traceparent")?.to_str().ok()?;
    let mut parts = text.split('-');
    let (version, trace, parent, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if version.len() != 2 || version == "ff" || trace.len() != 32 || parent.len() != 16 || flags.len() != 2 {
        return None;
    }
    u128::from_str_radix(trace, 16).ok().filter(|id| *id != 0).map(Uuid::from_u128)
}

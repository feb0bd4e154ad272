//! Who asks, under which command id, expecting which version: read from the headers of a command.

use super::{
    RequestTarget,
    conditional::{self, Condition},
    idempotency::{self, command_id},
};
use crate::{
    auth::Principal,
    problem::{Problem, kind},
};
use axum::http::{HeaderMap, HeaderName};
use daybook_domain::{Actor, access::Scope};
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
    /// The key's holder, or for whom it asks (`X-Daybook-Actor`), if it may. In an open shop whoever the header says.
    pub actor: Actor,
    /// The trace id of `traceparent`; the command's own id where there is none.
    pub correlation_id: Uuid,
    /// What `If-Match` or `If-None-Match` asks for.
    pub condition: Condition,
}

impl Caller {
    pub(super) fn read(
        headers: &HeaderMap,
        principal: Option<&Principal>,
        target: &RequestTarget,
        secret: &ShopSecret,
    ) -> Result<Self, Problem> {
        let (key, actor) = (idempotency::key(headers)?, actor(headers, principal)?);
        // Two keys share no commands, also where they ask for the same customer.
        let scope = principal.map_or_else(|| actor.to_string(), |own| format!("{}/{actor}", own.key_id()));
        let command_id = key.map_or_else(Uuid::now_v7, |key| command_id(secret, &scope, target, key));
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

fn actor(headers: &HeaderMap, principal: Option<&Principal>) -> Result<Actor, Problem> {
    let Some(value) = conditional::the_only(headers, &ACTOR)? else {
        return Ok(principal.map_or(Actor::Anonymous, Principal::actor));
    };
    if principal.is_some_and(|own| !own.may(Scope::ActAs)) {
        let detail =
            "your key lacks the scope act_as, so it cannot say for whom it asks: leave X-Daybook-Actor out";
        return Err(Problem::new(&kind::MISSING_SCOPE, detail).with("scope", Scope::ActAs.name()));
    }
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

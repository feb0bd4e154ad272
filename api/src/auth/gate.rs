//! The gate before every route: who asks, as their key says, and whether the route is for them.
//!
//! A shop without any key is open where its operator says so, and on the machine itself; everything beyond that needs a
//! key. Once a key was made the gate is shut for good, also when all keys are revoked: taking a key away must never let
//! more people in.

use super::{KeyText, Principal, known_keys::KnownKeys};
use crate::{
    access::Access,
    problem::{Problem, kind},
};
use axum::http::{HeaderMap, HeaderValue, header};
use daybook_domain::access::{AccessKey, AccessKeys};
use daybook_engine::{Clock as _, SystemClock};
use daybook_event_log::EventLog;
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

/// Whom the shop lets in without a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AccessMode {
    /// Everybody, until the first key is made. For the loopback interface; the program does not listen beyond it so.
    #[default]
    UntilFirstKey,
    /// Everybody, always: something else authenticates.
    Open,
    /// Nobody, but to what is public.
    Keys,
}

/// Why a request was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LetIn {
    /// Its key has the scope.
    ByKey,
    /// The route is public, or the shop is open.
    ByAnyone,
}

/// The keys of the shop, and when they are asked for.
pub(crate) struct Gate {
    mode: AccessMode,
    /// None: nobody asks, the routes are only described.
    keys: Option<KnownKeys>,
}

impl Gate {
    pub(crate) fn new(mode: AccessMode, log: Arc<dyn EventLog>) -> Self {
        Self { mode, keys: Some(KnownKeys::new(log)) }
    }

    /// A gate of routes that nobody calls.
    pub(crate) const fn of_description() -> Self {
        Self { mode: AccessMode::Keys, keys: None }
    }

    /// Whether requests without a key are let in, as far as they are not refused for where they come from.
    pub(crate) async fn is_open(&self) -> Result<bool, Problem> {
        Ok(match self.mode {
            AccessMode::Open => true,
            AccessMode::Keys => false,
            AccessMode::UntilFirstKey => match &self.keys {
                Some(keys) => keys.current().await?.keys.keys().next().is_none(),
                None => false,
            },
        })
    }

    /// All keys, as they are now.
    pub(crate) async fn keys(&self) -> Result<Arc<AccessKeys>, Problem> {
        match &self.keys {
            Some(keys) => Ok(keys.look().await?.keys.clone()),
            None => Ok(Arc::default()),
        }
    }

    /// Whether a route is for whoever asks.
    pub(crate) async fn admit(
        &self,
        principal: Option<&Principal>,
        access: Access,
        came_through_proxy: bool,
    ) -> Result<LetIn, Problem> {
        let Some(scope) = access.needed() else { return Ok(LetIn::ByAnyone) };
        match principal {
            Some(principal) if principal.may(scope) => Ok(LetIn::ByKey),
            Some(_) => {
                let detail = format!("your key lacks the scope {scope}");
                Err(Problem::new(&kind::MISSING_SCOPE, detail).with("scope", scope.name()))
            }
            // A proxy on the machine itself makes everybody local. Only an operator can mean that.
            None if came_through_proxy && self.mode == AccessMode::UntilFirstKey => Err(unauthenticated(
                "this came through a proxy, and the shop is open to its own machine only: send a key",
            )),
            None if self.is_open().await? => Ok(LetIn::ByAnyone),
            None => Err(unauthenticated("this needs a key: send Authorization: Bearer <key>")),
        }
    }

    /// Whether the shop has this key, and it is good.
    pub(crate) async fn accepts(&self, key: &KeyText) -> Result<bool, Problem> {
        Ok(self.keys().await?.key(key.key_id()).is_some_and(|known| is_of(known, key)))
    }

    /// Whose key the request has; none, if it has no credentials.
    pub(crate) async fn authenticate(&self, headers: &HeaderMap) -> Result<Option<Principal>, Problem> {
        let mut given = headers.get_all(header::AUTHORIZATION).iter();
        let Some(value) = given.next() else { return Ok(None) };
        if given.next().is_some() {
            return Err(unauthenticated("there is more than one Authorization header"));
        }
        let text = value.to_str().unwrap_or_default();
        let (scheme, credentials) = text.split_once(' ').unwrap_or((text, ""));
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unauthenticated("the scheme is Bearer: Authorization: Bearer <key>"));
        }
        let key: KeyText =
            credentials.trim().parse().map_err(|error| unauthenticated(&format!("{error}")))?;
        let Some(keys) = &self.keys else { return Ok(None) };
        let known = keys.current_with(key.key_id()).await?;
        let found = known.keys.key(key.key_id()).filter(|known| is_of(known, &key));
        // Whether it never was, is over or is revoked is nobody's business.
        found.map(|key| Some(Principal::of(key))).ok_or_else(|| unauthenticated("the key is not valid"))
    }
}

/// Whether the key's secret is one of those that are good now. Digests of digests are compared, so that the time it takes
/// says nothing about either.
fn is_of(known: &AccessKey, given: &KeyText) -> bool {
    let now = SystemClock.now();
    let given = Sha256::digest(given.digest());
    known.secrets_at(now).any(|digest| Sha256::digest(digest) == given)
}

fn unauthenticated(detail: &str) -> Problem {
    Problem::new(&kind::UNAUTHENTICATED, detail)
        .header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"daybook\""))
}

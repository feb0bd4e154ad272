//! What a request is about: its method, its route, and the ids in its path however they are spelled. Two spellings of
//! one path are one target; two routes, or two things, never are.

use axum::{
    extract::{FromRequestParts, MatchedPath, RawPathParams},
    http::{Method, request::Parts},
};
use uuid::Uuid;

/// The target as text, for digests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestTarget(String);

impl RequestTarget {
    /// Reads it from a request that was routed.
    pub(super) async fn read(parts: &mut Parts) -> Self {
        let route = parts.extensions.get::<MatchedPath>().map(|route| route.as_str().to_owned());
        let route = route.unwrap_or_else(|| parts.uri.path().to_owned());
        match RawPathParams::from_request_parts(parts, &()).await {
            Ok(params) => Self::new(&parts.method, &route, params.iter()),
            // A path that is not UTF-8 names nothing, and is refused where its ids are read.
            Err(_) => Self::new(&parts.method, parts.uri.path(), std::iter::empty()),
        }
    }

    pub(super) fn new<'a>(
        method: &Method,
        route: &str,
        params: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Self {
        let mut text = format!("{method} {route}");
        for (name, value) in params {
            // A UUID may be written in capitals or without hyphens.
            let value = Uuid::parse_str(value).map_or_else(|_| value.to_owned(), |id| id.to_string());
            text.push_str(&format!("\n{name}={}:{value}", value.len()));
        }
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_in_two_spellings_is_one_target() {
        let cart = |id| RequestTarget::new(&Method::POST, "/carts/{id}/lines", [("id", id)].into_iter());
        let spelled = cart("0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90");
        assert_eq!(spelled, cart("0199A5B0-7C3E-7D11-8A52-3F0D6C1B2A90"));
        assert_eq!(spelled, cart("0199a5b07c3e7d118a523f0d6c1b2a90"));
        assert_ne!(spelled, cart("0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a91"));
    }
}

//! Ids in paths, read and checked; a wrong one is a problem that says which and why.

use crate::problem::{Problem, kind};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use daybook_domain::{CartId, LineId};
use std::{fmt::Display, str::FromStr};

/// The one id in the path.
pub(crate) struct Id<T>(pub T);

/// A cart's id and one of its lines'.
pub(crate) struct CartLineId(pub CartId, pub LineId);

impl<S: Send + Sync, T: FromStr<Err: Display>> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = raw(parts, state).await?;
        let (name, text) = params.iter().next().ok_or_else(no_parameter)?;
        text.parse().map(Self).map_err(|error| invalid(name, &error))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for CartLineId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = raw(parts, state).await?;
        let mut params = params.iter();
        let (cart_name, cart) = params.next().ok_or_else(no_parameter)?;
        let (line_name, line) = params.next().ok_or_else(no_parameter)?;
        let cart = cart.parse().map_err(|error| invalid(cart_name, &error))?;
        let line =
            line.parse().map_err(|_| invalid(line_name, &format_args!("{line:?} is not a line number")))?;
        Ok(Self(cart, LineId(line)))
    }
}

async fn raw<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<RawPathParams, Problem> {
    RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|error| Problem::new(&kind::INVALID_PARAMETER, error.body_text()))
}

fn invalid(name: &str, error: &dyn Display) -> Problem {
    Problem::new(&kind::INVALID_PARAMETER, error.to_string()).with("parameter", name)
}

fn no_parameter() -> Problem {
    Problem::new(&kind::INTERNAL, "this route has no parameter in its path")
}

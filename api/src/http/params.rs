//! Query parameters: each is taken by name, and one that nobody took is refused, so that a typing error is
//! never silently ignored.

use crate::problem::{Problem, kind};
use axum::{
    extract::{FromRequestParts, Query},
    http::request::Parts,
};
use std::{fmt::Display, str::FromStr, time::Duration};

/// The query parameters not yet taken.
#[derive(Debug)]
pub(crate) struct Params(Vec<(String, String)>);

/// How fresh an answer has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshness {
    /// The answer must show at least this position; zero: whatever is there.
    pub min_position: u64,
    /// How long to wait for it.
    pub wait: Duration,
}

impl Params {
    /// Takes `name`, if it is there once and valid.
    pub(crate) fn take<T: FromStr<Err: Display>>(&mut self, name: &str) -> Result<Option<T>, Problem> {
        let Some(text) = self.take_text(name)? else { return Ok(None) };
        text.parse().map(Some).map_err(|error| invalid(name, format!("{name}: {error}")))
    }

    /// Takes `name` as text, if it is there once.
    pub(crate) fn take_text(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let mut values = self.take_all(name);
        match values.len() {
            0 => Ok(None),
            1 => Ok(values.pop()),
            many => Err(invalid(name, format!("{name} is given {many} times; once is allowed"))),
        }
    }

    /// Takes every value of `name`, in order.
    pub(crate) fn take_all(&mut self, name: &str) -> Vec<String> {
        if self.0.is_empty() {
            return Vec::new();
        }
        self.0.extract_if(.., |(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// Takes all that nobody took.
    pub(crate) fn take_rest(self) -> Vec<(String, String)> {
        self.0
    }

    /// Takes `limit`: how many to answer with, from 1 to `max`.
    pub(crate) fn limit(&mut self, default: usize, max: usize) -> Result<usize, Problem> {
        match self.take::<usize>("limit")? {
            None => Ok(default),
            Some(limit) if (1..=max).contains(&limit) => Ok(limit),
            Some(_) => Err(invalid("limit", format!("limit must be from 1 to {max}"))),
        }
    }

    /// Takes `min_position` and `wait_ms` (default 2,000, at most 30,000).
    pub(crate) fn freshness(&mut self) -> Result<Freshness, Problem> {
        let min_position = self.take("min_position")?.unwrap_or(0);
        let wait_ms: u64 = self.take("wait_ms")?.unwrap_or(2_000);
        if wait_ms > 30_000 {
            return Err(invalid("wait_ms", "wait_ms must be from 0 to 30000".to_owned()));
        }
        Ok(Freshness { min_position, wait: Duration::from_millis(wait_ms) })
    }

    /// Refuses what nobody took.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let shown: String = name.chars().take(80).collect();
                Err(invalid(&shown, format!("this address has no query parameter {shown:?}")))
            }
        }
    }
}

pub(super) fn invalid(name: &str, detail: String) -> Problem {
    Problem::new(&kind::INVALID_PARAMETER, detail).with("parameter", name)
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        if parts.uri.query().is_none() {
            return Ok(Self(Vec::new()));
        }
        Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map(|Query(pairs)| Self(pairs))
            .map_err(|error| Problem::new(&kind::INVALID_PARAMETER, error.body_text()))
    }
}

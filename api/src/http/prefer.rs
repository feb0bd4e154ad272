//! `Prefer` (RFC 7240): how long a client would wait for an outcome, and how much of it is answered.

use crate::describe::{DescribeInput, Description, Parameter, text};
use axum::{extract::FromRequestParts, http::request::Parts};
use serde_json::json;
use std::{convert::Infallible, time::Duration};

/// The preferences understood here; all others are ignored, as the standard asks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Prefer {
    /// `wait=N`, seconds from 0 to 30; a longer wait is taken for 30.
    pub wait: Option<Duration>,
    /// `return=minimal`: leave out the resource itself.
    pub minimal: bool,
}

const LONGEST_WAIT_S: u64 = 30;

impl<S: Sync> FromRequestParts<S> for Prefer {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let mut found = Self::default();
        for value in parts.headers.get_all("prefer") {
            for preference in value.to_str().unwrap_or_default().split([',', ';']).map(str::trim) {
                match preference.split_once('=').map(|(name, value)| (name.trim(), value.trim())) {
                    Some(("wait", seconds)) => {
                        found.wait =
                            seconds.parse().ok().map(|s: u64| Duration::from_secs(s.min(LONGEST_WAIT_S)));
                    }
                    Some(("return", "minimal")) => found.minimal = true,
                    _ => {}
                }
            }
        }
        Ok(found)
    }
}

impl DescribeInput for Prefer {
    fn describe(to: &mut Description) {
        to.parameters.push(Parameter::header(
            "Prefer",
            "`wait=N`: how many seconds to wait for the outcome. `return=minimal`: leave out the order.",
            text(),
            json!("wait=5"),
        ));
    }
}

//! Query parameters: each is taken by name, and one that no part of the handler took is refused, so that a typing error
//! is never silently ignored. What is read and what the document says come from one list ([`query_params`]).

use crate::{
    describe::{DescribeInput, Description},
    problem::{Problem, kind},
    roles::NodeRole,
};
use axum::{extract::FromRequestParts, http::request::Parts};
use serde_json::json;
use std::{fmt::Display, str::FromStr, time::Duration};

/// The query parameters not yet taken.
#[derive(Debug)]
pub(crate) struct Params {
    left: Vec<(String, String)>,
    list: u64,
}

/// What may differ between the pages of one list.
const OF_A_PAGE: [&str; 4] = ["limit", "cursor", "min_position", "wait_ms"];

impl Params {
    fn read(parts: &Parts) -> Result<Self, Problem> {
        let mut left = Vec::new();
        if parts.uri.query().is_some() {
            axum::extract::Query(left) = axum::extract::Query::try_from_uri(&parts.uri)
                .map_err(|error| Problem::new(&kind::INVALID_PARAMETER, error.body_text()))?;
        }
        let list = list_of(parts.uri.path(), &left);
        Ok(Self { left, list })
    }

    /// Tells lists apart: by their address and all parameters but those of a page. The same in every process.
    pub(crate) const fn list(&self) -> u64 {
        self.list
    }

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
        if self.left.is_empty() {
            return Vec::new();
        }
        self.left.extract_if(.., |(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// Takes all that is left.
    pub(crate) fn take_rest(&mut self) -> Vec<(String, String)> {
        std::mem::take(&mut self.left)
    }

    /// Refuses what is left.
    fn finish(self) -> Result<(), Problem> {
        match self.left.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let shown: String = name.chars().take(80).collect();
                Err(invalid(&shown, format!("this address has no query parameter {shown:?}")))
            }
        }
    }
}

fn list_of(path: &str, parameters: &[(String, String)]) -> u64 {
    let mut named: Vec<(&str, &str)> =
        parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    named.retain(|(name, _)| !OF_A_PAGE.contains(name));
    named.sort_unstable();
    fingerprint(std::iter::once(path).chain(named.into_iter().flat_map(|(name, value)| [name, value])))
}

/// FNV-1a over texts, which is enough to tell them apart and the same everywhere.
pub(super) fn fingerprint<'t>(texts: impl IntoIterator<Item = &'t str>) -> u64 {
    let bytes = texts.into_iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

pub(crate) fn invalid(name: &str, detail: impl Into<String>) -> Problem {
    Problem::new(&kind::INVALID_PARAMETER, detail).with("parameter", name)
}

/// Parameters that are read together, and that describe themselves.
pub(crate) trait QueryParams: Sized {
    fn describe(to: &mut Description);

    fn take(params: &mut Params) -> Result<Self, Problem>;
}

/// Extractor of all query parameters of a route; one that `T` does not take is refused.
pub(crate) struct Query<T>(pub T);

impl<S: Send + Sync, T: QueryParams> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut params = Params::read(parts)?;
        let taken = T::take(&mut params)?;
        params.finish()?;
        Ok(Self(taken))
    }
}

impl<T: QueryParams> DescribeInput for Query<T> {
    fn describe(to: &mut Description) {
        T::describe(to);
        to.problems.push(&kind::INVALID_PARAMETER);
    }
}

/// No parameters: any is refused.
impl QueryParams for () {
    fn describe(_: &mut Description) {}

    fn take(_: &mut Params) -> Result<Self, Problem> {
        Ok(())
    }
}

impl<A: QueryParams, B: QueryParams> QueryParams for (A, B) {
    fn describe(to: &mut Description) {
        A::describe(to);
        B::describe(to);
    }

    fn take(params: &mut Params) -> Result<Self, Problem> {
        Ok((A::take(params)?, B::take(params)?))
    }
}

impl<A: QueryParams, B: QueryParams, C: QueryParams> QueryParams for (A, B, C) {
    fn describe(to: &mut Description) {
        <(A, B)>::describe(to);
        C::describe(to);
    }

    fn take(params: &mut Params) -> Result<Self, Problem> {
        Ok((A::take(params)?, B::take(params)?, C::take(params)?))
    }
}

/// The value of one parameter.
pub(crate) trait ParamValue: Sized {
    const IS_REQUIRED: bool;

    fn take(params: &mut Params, name: &str) -> Result<Self, Problem>;
}

impl<T: FromStr<Err: Display>> ParamValue for Option<T> {
    const IS_REQUIRED: bool = false;

    fn take(params: &mut Params, name: &str) -> Result<Self, Problem> {
        params.take(name)
    }
}

/// A parameter that may be repeated.
impl ParamValue for Vec<String> {
    const IS_REQUIRED: bool = false;

    fn take(params: &mut Params, name: &str) -> Result<Self, Problem> {
        Ok(params.take_all(name))
    }
}

/// A parameter that must be there.
pub(crate) struct Required<T>(pub T);

impl<T: FromStr<Err: Display>> ParamValue for Required<T> {
    const IS_REQUIRED: bool = true;

    fn take(params: &mut Params, name: &str) -> Result<Self, Problem> {
        params.take(name)?.map(Self).ok_or_else(|| invalid(name, format!("{name} is missing")))
    }
}

/// How many to answer with, from 1 to `MOST`.
pub(crate) struct Limit<const DEFAULT: usize, const MOST: usize>(pub usize);

impl<const DEFAULT: usize, const MOST: usize> ParamValue for Limit<DEFAULT, MOST> {
    const IS_REQUIRED: bool = false;

    fn take(params: &mut Params, name: &str) -> Result<Self, Problem> {
        match params.take::<usize>(name)? {
            None => Ok(Self(DEFAULT)),
            Some(limit) if (1..=MOST).contains(&limit) => Ok(Self(limit)),
            Some(_) => Err(invalid(name, format!("{name} must be from 1 to {MOST}"))),
        }
    }
}

/// Declares parameters that are read together: field, type, name, description, schema, example. Reading and
/// description are made from the same lines.
macro_rules! query_params {
    ($(#[$meta:meta])* $vis:vis struct $struct:ident {
        $($field:ident: $type:ty = $name:literal, $description:expr, $schema:expr, $example:expr;)+
    }) => {
        $(#[$meta])*
        $vis struct $struct { $(pub $field: $type,)+ }

        impl $crate::http::QueryParams for $struct {
            fn describe(to: &mut $crate::describe::Description) {
                $(to.parameters.push($crate::describe::Parameter {
                    name: $name,
                    place: "query",
                    is_required: <$type as $crate::http::ParamValue>::IS_REQUIRED,
                    description: $description,
                    schema: $schema,
                    example: $example,
                    is_deep_object: false,
                });)+
            }

            fn take(params: &mut $crate::http::Params) -> Result<Self, $crate::problem::Problem> {
                Ok(Self { $($field: <$type as $crate::http::ParamValue>::take(params, $name)?,)+ })
            }
        }
    };
}
pub(crate) use query_params;

query_params! {
    struct FreshnessParams {
        min_position: Option<u64> = "min_position",
            "Answer only with what is current to this position of the log: one that a command answered with. One far beyond the log's end is refused at once.",
            json!({ "type": "integer", "minimum": 0 }), json!(1);
        wait_ms: Option<u64> = "wait_ms", "How long to wait for `min_position`; 504 if it is not reached.",
            json!({ "type": "integer", "minimum": 0, "maximum": LONGEST_WAIT_MS, "default": DEFAULT_WAIT_MS }), json!(500);
    }
}

const DEFAULT_WAIT_MS: u64 = 2_000;
const LONGEST_WAIT_MS: u64 = 30_000;

/// How fresh an answer has to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshness {
    /// The answer must show at least this position; zero: whatever is there.
    pub min_position: u64,
    /// How long to wait for it.
    pub wait: Duration,
}

impl QueryParams for Freshness {
    fn describe(to: &mut Description) {
        FreshnessParams::describe(to);
        to.needs(NodeRole::Queries);
        to.problems.extend_from_slice(&[&kind::NOT_REACHED, &kind::UNAVAILABLE, &kind::OVERLOADED]);
    }

    fn take(params: &mut Params) -> Result<Self, Problem> {
        let FreshnessParams { min_position, wait_ms } = FreshnessParams::take(params)?;
        let wait_ms = wait_ms.unwrap_or(DEFAULT_WAIT_MS);
        if wait_ms > LONGEST_WAIT_MS {
            return Err(invalid("wait_ms", format!("wait_ms must be from 0 to {LONGEST_WAIT_MS}")));
        }
        Ok(Self { min_position: min_position.unwrap_or(0), wait: Duration::from_millis(wait_ms) })
    }
}

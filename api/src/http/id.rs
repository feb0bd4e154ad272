//! Ids in paths, read and checked; a wrong one is a problem that says which and why.

use crate::{
    describe::{DescribeInput, Description, PathParameter},
    problem::{Problem, kind},
};
use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use daybook_domain::{
    CartId, CreditId, LineId, LocationId, OrderId, PaymentId, ProductId, ReturnId, ShipmentId, Sku,
};
use serde_json::json;
use std::{fmt::Display, str::FromStr};

/// What may stand in a path.
pub(crate) trait PathId: FromStr<Err: Display> {
    fn describe() -> PathParameter;
}

/// Extractor: the one id in the path.
pub(crate) struct Id<T>(pub T);

/// Extractor: the id of a whole, and that of a part of it.
pub(crate) struct PartId<W, P>(pub W, pub P);

/// Extractor: a cart's id and one of its lines'.
pub(crate) struct CartLineId(pub CartId, pub LineId);

impl<S: Send + Sync, T: PathId> FromRequestParts<S> for Id<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = raw(parts, state).await?;
        let (name, text) = params.iter().next().ok_or_else(no_parameter)?;
        text.parse().map(Self).map_err(|error| invalid(name, &error))
    }
}

impl<T: PathId> DescribeInput for Id<T> {
    fn describe(to: &mut Description) {
        to.path.push(T::describe());
        to.problems.push(&kind::INVALID_PARAMETER);
    }
}

impl<S: Send + Sync, W: PathId, P: PathId> FromRequestParts<S> for PartId<W, P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let params = raw(parts, state).await?;
        let mut params = params.iter();
        let (whole_name, whole) = params.next().ok_or_else(no_parameter)?;
        let (part_name, part) = params.next().ok_or_else(no_parameter)?;
        let whole = whole.parse().map_err(|error| invalid(whole_name, &error))?;
        Ok(Self(whole, part.parse().map_err(|error| invalid(part_name, &error))?))
    }
}

impl<W: PathId, P: PathId> DescribeInput for PartId<W, P> {
    fn describe(to: &mut Description) {
        Id::<W>::describe(to);
        Id::<P>::describe(to);
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

impl DescribeInput for CartLineId {
    fn describe(to: &mut Description) {
        Id::<CartId>::describe(to);
        to.path.push(PathParameter {
            description: "The line's number in the cart.",
            schema: json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX }),
            example: json!(1),
        });
    }
}

async fn raw<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<RawPathParams, Problem> {
    RawPathParams::from_request_parts(parts, state)
        .await
        .map_err(|error| Problem::new(&kind::INVALID_PARAMETER, error.body_text()))
}

fn invalid(name: &str, error: &dyn Display) -> Problem {
    super::params::invalid(name, error.to_string())
}

fn no_parameter() -> Problem {
    Problem::new(&kind::INTERNAL, "this route has no parameter in its path")
}

fn uuid(description: &'static str, example: &str) -> PathParameter {
    PathParameter {
        description,
        schema: json!({ "type": "string", "format": "uuid" }),
        example: json!(example),
    }
}

fn name(description: &'static str, example: &str) -> PathParameter {
    let schema = json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[A-Za-z0-9._-]+$" });
    PathParameter { description, schema, example: json!(example) }
}

impl PathId for CartId {
    fn describe() -> PathParameter {
        uuid("The cart's id.", "0199a5b0-7c3e-7d11-8a52-3f0d6c1b2a90")
    }
}

impl PathId for OrderId {
    fn describe() -> PathParameter {
        uuid("The order's id.", "0199a5b0-7c3e-8f27-9b1d-5a6c7e8f9012")
    }
}

impl PathId for PaymentId {
    fn describe() -> PathParameter {
        uuid("The payment's id.", "0199a5b0-7c3e-8d44-b3a1-0c9d8e7f6a5b")
    }
}

impl PathId for ShipmentId {
    fn describe() -> PathParameter {
        uuid("The shipment's id.", "0199a5c0-1a2b-7c3d-8e4f-5a6b7c8d9e0f")
    }
}

impl PathId for ReturnId {
    fn describe() -> PathParameter {
        uuid("The return's id.", "0199a5c4-2b3c-7d4e-9f5a-6b7c8d9e0f1a")
    }
}

impl PathId for CreditId {
    fn describe() -> PathParameter {
        uuid("The credit's id.", "0199a5c8-3c4d-7e5f-8a6b-7c8d9e0f1a2b")
    }
}

impl PathId for ProductId {
    fn describe() -> PathParameter {
        name("The product's id.", "mug")
    }
}

impl PathId for LocationId {
    fn describe() -> PathParameter {
        name("The location's id.", "shop-bath")
    }
}

impl PathId for Sku {
    fn describe() -> PathParameter {
        PathParameter {
            description: "The stock keeping unit, percent-encoded: `A/1` is `A%2F1`. Letters beyond ASCII are refused, because \
                many can be written in several ways that look the same.",
            schema: json!({ "type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]([ -~]*[!-~])?$" }),
            example: json!("MUG-RED"),
        }
    }
}

//! The description of this interface: OpenAPI 3.1, made from the routes, their descriptions and the types
//! that bodies are read into, so it cannot tell of anything that is not there.

pub(crate) mod describe;
mod document;
mod operation;

pub(crate) use document::document;
pub(crate) use operation::{Operation, Role};

use crate::{app::App, resources, roles::Roles};
use axum::{
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use std::time::Duration;

/// The whole document, pretty-printed with a line break at its end: what `schemas/openapi.json` holds.
#[must_use]
pub fn text() -> String {
    let (_, operations) = resources::routes(Duration::ZERO, Roles::ALL).finish();
    let mut text = format!("{:#}", document(operations));
    text.push('\n');
    text
}

/// `GET /openapi.json`
pub(crate) async fn show(State(shop): App) -> Response {
    let mut response = shop.openapi.clone().into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

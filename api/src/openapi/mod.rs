//! The document of this interface: OpenAPI 3.1, made from the routes and the descriptions of their handlers, so it
//! has nothing that is not there.

mod document;
mod schemas;

pub(crate) use document::document;
#[cfg(test)]
pub(crate) use document::placeholders;
pub(crate) use schemas::schema_of;

use crate::{
    auth::Gate,
    resources,
    roles::Roles,
    route::{self, Registered},
};
use std::{sync::Arc, time::Duration};

/// Every route, as a node with all roles has them.
pub(crate) fn all_routes() -> Vec<Registered> {
    resources::routes(Duration::ZERO, Roles::ALL, Arc::new(Gate::of_description())).finish().1
}

/// The whole document, pretty-printed with a line break at its end: what `schemas/openapi.json` holds.
#[must_use]
pub fn text() -> String {
    let mut text = format!("{:#}", document(&all_routes()));
    text.push('\n');
    text
}

/// All routes with their declarations, a line each: what `schemas/routes.txt` holds.
#[must_use]
pub fn routes_page() -> String {
    route::page(&all_routes())
}

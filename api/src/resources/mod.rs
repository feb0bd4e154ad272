//! The resources of the interface: each is one file or folder with its routes, bodies, answers, handlers, examples and
//! descriptions. A resource imports no other one.
//!
//! To add a route to a resource:
//!
//! 1. Write the handler in the resource's file. Its arguments are extractors of `http/` (`Id`, `Query`, `CommandInput`)
//!    and it answers with a type of `http/` (`Receipt`, `Created`, `ViewAnswer`, `RawJson`, `axum::Json`). These describe
//!    themselves, so the document follows from the handler's signature.
//! 2. Add a `Route { .. }` to the file's `routes()`. All fields must be given: access, owner, retry, limits, load, and
//!    the text that only people can write. Business problems that the handler answers with stand in `doc.problems`; in
//!    a debug build, which tests are, an answer that is not described is an assertion.
//! 3. `UPDATE=1 cargo test -p daybook-api --test http contract` writes `schemas/openapi.json` and `schemas/routes.txt`.
//!    Look at the difference.
//!
//! To add a resource: a new file with `pub(super) fn routes(routes: Routes) -> Routes`, and its two lines here. Nothing
//! else names its paths; `tests/tests/how_to_add_route.rs` counts the places.

mod about;
mod admin;
mod audit;
pub(crate) mod bulk;
mod carts;
mod events;
mod health;
mod inventory;
mod keys;
mod locations;
#[cfg(test)]
mod matrix;
mod orders;
mod payments;
mod processes;
mod products;
mod quotes;
mod search;

use crate::{auth::Gate, roles::Roles, route::Routes};
use std::{sync::Arc, time::Duration};

/// The resources, in the order of the document's components.
const RESOURCES: [fn(Routes) -> Routes; 16] = [
    carts::routes,
    orders::routes,
    payments::routes,
    inventory::routes,
    locations::routes,
    products::routes,
    quotes::routes,
    search::routes,
    bulk::routes,
    events::routes,
    audit::routes,
    admin::routes,
    processes::routes,
    keys::routes,
    health::routes,
    about::routes,
];

/// All routes. Those of roles that are not among `roles` refuse.
pub(crate) fn routes(time_limit: Duration, roles: Roles, gate: Arc<Gate>) -> Routes {
    RESOURCES.iter().fold(Routes::new(time_limit, roles, gate), |routes, resource| resource(routes))
}

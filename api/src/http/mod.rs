//! What every endpoint shares: reading requests, telling who asks, conditions, answers and their freshness.
//! No endpoint's own meaning is here.

mod admission;
mod answer;
mod body;
mod caller;
mod conditional;
mod edge;
mod idempotency;
mod outside;
mod params;
mod path;
mod prefer;
mod room;

pub(crate) use admission::{Admission, Admitted, Serving};
pub(crate) use answer::{json, not_modified, position_header, resource, tagged, with_position};
pub(crate) use body::{Asked, CommandBody, read_json};
pub(crate) use caller::Caller;
pub(crate) use conditional::{Condition, IfNoneMatch, etag, exact_etag};
pub(crate) use edge::{Edge, Route, fallback, method_not_allowed};
pub(crate) use idempotency::{created_id, digest};
pub use outside::Outside;
pub(crate) use params::{Freshness, Params};
pub(crate) use path::{CartLineId, Id};
pub(crate) use prefer::Prefer;
pub(crate) use room::Room;

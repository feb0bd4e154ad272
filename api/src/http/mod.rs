//! What every endpoint shares: reading requests, telling who asks, conditions, answers and their freshness.
//! No endpoint's own meaning is here.

mod answer;
mod as_of;
mod caller;
mod command_input;
mod conditional;
mod idempotency;
mod page;
mod params;
mod path;
mod prefer;
mod receipt;
mod view;

pub(crate) use answer::{json, not_modified, position_header, resource, tagged, with_position};
pub(crate) use as_of::AskedPoint;
pub(crate) use caller::Caller;
pub(crate) use command_input::{Asked, CommandBody, EmptyBody, read_json};
pub(crate) use conditional::{Condition, IfNoneMatch, etag, exact_etag};
pub(crate) use idempotency::{created_id, digest};
pub(crate) use page::{Listing, cursor, listing};
pub(crate) use params::{Freshness, Params};
pub(crate) use path::{CartLineId, Id};
pub(crate) use prefer::Prefer;
pub(crate) use receipt::{Nothing, Receipt, created, done, receipt};
pub(crate) use view::{not_found, show};

//! What every resource shares: reading requests, telling callers apart, conditions, answers and their freshness. Each
//! extractor and each answer describes itself (`describe.rs`). No resource's own meaning is here.

mod accept;
mod answer;
mod as_of;
mod body;
mod caller;
mod command_input;
mod conditional;
mod id;
mod idempotency;
mod page;
mod params;
mod prefer;
mod receipt;
mod request_target;
mod view;

pub(crate) use accept::Accept;
pub(crate) use answer::{
    BODY_ETAG, CURRENT_TO, ETAG, LOCATION, RawJson, ViewAnswer, WRITTEN_AT, json, position_header,
};
pub(crate) use as_of::AsOfParams;
pub(crate) use body::{FieldError, invalid_body, read_json};
pub(crate) use caller::Caller;
pub(crate) use command_input::{CommandBody, CommandInput, EmptyBody, OF_BODIES, OperatorInput};
pub(crate) use conditional::{Condition, IfNoneMatch, body_tag, coded_tag, version_tag};
pub(crate) use id::{CartLineId, Id, PartId, PathId};
pub(crate) use idempotency::{created_id, digest};
pub(crate) use page::{Listing, Paging, listing, paging_parameters};
pub(crate) use params::{
    Freshness, Limit, ParamValue, Params, Query, QueryParams, Required, invalid, query_params,
};
pub(crate) use prefer::Prefer;
pub(crate) use receipt::{Created, IDEMPOTENT_REPLAYED, Nothing, PutReceipt, REPLAYED, Receipt};
pub(crate) use request_target::RequestTarget;
pub(crate) use view::{ViewQuery, not_found, show_row};

//! Lists in pages: rows as stored between brackets, and the cursor of the next page.

use super::{Params, json};
use crate::problem::{Problem, kind};
use axum::{http::StatusCode, response::Response};
use daybook_read_store::{Cursor, Page};
use schemars::JsonSchema;
use serde::Serialize;

/// One page of a list.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Listing<T> {
    pub items: Vec<T>,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Takes `cursor`.
pub(crate) fn cursor(params: &mut Params) -> Result<Option<Cursor>, Problem> {
    let Some(text) = params.take_text("cursor")? else { return Ok(None) };
    Cursor::parse(&text).map(Some).map_err(|error| {
        Problem::new(&kind::INVALID_PARAMETER, error.to_string()).with("parameter", "cursor")
    })
}

/// The page as JSON.
pub(crate) fn listing(page: &Page, position: u64) -> Response {
    let rows: usize = page.rows.iter().map(|row| row.json().len() + 1).sum();
    let mut body = Vec::with_capacity(rows + 64);
    body.extend_from_slice(b"{\"items\":[");
    for (at, row) in page.rows.iter().enumerate() {
        if at > 0 {
            body.push(b',');
        }
        body.extend_from_slice(row.json());
    }
    body.push(b']');
    if let Some(next) = &page.next {
        // Cursors are base64url, so they need no escaping.
        body.extend_from_slice(format!(",\"next\":\"{next}\"").as_bytes());
    }
    body.push(b'}');
    json(StatusCode::OK, body, position)
}

//! Lists in pages: rows as stored between brackets, and the cursor of the next page.

use super::{
    ParamValue, Params, QueryParams, RawJson,
    params::{Limit, invalid},
};
use crate::{
    describe::{Description, Parameter, text},
    problem::Problem,
};
use daybook_read_store::{Cursor, Page};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

/// One page of a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "{T}List")]
pub(crate) struct Listing<T> {
    pub items: Vec<T>,
    /// Pass it as `cursor` to get the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Which page is asked for: `limit`, from 1 to `MOST`, and `cursor`.
pub(crate) struct Paging<const DEFAULT: usize, const MOST: usize> {
    pub limit: usize,
    pub cursor: Option<Cursor>,
}

impl<const DEFAULT: usize, const MOST: usize> QueryParams for Paging<DEFAULT, MOST> {
    fn describe(to: &mut Description) {
        to.parameters.extend(paging_parameters(MOST));
    }

    fn take(params: &mut Params) -> Result<Self, Problem> {
        let Limit(limit) = Limit::<DEFAULT, MOST>::take(params, "limit")?;
        let cursor = params.take_text("cursor")?.map(|text| Cursor::parse(&text));
        let cursor = cursor.transpose().map_err(|error| invalid("cursor", error.to_string()))?;
        Ok(Self { limit, cursor })
    }
}

/// `limit` and `cursor`, for a list whose pages have at most so many items.
pub(crate) fn paging_parameters(most: usize) -> [Parameter; 2] {
    let limit = Parameter {
        name: "limit",
        place: "query",
        is_required: false,
        description: "How many at most.",
        schema: json!({ "type": "integer", "minimum": 1, "maximum": most }),
        example: json!(20),
        is_deep_object: false,
    };
    let cursor = Parameter {
        name: "cursor",
        place: "query",
        is_required: false,
        description: "The `next` of the page before.",
        schema: text(),
        example: Value::Null,
        is_deep_object: false,
    };
    [limit, cursor]
}

/// The page as JSON.
pub(crate) fn listing<T>(page: &Page, position: u64) -> RawJson<Listing<T>> {
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
    RawJson::new(body, position)
}

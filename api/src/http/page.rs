//! Lists in pages: rows as stored between brackets, and the cursor of the next page.

use super::{
    ParamValue, Params, QueryParams, RawJson,
    params::{Limit, fingerprint, invalid},
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
    list: u64,
}

impl<const DEFAULT: usize, const MOST: usize> QueryParams for Paging<DEFAULT, MOST> {
    fn describe(to: &mut Description) {
        to.parameters.extend(paging_parameters(MOST));
    }

    fn take(params: &mut Params) -> Result<Self, Problem> {
        let Limit(limit) = Limit::<DEFAULT, MOST>::take(params, "limit")?;
        let list = params.list();
        let cursor = params.take_text("cursor")?.map(|text| read_cursor(&text, list)).transpose()?;
        Ok(Self { limit, cursor, list })
    }
}

/// A cursor that this very list gave; it is the list's mark and the place in the read model.
fn read_cursor(text: &str, list: u64) -> Result<Cursor, Problem> {
    let shown: String = text.chars().take(80).collect();
    let (mark, place) = text.split_at_checked(MARK_CHARS).unwrap_or(("", ""));
    if mark != mark_of(list, place) {
        let detail = format!("{shown:?} is no cursor of this list; leave it out to begin at the first page");
        return Err(invalid("cursor", detail));
    }
    Cursor::parse(place).map_err(|_| {
        invalid(
            "cursor",
            format!(
                "{shown:?} is not a cursor from an earlier page; leave it out to begin at the first page"
            ),
        )
    })
}

const MARK_CHARS: usize = 16;

/// What a place in this list begins with as a cursor. It keeps no secret: it finds what was mixed up, cut or made up.
fn mark_of(list: u64, place: &str) -> String {
    format!("{:016x}", fingerprint([&list.to_string(), place]))
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

/// The page as JSON, with the cursor of the next one.
pub(crate) fn listing<T, const DEFAULT: usize, const MOST: usize>(
    page: &Page,
    position: u64,
    paging: &Paging<DEFAULT, MOST>,
) -> RawJson<Listing<T>> {
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
        // Cursors are hexadecimal and base64url, so they need no escaping.
        let place = next.to_string();
        let mark = mark_of(paging.list, &place);
        body.extend_from_slice(format!(",\"next\":\"{mark}{place}\"").as_bytes());
    }
    body.push(b'}');
    RawJson::new(body, position)
}

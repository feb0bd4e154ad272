//! The answer as bytes. Hits are stored as the JSON they are shown as, so they are copied, never read.

use super::{
    cursor::Cursor,
    request::SearchRequest,
    response::{Facets, Matched, Total},
};
use bytes::Bytes;
use serde::Serialize;

pub(super) fn page(
    request: &SearchRequest,
    total: Total,
    matched: &Matched,
    hits: &[Bytes],
    next: Option<&Cursor>,
    facets: Option<&Facets>,
) -> Bytes {
    let mut out = Vec::with_capacity(hits.iter().map(Bytes::len).sum::<usize>() + 4096);
    field(&mut out, "{\"total\":", &total);
    field(&mut out, ",\"matched\":", matched);
    out.extend_from_slice(b",\"hits\":[");
    for (index, hit) in hits.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(hit);
    }
    out.push(b']');
    if let Some(cursor) = next {
        field(&mut out, ",\"next\":", &cursor.encode(request));
    }
    if let Some(facets) = facets {
        field(&mut out, ",\"facets\":", facets);
    }
    out.push(b'}');
    out.into()
}

fn field(out: &mut Vec<u8>, name: &str, value: &impl Serialize) {
    out.extend_from_slice(name.as_bytes());
    serde_json::to_writer(out, value).expect("memory does not fail, and all keys are texts");
}

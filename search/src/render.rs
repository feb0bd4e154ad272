//! The answer as bytes. Hits are stored as the JSON they are shown as, so they are copied; only one of whose
//! variants some match is read.

use super::{
    SearchError,
    cursor::Cursor,
    request::SearchRequest,
    response::{Facets, Hit, Matched, Total},
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

/// The hit with the SKUs of these of its variants.
pub(super) fn with_matched_skus(hit: &Bytes, variants: &[usize]) -> Result<Bytes, SearchError> {
    let unreadable = |error: serde_json::Error| SearchError::Index(format!("a stored hit: {error}"));
    let mut hit: Hit = serde_json::from_slice(hit).map_err(unreadable)?;
    let skus = variants.iter().filter_map(|number| hit.skus.get(*number).cloned());
    hit.matched_skus = Some(skus.collect());
    serde_json::to_vec(&hit).map(Bytes::from).map_err(unreadable)
}

fn field(out: &mut Vec<u8>, name: &str, value: &impl Serialize) {
    out.extend_from_slice(name.as_bytes());
    serde_json::to_writer(out, value).expect("memory does not fail, and all keys are texts");
}

//! What a request may not say of its own form: codings that nothing here decodes, and addresses that are no text. Without
//! this they would be read as something else, silently.

use crate::problem::{Problem, kind};
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, header},
};
use percent_encoding::percent_decode_str;

/// A problem unless the request can be read as it is meant.
pub(super) fn check(request: &Request) -> Result<(), Problem> {
    check_text("path", request.uri().path())?;
    check_text("query", request.uri().query().unwrap_or_default())?;
    let headers = request.headers();
    if let Some(coding) =
        codings(headers, &header::TRANSFER_ENCODING).find(|coding| !coding.eq_ignore_ascii_case("chunked"))
    {
        let detail = format!("the body is sent as {:?}; only chunked is understood", short(coding));
        // What follows in the connection cannot be told from the body.
        let close = HeaderValue::from_static("close");
        return Err(Problem::new(&kind::UNKNOWN_TRANSFER_CODING, detail).header(header::CONNECTION, close));
    }
    if let Some(coding) =
        codings(headers, &header::CONTENT_ENCODING).find(|coding| !coding.eq_ignore_ascii_case("identity"))
    {
        let detail = format!("the body is coded as {:?}; send it as it is", short(coding));
        return Err(Problem::new(&kind::UNSUPPORTED_MEDIA_TYPE, detail)
            .with("expected", "identity")
            .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))
            .header(header::CONNECTION, HeaderValue::from_static("close")));
    }
    Ok(())
}

/// The codings that a header lists, in all its lines.
fn codings<'h>(headers: &'h HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'h str> {
    let lines = headers.get_all(name).iter();
    let texts = lines.map(|line| line.to_str().unwrap_or("?"));
    texts.flat_map(|text| text.split(',')).map(str::trim).filter(|coding| !coding.is_empty())
}

fn check_text(part: &'static str, text: &str) -> Result<(), Problem> {
    if !text.contains('%') || percent_decode_str(text).decode_utf8().is_ok() {
        return Ok(());
    }
    let detail = format!("the {part} of the address is no UTF-8 once its %-signs are decoded");
    Err(Problem::new(&kind::INVALID_PARAMETER, detail).with("parameter", part))
}

fn short(text: &str) -> String {
    text.chars().take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    fn checked(uri: &str, headers: &[(&str, &str)]) -> &'static str {
        let mut request = Request::get(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        check(&request.body(Body::empty()).unwrap()).map_or_else(|problem| problem.kind.name, |()| "ok")
    }

    #[test]
    fn addresses_are_utf_8_in_the_path_and_in_the_query() {
        for fine in ["/a", "/%C3%A9?q=%C3%A9+x", "/?q=100%", "/%41"] {
            assert_eq!(checked(fine, &[]), "ok", "{fine}");
        }
        for broken in ["/%FF", "/a?q=%C3", "/a?%ff=1"] {
            assert_eq!(checked(broken, &[]), "invalid-parameter", "{broken}");
        }
    }

    #[test]
    fn codings_are_understood_or_refused_in_any_case_and_place() {
        for fine in
            [("transfer-encoding", "Chunked"), ("content-encoding", "identity"), ("content-encoding", "")]
        {
            assert_eq!(checked("/", &[fine]), "ok", "{fine:?}");
        }
        let gzip = ("content-encoding", "GZIP");
        assert_eq!(checked("/", &[gzip]), "unsupported-media-type");
        assert_eq!(checked("/", &[("content-encoding", "identity"), gzip]), "unsupported-media-type");
        assert_eq!(checked("/", &[("transfer-encoding", "gzip, chunked")]), "unknown-transfer-coding");
    }
}

//! `Accept` (RFC 9110 §12.5.1): which of the media types that can be had the client would have, by weight. Names are
//! compared in any case, parameters other than the weight are ignored, and `q=0` means never.

use axum::http::{HeaderMap, header};

/// What a client would have.
pub(crate) struct Accept {
    /// Type, subtype and weight, in lower case; empty: anything.
    ranges: Vec<(String, String, f32)>,
}

impl Accept {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(header::ACCEPT).iter().filter_map(|line| line.to_str().ok());
        Self { ranges: lines.flat_map(|line| line.split(',')).filter_map(range).collect() }
    }

    /// The best of `available`, the first of equals; none if no one of them is accepted.
    pub(crate) fn best<'a>(&self, available: &[&'a str]) -> Option<&'a str> {
        let mut best: Option<(&str, f32)> = None;
        for media_type in available {
            let weight = self.weight(media_type);
            if weight > best.map_or(0.0, |(_, best)| best) {
                best = Some((media_type, weight));
            }
        }
        best.map(|(media_type, _)| media_type)
    }

    /// That of the most specific range which the media type is in.
    fn weight(&self, media_type: &str) -> f32 {
        if self.ranges.is_empty() {
            return 1.0;
        }
        let (kind, subtype) = media_type.split_once('/').unwrap_or((media_type, ""));
        let fits = |wanted: &(String, String, f32)| match (wanted.0.as_str(), wanted.1.as_str()) {
            ("*", "*") => Some(0),
            (of, "*") if of == kind => Some(1),
            (of, at) if of == kind && at == subtype => Some(2),
            _ => None,
        };
        let found = self.ranges.iter().filter_map(|wanted| fits(wanted).map(|rank| (rank, wanted.2)));
        found.max_by_key(|(rank, _)| *rank).map_or(0.0, |(_, weight)| weight)
    }
}

/// A range of media types with its weight. None: it is none.
fn range(text: &str) -> Option<(String, String, f32)> {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let (kind, subtype) = parts.next()?.split_once('/')?;
    let weight = parts.find_map(|part| part.strip_prefix("q="));
    let weight = weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
    Some((kind.trim().to_owned(), subtype.trim().to_owned(), weight))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const AVAILABLE: &[&str] = &["application/jsonl", "text/event-stream"];

    fn best(text: &'static str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(text));
        Accept::of(&headers).best(AVAILABLE)
    }

    #[test]
    fn the_heaviest_is_chosen_in_any_case_and_q_0_means_never() {
        for lines in
            ["*/*", "", "Application/JSONL; charset=utf-8", "application/*", "text/event-stream;q=0.1, */*"]
        {
            assert_eq!(best(lines), Some("application/jsonl"), "{lines}");
        }
        for events in [
            "text/event-stream",
            "TEXT/Event-Stream",
            "text/*",
            "application/jsonl;q=0, */*",
            "*/*;q=0.1, text/event-stream",
        ] {
            assert_eq!(best(events), Some("text/event-stream"), "{events}");
        }
        for none in ["image/png", "application/jsonl;q=0", "*/*;q=0", "text/event-stream; Q=0.0"] {
            assert_eq!(best(none), None, "{none}");
        }
        assert_eq!(Accept::of(&HeaderMap::new()).best(AVAILABLE), Some("application/jsonl"));
    }
}

//! postgres-es keeps the whole event enum, externally tagged: `{"OrderPlaced":{…}}`. The log keeps the type and
//! the inner object apart. This is the boundary: the inner bytes pass it unchanged in both directions (the column
//! is `json`, which stores its text as it came). What the fields mean is nobody's business here.

use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Whether `payload` is one JSON object; the reason if not. The server would refuse the whole group otherwise.
pub(crate) fn check(payload: &[u8]) -> Result<(), String> {
    let text = std::str::from_utf8(payload).map_err(|e| format!("the payload is not UTF-8: {e}"))?;
    if !is_object(text) {
        return Err("the payload is not a JSON object".to_owned());
    }
    serde_json::from_str::<IgnoredAny>(text).map(drop).map_err(|e| format!("the payload is not JSON: {e}"))
}

/// Appends `{"<type>":<payload>}` to `out`. The payload has passed [`check`].
pub(crate) fn wrap(out: &mut String, event_type: &str, payload: &[u8]) {
    out.push('{');
    push_text(out, event_type);
    out.push(':');
    out.push_str(std::str::from_utf8(payload).expect("checked before"));
    out.push('}');
}

/// The inner object of a stored event.
///
/// An event of a shape that has no inner object under its own type (a tag inside, a bare value, another key) is
/// given whole, and a unit variant, stored as its name only, as an empty object.
pub(crate) fn unwrap<'a>(stored: &'a str, event_type: &str) -> Cow<'a, str> {
    if let Some(inner) = quick(stored, event_type).or_else(|| careful(stored, event_type)) {
        return Cow::Borrowed(inner);
    }
    if is_object(stored) {
        return Cow::Borrowed(stored);
    }
    match serde_json::from_str::<Cow<'_, str>>(stored) {
        Ok(name) if name == event_type => Cow::Borrowed("{}"),
        _ => Cow::Owned(format!("{{\"value\":{stored}}}")),
    }
}

/// The form that both writers produce: no space outside the inner object.
fn quick<'a>(stored: &'a str, event_type: &str) -> Option<&'a str> {
    let rest = stored.strip_prefix('{')?;
    let rest = if is_plain(event_type) {
        rest.strip_prefix('"')?.strip_prefix(event_type)?.strip_prefix('"')?
    } else {
        let mut key = String::new();
        push_text(&mut key, event_type);
        rest.strip_prefix(&key)?
    };
    let inner = rest.strip_prefix(':')?.strip_suffix('}')?;
    // A second key would follow the first one's closing brace, and then this cut would not be one value.
    (is_object(inner) && serde_json::from_str::<&RawValue>(inner).is_ok()).then_some(inner)
}

fn careful<'a>(stored: &'a str, event_type: &str) -> Option<&'a str> {
    let fields: std::collections::BTreeMap<String, &'a RawValue> = serde_json::from_str(stored).ok()?;
    let (key, inner) = fields.first_key_value()?;
    (fields.len() == 1 && key == event_type && is_object(inner.get())).then(|| inner.get())
}

fn is_object(text: &str) -> bool {
    text.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{')
}

/// Appends `text` as a JSON string.
pub(crate) fn push_text(out: &mut String, text: &str) {
    if is_plain(text) {
        out.push('"');
        out.push_str(text);
        out.push('"');
    } else {
        out.push_str(&serde_json::to_string(text).expect("a text is always a JSON string"));
    }
}

/// Whether `text` stands in JSON as it is.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|b| b >= 0x20 && b != b'"' && b != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(event_type: &str, payload: &str) -> String {
        let mut stored = String::new();
        wrap(&mut stored, event_type, payload.as_bytes());
        unwrap(&stored, event_type).into_owned()
    }

    #[test]
    fn inner_bytes_pass_unchanged_with_their_spaces_order_and_repeated_keys() {
        for payload in [
            "{}",
            "{\"b\":1,\"a\":2,\"b\":3}",
            " { \"a\" : 1.0e5 }\n",
            "{\"OrderPlaced\":{\"x\":1}}",
            "{\"ä\":\"\\u0000}\"}",
        ] {
            assert_eq!(there_and_back("OrderPlaced", payload), payload);
            assert_eq!(there_and_back("Odd \"type\"\\", payload), payload);
        }
    }

    #[test]
    fn what_other_programs_store_is_unwrapped_or_kept_whole() {
        assert_eq!(unwrap("{ \"Paid\" : {\"a\": 1} }", "Paid"), "{\"a\": 1}");
        assert_eq!(unwrap("{\"Paid\":{\"a\":1},\"Also\":{}}", "Paid"), "{\"Paid\":{\"a\":1},\"Also\":{}}");
        assert_eq!(unwrap("{\"type\":\"Paid\",\"a\":1}", "Paid"), "{\"type\":\"Paid\",\"a\":1}");
        assert_eq!(unwrap("{\"Paid\":7}", "Paid"), "{\"Paid\":7}");
        assert_eq!(unwrap("\"Started\"", "Started"), "{}");
        assert_eq!(unwrap("[1,2]", "Paid"), "{\"value\":[1,2]}");
    }

    #[test]
    fn only_json_objects_are_taken() {
        assert_eq!(check(b" {\"a\":[1,{}]} "), Ok(()));
        for wrong in [&b"[]"[..], b"", b"{", b"{}{}", b"{\"a\":}", b"{\"a\":\"\xff\"}", b"null"] {
            check(wrong).unwrap_err();
        }
    }
}

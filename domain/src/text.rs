//! What free text must not be: too long, or empty where it is needed. Card numbers are seen by `card_number.rs`.

/// Why a text is refused, without the text itself: it may be what must not be repeated.
pub(crate) fn objection(text: &str, least_chars: usize, most_chars: usize) -> Option<String> {
    let bytes = text.len();
    // A text has at most as many characters as bytes, so short ones need no counting.
    if bytes > most_chars && text.chars().count() > most_chars {
        return Some(format!("longer than {most_chars} characters"));
    }
    if bytes < least_chars || text.trim().is_empty() && least_chars > 0 {
        return Some("must not be empty".to_owned());
    }
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t' && c != '\r') {
        return Some("contains control characters".to_owned());
    }
    None
}

/// A name as a part of a JSON Pointer (RFC 6901).
pub(crate) fn pointer_part(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_long_and_binary_texts_are_objected_to() {
        assert_eq!(objection("é", 1, 1), None);
        assert_eq!(objection("  ", 1, 10), Some("must not be empty".to_owned()));
        assert_eq!(objection("", 0, 10), None);
        assert_eq!(objection("abc", 0, 2), Some("longer than 2 characters".to_owned()));
        assert!(objection("a\0b", 0, 9).is_some());
    }
}

//! What free text must not be: too long, empty where it is needed, or somebody's card number.

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

/// Whether a text contains what may be a payment card's number: 13 to 19 digits, spaces and dashes between
/// them ignored, not part of a longer word, whose check digit is right (Luhn, ISO/IEC 7812-1).
#[must_use]
pub fn looks_like_card_number(text: &str) -> bool {
    let between = |c: char| c == ' ' || c == '-';
    let mut rest = text;
    let mut in_word = false;
    while let Some(first) = rest.chars().next() {
        if !first.is_ascii_digit() {
            in_word = first.is_alphabetic();
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let end = rest.find(|c: char| !c.is_ascii_digit() && !between(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        let word_follows =
            after.chars().next().is_some_and(char::is_alphabetic) && run.ends_with(|c: char| !between(c));
        if !in_word && !word_follows && holds_card_number(run) {
            return true;
        }
        in_word = false;
        rest = after;
    }
    false
}

/// Any groups of digits that follow each other may be the number; what stands beside them may be its expiry.
fn holds_card_number(run: &str) -> bool {
    let groups: Vec<&str> = run.split([' ', '-']).filter(|group| !group.is_empty()).collect();
    (0..groups.len()).any(|from| {
        let mut digits = String::with_capacity(19);
        for group in &groups[from..] {
            digits.push_str(group);
            if digits.len() > 19 {
                return false;
            }
            if digits.len() >= 13 && luhn_is_right(&digits) {
                return true;
            }
        }
        false
    })
}

fn luhn_is_right(digits: &str) -> bool {
    let values = digits.bytes().rev().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = values
        .enumerate()
        .map(|(at, digit)| match (at % 2 == 1, digit) {
            (false, digit) => digit,
            (true, digit) if digit < 5 => 2 * digit,
            (true, digit) => 2 * digit - 9,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_seen_however_they_are_written() {
        for text in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "4242-4242-4242-4242",
            "card: 378282246310005!",
            "tok_4242424242424242",
            "6011111111111117 12/29",
        ] {
            assert!(looks_like_card_number(text), "{text}");
        }
    }

    #[test]
    fn other_numbers_and_tokens_are_let_through() {
        for text in [
            "4242424242424241",
            "536365",
            "",
            "tok_visa",
            "424242424242",
            "pi_3MtwBwLkdIwHu7ix28a3tqPa",
            "550e8400-e29b-41d4-a716-446655440000",
            "42424242424242424242424242",
        ] {
            assert!(!looks_like_card_number(text), "{text}");
        }
    }

    #[test]
    fn empty_long_and_binary_texts_are_objected_to() {
        assert_eq!(objection("é", 1, 1), None);
        assert_eq!(objection("  ", 1, 10), Some("must not be empty".to_owned()));
        assert_eq!(objection("", 0, 10), None);
        assert_eq!(objection("abc", 0, 2), Some("longer than 2 characters".to_owned()));
        assert!(objection("a\0b", 0, 9).is_some());
    }
}

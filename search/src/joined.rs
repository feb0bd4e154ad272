//! Words that some write together and others apart: `giftwrap` and `gift wrap`, `wifi` and `wi-fi`, `32gb` and `32 gb`,
//! model numbers with and without their hyphens; and barcodes, which are one number in four lengths. Only what the
//! catalogue itself has is tried, so nothing is made up. It knows no words of one meaning.

use super::{SearchError, view::View};
use tantivy::Term;

/// Shorter words are not taken apart.
const MIN_CHARS_TO_PART: usize = 4;
/// Longer runs are not model numbers.
const MAX_JOINED_CHARS: usize = 40;
const JOINTS: [char; 4] = ['-', '/', '_', '.'];

/// The two words that titles have beside each other and that are `word` without their gap; the most frequent ones.
pub(super) fn parted(view: &View, word: &str) -> Result<Option<(String, String)>, SearchError> {
    if word.chars().count() < MIN_CHARS_TO_PART {
        return Ok(None);
    }
    let mut best = (0, None);
    for (at, _) in word.char_indices().skip(1) {
        let (first, second) = word.split_at(at);
        let pair = Term::from_field_text(view.fields.suggest, &format!("w{first} {second}"));
        let products = view.searcher.doc_freq(&pair)?;
        if products > best.0 {
            best = (products, Some((first.to_owned(), second.to_owned())));
        }
    }
    Ok(best.1)
}

/// Both words as one, unless that would make one number of two.
pub(super) fn together(first: &str, second: &str) -> Option<String> {
    let is_number = |word: &str| word.bytes().all(|byte| byte.is_ascii_digit());
    (!is_number(first) || !is_number(second)).then(|| format!("{first}{second}"))
}

/// What of `text` is held together by hyphens or slashes, without these.
pub(super) fn without_joints(text: &str) -> impl Iterator<Item = String> {
    text.split(|char: char| !char.is_alphanumeric() && !JOINTS.contains(&char)).filter_map(|run| {
        let run = run.trim_matches(JOINTS);
        let has_letter = run.chars().any(char::is_alphabetic);
        (has_letter && run.contains(JOINTS) && run.chars().count() <= MAX_JOINED_CHARS)
            .then(|| run.replace(JOINTS, ""))
    })
}

/// The word under which a barcode of 8, 12, 13 or 14 digits is found: shorter ones begin with zeros that are left out.
pub(super) fn barcode_word(digits: &str) -> Option<String> {
    let is_barcode =
        matches!(digits.len(), 8 | 12 | 13 | 14) && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_barcode.then(|| format!("gtin{digits:0>14}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_with_joints_are_written_together() {
        for (text, joined) in [
            ("Sony WH-1000XM3, black", vec!["WH1000XM3"]),
            ("T-light holder", vec!["Tlight"]),
            ("CF226X/A and 80-211.b", vec!["CF226XA", "80211b"]),
            ("15.6\" at 3.0 - 1/2", vec![]),
            ("nothing here-", vec![]),
        ] {
            assert_eq!(without_joints(text).collect::<Vec<_>>(), joined, "{text}");
        }
    }

    #[test]
    fn a_barcode_is_one_word_in_every_length() {
        let word = barcode_word("95205603217");
        assert_eq!(word, None);
        assert_eq!(barcode_word("095205603217"), barcode_word("0095205603217"));
        assert_eq!(barcode_word("095205603217"), barcode_word("00095205603217"));
        assert_ne!(barcode_word("96385074"), barcode_word("96385081"));
    }
}

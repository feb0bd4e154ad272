//! One spelling for what people see as one text, before it is taken apart into words: composed and decomposed letters,
//! full and half width, accents. Text that is written without gaps (Chinese, Japanese, Korean, Thai) becomes pairs of
//! neighbouring characters, as Lucene's CJK analyzer makes them. It knows no dictionary, so no word borders.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// `text` in the spelling that words are compared in.
pub(super) fn folded(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::from(text);
    }
    // Accents are marks of their own in this form. Other marks are letters of their script, and are put back.
    let marks = '\u{300}'..='\u{36f}';
    Cow::from(text.nfkd().filter(|char| !marks.contains(char)).nfc().collect::<String>())
}

/// Whether words are written with no gap before or after this character.
fn is_gapless(char: char) -> bool {
    matches!(char,
        '\u{e00}'..='\u{e7f}'
        | '\u{3040}'..='\u{30ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}')
}

/// Each run of gapless characters as its pairs, with gaps between them.
pub(super) fn in_pairs(text: &str) -> Cow<'_, str> {
    if !text.contains(is_gapless) {
        return Cow::from(text);
    }
    let chars: Vec<char> = text.chars().collect();
    let mut paired = String::with_capacity(text.len() * 3);
    for run in chars.chunk_by(|a, b| is_gapless(*a) == is_gapless(*b)) {
        if is_gapless(run[0]) && run.len() > 1 {
            for pair in run.windows(2) {
                paired.push(' ');
                paired.extend(pair);
            }
        } else {
            paired.push(' ');
            paired.extend(run);
        }
    }
    Cow::from(paired)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_has_one_spelling() {
        for (typed, folded_text) in [
            ("plain", "plain"),
            ("cafe\u{301}", "cafe"),
            ("caf\u{e9}", "cafe"),
            ("ＵＳＢ３", "USB3"),
            ("ｶﾞﾗｽ", "ガラス"),
            ("\u{1112}\u{1161}\u{11ab}", "한"),
            ("İ", "I"),
            ("น้ำ", "น\u{e49}\u{e4d}า"),
        ] {
            assert_eq!(folded(typed), folded_text, "{typed}");
        }
    }

    #[test]
    fn text_without_gaps_becomes_pairs() {
        for (text, pairs) in
            [("usb", "usb"), ("手机壳", " 手机 机壳"), ("iPhone手机", " iPhone  手机"), ("水", " 水")]
        {
            assert_eq!(in_pairs(text).replace("  ", " ").trim(), pairs.replace("  ", " ").trim(), "{text}");
        }
    }
}

//! Where a page ended: the last product's place in the order, and which search it belongs to. Opaque to
//! clients. It stays usable when the index changes: the next page begins after that place, wherever it now is.

use super::{SearchError, request::SearchRequest, top::Rank};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

const VERSION: u8 = 1;
const FIXED: usize = 1 + 8 + 8 + 8;
/// Longest cursor that is looked at: the fixed part and a name, in base 64.
const MAX_CURSOR_CHARS: usize = 512;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) rank: Rank,
    /// The last product's name, where the order is by name.
    pub(super) name: Vec<u8>,
}

impl Cursor {
    pub(super) fn encode(&self, request: &SearchRequest) -> String {
        let mut bytes = vec![VERSION];
        bytes.extend(fingerprint(request).to_le_bytes());
        bytes.extend(self.rank.0.to_le_bytes());
        bytes.extend(self.rank.1.to_le_bytes());
        bytes.extend(&self.name);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The request's cursor, if it has one.
    pub(super) fn of(request: &SearchRequest) -> Result<Option<Self>, SearchError> {
        let Some(text) = &request.cursor else { return Ok(None) };
        let bad = |detail| SearchError::BadCursor { detail };
        if text.len() > MAX_CURSOR_CHARS {
            return Err(bad("it is too long to be one"));
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| bad("it is not one that a search gave"))?;
        let (fixed, name) = bytes.split_at_checked(FIXED).ok_or_else(|| bad("it is cut short"))?;
        if fixed[0] != VERSION {
            return Err(bad("it comes from another version of this program"));
        }
        let number = |at: usize| {
            let mut word = [0; 8];
            word.copy_from_slice(&fixed[at..at + 8]);
            u64::from_le_bytes(word)
        };
        if number(1) != fingerprint(request) {
            return Err(bad("it belongs to another search"));
        }
        Ok(Some(Self { rank: (number(9), number(17)), name: name.to_vec() }))
    }
}

/// Tells searches apart; the page size may change between pages. FNV-1a, which is the same in every process.
fn fingerprint(request: &SearchRequest) -> u64 {
    let mut same = request.clone();
    (same.cursor, same.limit, same.no_facets) = (None, None, false);
    let bytes = serde_json::to_vec(&same).expect("requests have text keys only");
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(cursor: Option<String>, q: &str) -> SearchRequest {
        SearchRequest { q: q.to_owned(), cursor, ..Default::default() }
    }

    #[test]
    fn a_cursor_survives_its_encoding() {
        let cursor = Cursor { rank: (7, 9), name: b"mug".to_vec() };
        let text = cursor.encode(&request(None, "mug"));
        assert_eq!(Cursor::of(&request(Some(text), "mug")), Ok(Some(cursor)));
    }

    #[test]
    fn a_wrong_cursor_is_refused_with_the_reason() {
        let text = Cursor { rank: (7, 9), name: Vec::new() }.encode(&request(None, "mug"));
        let refusal = |text: &str, q| Cursor::of(&request(Some(text.to_owned()), q)).unwrap_err().to_string();
        assert!(refusal(&text, "cup").contains("belongs to another search"));
        assert!(refusal("%%%", "mug").contains("not one that a search gave"));
        assert!(refusal(&text[..8], "mug").contains("cut short"));
        assert!(refusal(&"A".repeat(10_000), "mug").contains("too long"));
    }
}

//! Keys as the server stores them: without the letter, which the table stands for, and never longer than an index
//! can take. Bytes compare on the server as they do here, so the order stays.

use crate::{IdForm, StoreError};
use uuid::Uuid;

/// A B-tree of PostgreSQL takes entries of up to 2,704 bytes. A category path in a far script may be longer.
const LONGEST: usize = 2_000;
const KEPT: usize = LONGEST - 16;

/// A key that fits: itself, or its beginning with a digest of the rest.
pub(super) fn fitting(key: &[u8]) -> Vec<u8> {
    if key.len() <= LONGEST {
        return key.to_vec();
    }
    let (kept, rest) = key.split_at(KEPT);
    [kept, Uuid::new_v5(&Uuid::NAMESPACE_OID, rest).as_bytes()].concat()
}

/// Where a key does not fit, the whole of it, to stand beside what does.
pub(super) fn whole(key: &[u8]) -> Option<Vec<u8>> {
    (key.len() > LONGEST).then(|| key.to_vec())
}

/// The bounds, from and before, between which all keys with `prefix` are stored; others may be there if the prefix
/// is too long to fit.
pub(super) fn bounds(prefix: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let prefix = &prefix[..prefix.len().min(KEPT)];
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return (prefix.to_vec(), end);
        }
    }
    (prefix.to_vec(), vec![u8::MAX; LONGEST + 1])
}

/// An id within a key as the text of a `view_id`.
pub(super) fn view_id(id: IdForm, bytes: &[u8]) -> Result<String, StoreError> {
    let text = match id {
        IdForm::Uuid => Uuid::from_slice(bytes).ok().map(|id| id.to_string()),
        IdForm::Text => {
            std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).map(str::to_owned)
        }
    };
    text.ok_or_else(|| StoreError::damaged(bytes, "not the id of a view"))
}

/// The id within a key, from the text of a `view_id`.
pub(super) fn id_bytes(id: IdForm, view_id: &str) -> Result<Vec<u8>, StoreError> {
    match id {
        IdForm::Uuid => {
            let parsed = Uuid::try_parse(view_id).map(|id| id.as_bytes().to_vec());
            parsed.map_err(|error| StoreError::damaged(view_id.as_bytes(), error))
        }
        IdForm::Text => Ok(view_id.as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_are_too_long_keep_their_place_among_others() {
        let long = |end: &str| format!("{}{end}", "k".repeat(3_000)).into_bytes();
        assert_eq!(fitting(b"short"), b"short");
        assert_eq!((fitting(&long("a")).len(), whole(b"short")), (LONGEST, None));
        assert_ne!(fitting(&long("a")), fitting(&long("b")));
        assert_eq!(whole(&long("a")), Some(long("a")));
        let (from, before) = bounds(&long(""));
        assert!(from <= fitting(&long("a")) && fitting(&long("a")) < before);
        assert!(fitting(b"kj") < fitting(&long("a")) && fitting(&long("a")) < fitting(b"l"));
    }

    #[test]
    fn bounds_hold_everything_that_begins_so() {
        assert_eq!(bounds(b"ab"), (b"ab".to_vec(), b"ac".to_vec()));
        assert_eq!(bounds(&[1, 255]), (vec![1, 255], vec![2]));
        let (from, before) = bounds(b"");
        assert!(from.is_empty() && fitting(&[255; 5_000]) < before);
    }
}

//! What the rows of a read model are, by the first letter of their keys. The embedded store needs this to follow
//! an entry to its row; the Postgres store makes a table of each kind.

use fjall::UserKey;

/// What the store has to know of a read model.
#[derive(Debug, Clone, Copy)]
pub struct Schema {
    /// Lower-case letters. Persisted.
    pub name: &'static str,
    /// Which shape the rows have.
    pub version: u32,
    /// What the rows are, by the first letter of their keys.
    pub kinds: &'static [RowKind],
}

/// The rows whose keys begin with one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowKind {
    pub letter: u8,
    /// The table they are in on a server: lower-case letters and underscores, at most 40 of them.
    pub table: &'static str,
    pub holds: RowContent,
}

/// What stands in rows of a [`RowKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowContent {
    /// Views: JSON objects that end with `"version":…,"position":…}`, each under its id.
    Views(IdForm),
    /// Entries that lead to the view under another letter, whose id is where [`IdPlace`] says.
    Leads(u8, IdPlace),
    /// JSON objects that are asked for in the order of their keys.
    Records,
}

/// What an id looks like within a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdForm {
    /// 16 bytes.
    Uuid,
    /// A text without byte 0; where something stands before it, a byte 0 parts them.
    Text,
}

/// Where an entry has the id of the row that it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdPlace {
    /// At the end of its key; its value is empty.
    EndOfKey,
    /// In its value.
    Value,
}

impl RowKind {
    pub const fn views(letter: u8, table: &'static str, id: IdForm) -> Self {
        Self { letter, table, holds: RowContent::Views(id) }
    }

    pub const fn leads(letter: u8, table: &'static str, to: u8, place: IdPlace) -> Self {
        Self { letter, table, holds: RowContent::Leads(to, place) }
    }

    pub const fn records(letter: u8, table: &'static str) -> Self {
        Self { letter, table, holds: RowContent::Records }
    }
}

/// The kind of the row under `key`.
pub(crate) fn of<'a>(kinds: &'a [RowKind], key: &[u8]) -> Option<&'a RowKind> {
    let letter = key.first()?;
    kinds.iter().find(|kind| kind.letter == *letter)
}

/// The id of the row that an entry leads to; None: it leads nowhere.
pub(crate) fn led_to<'a>(kinds: &[RowKind], key: &'a [u8], value: &'a [u8]) -> Option<(u8, &'a [u8])> {
    let RowContent::Leads(letter, place) = of(kinds, key)?.holds else { return None };
    let id = match (place, of(kinds, &[letter])?.holds) {
        (IdPlace::Value, _) => value,
        (IdPlace::EndOfKey, RowContent::Views(IdForm::Uuid)) => key.get(key.len().checked_sub(16)?..)?,
        (IdPlace::EndOfKey, _) => key.rsplit(|byte| *byte == 0).next()?,
    };
    Some((letter, id))
}

/// The key of the row that an entry leads to.
pub(crate) fn led_to_key(kinds: &[RowKind], key: &[u8], value: &[u8]) -> Option<UserKey> {
    led_to(kinds, key, value).map(|(letter, id)| crate::key(letter, &[id]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [RowKind; 5] = [
        RowKind::views(b'p', "products", IdForm::Text),
        RowKind::leads(b'b', "products_by_brand", b'p', IdPlace::EndOfKey),
        RowKind::views(b'o', "orders", IdForm::Uuid),
        RowKind::leads(b'c', "orders_by_customer", b'o', IdPlace::EndOfKey),
        RowKind::leads(b'n', "orders_by_number", b'o', IdPlace::Value),
    ];

    #[test]
    fn entries_lead_to_the_row_whose_id_they_carry() {
        let to = |key: &[u8], value: &[u8]| led_to_key(&KINDS, key, value).map(|key| key.to_vec());
        assert_eq!(to(b"bPotter\0MUG-1", b""), Some(b"pMUG-1".to_vec()));
        assert_eq!(to(b"cC1\0position0123456\089abcdef", b""), Some(b"o0123456\089abcdef".to_vec()));
        assert_eq!(to(b"n00AQJ", b"0123456789abcdef"), Some(b"o0123456789abcdef".to_vec()));
        assert_eq!(to(b"pMUG-1", b""), None, "a view leads nowhere");
        assert_eq!(to(b"c", b""), None, "no id");
        assert_eq!(to(b"x", b""), None, "no such kind");
    }
}

//! Rows in memory: numbers and interned texts, about 50 bytes each, so that a year of trade fits easily.

use crate::value::Value;
use ahash::AHashMap;
use daybook_domain::Timestamp;
use std::sync::Arc;

/// One readable line of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FileRow {
    /// Its number in the file; the header is line 1.
    pub(crate) line: u32,
    pub(crate) invoice: u32,
    /// The stock code in capital letters.
    pub(crate) code: u32,
    pub(crate) description: u32,
    /// [`NO_TEXT`] where there is none.
    pub(crate) customer: u32,
    pub(crate) country: u32,
    pub(crate) quantity: i32,
    /// Unit price in millionths of a pound.
    pub(crate) price_micros: i64,
    pub(crate) at: Timestamp,
    /// The local date in days since 1970-01-01.
    pub(crate) day: i32,
}

impl FileRow {
    /// Quantity × unit price, exactly.
    pub(crate) const fn value(&self) -> Value {
        Value::of(self.quantity, self.price_micros)
    }
}

/// A line that is not what the columns promise. Its value counts as far as it can be read.
#[derive(Debug, Clone)]
pub(crate) struct UnreadableRow {
    pub(crate) line: u32,
    pub(crate) invoice: String,
    pub(crate) value: Value,
    pub(crate) reason: String,
}

/// All lines of a file, in its order.
#[derive(Debug)]
pub(crate) struct FileRows {
    pub(crate) rows: Vec<FileRow>,
    pub(crate) unreadable: Vec<UnreadableRow>,
    pub(crate) invoices: TextTable,
    pub(crate) codes: TextTable,
    pub(crate) descriptions: TextTable,
    pub(crate) customers: TextTable,
    pub(crate) countries: TextTable,
}

/// Stands for "no text".
pub(crate) const NO_TEXT: u32 = u32::MAX;

/// Texts by number, each kept once.
#[derive(Debug, Default)]
pub(crate) struct TextTable {
    numbers: AHashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl TextTable {
    /// The number of a text; the next free one if it is new.
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(NO_TEXT);
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }

    /// The text of a number; empty for [`NO_TEXT`].
    pub(crate) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |text| &**text)
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }
}

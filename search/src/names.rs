//! One number for each brand, category and attribute value, the same in every segment, so that a search
//! counts and compares numbers and reads texts only for what it shows. Numbers are given once and live as
//! long as the process; zero means "has none".

use super::response::AttributeKind;
use ahash::AHashMap;
use std::sync::Arc;

pub(super) const NONE: u32 = 0;

/// Texts and their numbers.
#[derive(Default)]
pub(super) struct Texts {
    ids: AHashMap<Arc<str>, u32>,
    texts: Vec<Arc<str>>,
}

impl Texts {
    pub(super) fn id(&self, text: &str) -> Option<u32> {
        self.ids.get(text).copied()
    }

    pub(super) fn text(&self, id: u32) -> &str {
        (id as usize).checked_sub(1).and_then(|index| self.texts.get(index)).map_or("", |text| text)
    }

    /// Numbers in use are below this.
    pub(super) fn end(&self) -> usize {
        self.texts.len() + 1
    }

    fn add(&mut self, text: &str) -> u32 {
        if let Some(id) = self.id(text) {
            return id;
        }
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        let id = u32::try_from(self.texts.len()).expect("fewer than 2^32 distinct values");
        self.ids.insert(text, id);
        id
    }
}

/// What an attribute value's number stands for.
pub(super) struct AttributeValueName {
    /// Number of the key.
    pub(super) key: u32,
    pub(super) kind: AttributeKind,
    pub(super) text: Arc<str>,
}

/// All names known so far.
#[derive(Default)]
pub(super) struct Names {
    pub(super) brands: Texts,
    pub(super) categories: Texts,
    pub(super) attribute_keys: Texts,
    tokens: Texts,
    values: Vec<AttributeValueName>,
    /// Values by key number.
    of_key: Vec<Vec<u32>>,
    /// Key number by value number; shared with readers, replaced when it grows.
    key_of: Arc<Vec<u32>>,
}

impl Names {
    pub(super) fn add_brand(&mut self, text: &str) -> u32 {
        self.brands.add(text)
    }

    /// The number of a category path; the root has one like any other.
    pub(super) fn add_category(&mut self, path: &str) -> u32 {
        self.categories.add(path)
    }

    pub(super) fn attribute_id(&self, token: &str) -> Option<u32> {
        self.tokens.id(token)
    }

    /// The number of an attribute token (see `document::attribute_token`).
    pub(super) fn add_attribute(&mut self, token: &str) -> u32 {
        if let Some(id) = self.tokens.id(token) {
            return id;
        }
        let (key, rest) = token.split_once('\u{1}').unwrap_or((token, "t"));
        let kind = match rest.as_bytes().first() {
            Some(b'n') => AttributeKind::Number,
            Some(b'f') => AttributeKind::Flag,
            _ => AttributeKind::Text,
        };
        let key = self.attribute_keys.add(key);
        let id = self.tokens.add(token);
        self.values.push(AttributeValueName { key, kind, text: rest.get(1..).unwrap_or_default().into() });
        if self.of_key.len() <= key as usize {
            self.of_key.resize_with(key as usize + 1, Vec::new);
        }
        self.of_key[key as usize].push(id);
        id
    }

    pub(super) fn attribute(&self, id: u32) -> Option<&AttributeValueName> {
        self.values.get((id as usize).checked_sub(1)?)
    }

    /// The values of `key` that fit.
    pub(super) fn attribute_ids(&self, key: &str, fits: impl Fn(&AttributeValueName) -> bool) -> Vec<u32> {
        let Some(key) = self.attribute_keys.id(key) else { return Vec::new() };
        let ids = self.of_key.get(key as usize).map_or(&[][..], Vec::as_slice);
        ids.iter().copied().filter(|id| self.attribute(*id).is_some_and(&fits)).collect()
    }

    /// Key numbers by value number, for all values known now.
    pub(super) fn key_of(&mut self) -> Arc<Vec<u32>> {
        if self.key_of.len() <= self.values.len() {
            let keys = self.values.iter().map(|value| value.key);
            self.key_of = Arc::new(std::iter::once(NONE).chain(keys).collect());
        }
        Arc::clone(&self.key_of)
    }
}

//! A product as the index holds it: words to find it by, columns to filter, count and sort by, and the
//! JSON that is shown for it.

use super::{
    availability::Availability,
    category,
    joined::{barcode_word, without_joints},
    price,
    response::Hit,
    row::ProductRow,
    schema::{Fields, analyzer, plain_analyzer, whole_words_of, words_of},
    variants::{self, VariantTraits},
};
use daybook_domain::{
    Money, ProductId,
    product::{AttributeValue, ProductSpec, Variant},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};
use tantivy::{
    TantivyDocument,
    tokenizer::{PreTokenizedString, TextAnalyzer, Token},
};

/// How often a word is written, by where it stands. One of the attributes is written once, however often it is there:
/// lists of what something goes with are long, and are not what it is.
const TITLE_WEIGHT: usize = 9;
const BRAND_WEIGHT: usize = 6;
const TEXT_WEIGHT: usize = 3;
/// Longer attribute texts are searched for but not counted: nobody narrows down by a paragraph.
const MAX_FACET_CHARS: usize = 100;
const MAX_FACET_VALUES: usize = 300;
/// Words of a title that suggestions are made of.
const MAX_SUGGEST_WORDS: usize = 16;
const MAX_NAME_CHARS: usize = 64;

/// An attribute value in columns and filters: key, kind (`t`, `n` or `f`) and value.
pub(super) fn attribute_token(key: &str, kind: char, value: &str) -> String {
    format!("{key}\u{1}{kind}{value}")
}

/// How a number is written as a value.
pub(super) fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number:.0}") } else { number.to_string() }
}

pub(super) struct DocumentWriter {
    fields: Fields,
    plain: TextAnalyzer,
    stems: TextAnalyzer,
}

impl DocumentWriter {
    pub(super) fn new(fields: Fields) -> Self {
        Self { fields, plain: plain_analyzer(), stems: analyzer() }
    }

    pub(super) fn write(&mut self, id: &ProductId, row: &ProductRow) -> TantivyDocument {
        let (fields, spec) = (self.fields, &row.spec);
        let mut document = TantivyDocument::new();
        document.add_text(fields.id, id.as_str());
        self.words(&mut document, spec);
        self.suggestions(&mut document, spec);
        let path = category::join(&spec.category);
        for end in (0..path.len()).filter(|at| path.as_bytes()[*at] == b'/').chain([path.len()]) {
            document.add_text(fields.filter, format!("c{}", &path[..end]));
        }
        document.add_text(fields.category, &path);
        if let Some(brand) = &spec.brand {
            document.add_text(fields.filter, format!("b{brand}"));
            document.add_text(fields.brand, brand);
        }
        let (variants, tokens) = variant_traits(row);
        for number in variants::encode(&variants, &tokens) {
            document.add_u64(fields.variants, number);
        }
        for token in tokens {
            document.add_text(fields.filter, format!("a{token}"));
            document.add_text(fields.attribute, token);
        }
        let prices = lowest_prices(spec);
        for money in &prices {
            document.add_u64(fields.price, price::pack(*money));
        }
        document.add_u64(fields.availability, best(row) as u64);
        document.add_u64(fields.created, row.created);
        let name = whole_words_of(&mut self.plain, &spec.title).join(" ");
        document.add_text(fields.name, name.chars().take(MAX_NAME_CHARS).collect::<String>());
        let hit = hit(id, row, prices);
        document.add_bytes(fields.hit, &serde_json::to_vec(&hit).expect("a hit has text keys only"));
        document
    }

    fn words(&mut self, document: &mut TantivyDocument, spec: &ProductSpec) {
        let mut tokens = Vec::new();
        self.add_words(&mut tokens, &spec.title, TITLE_WEIGHT);
        self.add_words(&mut tokens, spec.brand.as_deref().unwrap_or_default(), BRAND_WEIGHT);
        self.add_words(&mut tokens, &spec.description, TEXT_WEIGHT);
        for name in &spec.category {
            self.add_words(&mut tokens, name, TEXT_WEIGHT);
        }
        for variant in &spec.variants {
            let barcodes = variant.barcodes.iter().map(String::as_str);
            for code in std::iter::once(variant.sku.as_str()).chain(barcodes) {
                self.add_words(&mut tokens, code, TEXT_WEIGHT);
                document.add_text(self.fields.code, code.to_lowercase());
            }
            variant.options.values().for_each(|option| self.add_words(&mut tokens, option, TEXT_WEIGHT));
        }
        let once = once(spec).collect::<Vec<_>>();
        let words: BTreeSet<String> = once.iter().flat_map(|text| words_of(&mut self.stems, text)).collect();
        tokens.extend(words.into_iter().map(token));
        // The analyzer has been through it already: a text would be taken apart once for each time it is written.
        document.add_pre_tokenized_text(self.fields.text, PreTokenizedString { text: String::new(), tokens });
    }

    fn add_words(&mut self, tokens: &mut Vec<Token>, text: &str, times: usize) {
        for word in words_of(&mut self.stems, text) {
            tokens.extend(std::iter::repeat_n(token(word), times));
        }
    }

    fn suggestions(&mut self, document: &mut TantivyDocument, spec: &ProductSpec) {
        let words = whole_words_of(&mut self.plain, &spec.title);
        let mut phrases = BTreeSet::new();
        for (index, word) in words.iter().take(MAX_SUGGEST_WORDS).enumerate() {
            phrases.insert(format!("w{word}"));
            if let Some(next) = words.get(index + 1) {
                phrases.insert(format!("w{word} {next}"));
            }
        }
        if let Some(brand) = &spec.brand {
            let folded = whole_words_of(&mut self.plain, brand).join(" ");
            phrases.insert(format!("b{folded}\u{1}{brand}"));
        }
        for phrase in phrases {
            document.add_text(self.fields.suggest, phrase);
        }
    }
}

fn token(text: String) -> Token {
    Token { text, position: 0, ..Token::default() }
}

/// What is written once: attributes, what titles and SKUs are without their hyphens, barcodes in any length.
fn once(spec: &ProductSpec) -> impl Iterator<Item = Cow<'_, str>> {
    let skus = spec.variants.iter().map(|variant| variant.sku.as_str());
    let barcodes = spec.variants.iter().flat_map(|variant| &variant.barcodes);
    let joined = std::iter::once(spec.title.as_str()).chain(skus).flat_map(without_joints);
    let others = joined.chain(barcodes.filter_map(|digits| barcode_word(digits)));
    attribute_texts(spec).chain(others.map(Cow::from))
}

/// What people may type of the attributes: texts, numbers, and the names of flags that are set.
fn attribute_texts(spec: &ProductSpec) -> impl Iterator<Item = Cow<'_, str>> {
    spec.attributes.iter().flat_map(|(key, value)| match value {
        AttributeValue::Text(text) => vec![Cow::from(text)],
        AttributeValue::Texts(texts) => texts.iter().map(Cow::from).collect(),
        AttributeValue::Integer(number) => vec![Cow::from(number.to_string())],
        AttributeValue::Number(number) => vec![Cow::from(number_text(*number))],
        AttributeValue::Flag(true) => vec![Cow::from(key.replace('_', " "))],
        AttributeValue::Flag(false) => Vec::new(),
    })
}

fn best(row: &ProductRow) -> Availability {
    row.availability.iter().copied().max().unwrap_or_default()
}

/// What each variant has, and all attribute values of the product. Values beyond the bound are of no variant.
fn variant_traits(row: &ProductRow) -> (Vec<VariantTraits>, BTreeSet<String>) {
    let spec = &row.spec;
    let mut all = BTreeSet::new();
    let mut traits = Vec::with_capacity(spec.variants.len());
    for (index, variant) in spec.variants.iter().enumerate() {
        let mut tokens = attribute_tokens(spec, variant);
        tokens
            .retain(|token| all.contains(token) || all.len() < MAX_FACET_VALUES && all.insert(token.clone()));
        let availability = row.availability.get(index).copied().unwrap_or_default();
        traits.push(VariantTraits { availability, prices: variant.prices.clone(), tokens });
    }
    (traits, all)
}

/// What a variant has: its options, and the product's attributes. An option says what this variant is where the attribute
/// of that name lists what there is.
fn attribute_tokens(spec: &ProductSpec, variant: &Variant) -> BTreeSet<String> {
    let is_shown = |value: &str| !value.is_empty() && value.chars().count() <= MAX_FACET_CHARS;
    let text = |key: &str, value: &str| is_shown(value).then(|| attribute_token(key, 't', value));
    let number = |key: &str, number: f64| Some(attribute_token(key, 'n', &number_text(number)));
    let mut tokens = BTreeSet::new();
    for (key, value) in spec.attributes.iter().filter(|(key, _)| !variant.options.contains_key(*key)) {
        match value {
            AttributeValue::Text(value) => tokens.extend(text(key, value)),
            AttributeValue::Texts(values) => {
                tokens.extend(values.iter().filter_map(|value| text(key, value)))
            }
            // One facet: 300 and 300.0 are the same amount.
            AttributeValue::Integer(value) => tokens.extend(number(key, *value as f64)),
            AttributeValue::Number(value) => tokens.extend(number(key, *value)),
            AttributeValue::Flag(flag) => {
                tokens.insert(attribute_token(key, 'f', if *flag { "true" } else { "false" }));
            }
        }
    }
    tokens.extend(variant.options.iter().filter_map(|(key, value)| text(key, value)));
    tokens
}

fn lowest_prices(spec: &ProductSpec) -> Vec<Money> {
    let mut lowest = BTreeMap::new();
    for price in spec.variants.iter().flat_map(|variant| &variant.prices) {
        let minor = lowest.entry(price.currency).or_insert(price.minor);
        *minor = price.minor.min(*minor);
    }
    lowest.into_iter().map(|(currency, minor)| Money { minor, currency }).collect()
}

fn hit(id: &ProductId, row: &ProductRow, prices: Vec<Money>) -> Hit {
    Hit {
        id: id.clone(),
        title: row.spec.title.clone(),
        brand: row.spec.brand.clone(),
        category: row.spec.category.clone(),
        skus: row.spec.variants.iter().map(|variant| variant.sku.clone()).collect(),
        prices,
        in_stock: best(row) == Availability::InStock,
        availability: best(row),
        matched_skus: None,
        image: row.spec.media.first().map(|media| media.url.clone()),
    }
}

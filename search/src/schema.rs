//! The fields of the index and how text becomes words. Changing anything here needs a new
//! [`FORMAT`], and the index is then built anew.
//!
//! There is one text field, not one per part of a product. A word of the title is written several times,
//! one of the description less often, one of the attributes once, so that one posting list per word ranks as several weighted ones would
//! (BM25F by repetition: Robertson, Zaragoza, Taylor, "Simple BM25 extension to multiple weighted fields",
//! 2004), at a third of the cost.

use super::folding::{folded, in_pairs};
use tantivy::{
    Index, IndexSettings,
    schema::{Field, IndexRecordOption, NumericOptions, STORED, Schema, TextFieldIndexing, TextOptions},
    store::Compressor,
    tokenizer::{
        AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer,
    },
};

/// Written into every commit; an index of another format is built anew.
pub(super) const FORMAT: u32 = 4;

const WORDS: &str = "daybook_words";
/// SKUs have up to 64 characters, and are words too.
const MAX_WORD_BYTES: usize = 65;

#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// Product id, to replace a product.
    pub(super) id: Field,
    /// All words, weighted by repetition.
    pub(super) text: Field,
    /// SKUs and barcodes, whole and in lower case.
    pub(super) code: Field,
    /// `c` category and its ancestors, `b` brand, `a` attribute value: exact, to narrow down.
    pub(super) filter: Field,
    /// Title words and word pairs (`w`) and brands (`b`), unstemmed, for suggestions.
    pub(super) suggest: Field,
    pub(super) brand: Field,
    pub(super) category: Field,
    pub(super) attribute: Field,
    /// Currency and lowest list price packed into one number each; see `price`.
    pub(super) price: Field,
    /// The best of its variants' availabilities.
    pub(super) availability: Field,
    /// What variants differ in; see `variants`.
    pub(super) variants: Field,
    /// Position of the product's first event: newest first, and the last word in every order.
    pub(super) created: Field,
    /// The title as it sorts.
    pub(super) name: Field,
    /// The hit as JSON.
    pub(super) hit: Field,
}

pub(super) const BRAND: &str = "brand";
pub(super) const CATEGORY: &str = "category";
pub(super) const ATTRIBUTE: &str = "attribute";
pub(super) const PRICE: &str = "price";
pub(super) const AVAILABILITY: &str = "availability";
pub(super) const VARIANTS: &str = "variants";
pub(super) const CREATED: &str = "created";
pub(super) const NAME: &str = "name";

pub(super) fn schema() -> (Schema, Fields) {
    let exact = || {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(false);
        TextOptions::default().set_indexing_options(indexing)
    };
    let words = TextFieldIndexing::default()
        .set_tokenizer(WORDS)
        .set_index_option(IndexRecordOption::WithFreqs)
        .set_fieldnorms(true);
    let column = || TextOptions::default().set_fast("raw");
    let number = || NumericOptions::default().set_fast();
    let mut builder = Schema::builder();
    let fields = Fields {
        id: builder.add_text_field("id", exact()),
        text: builder.add_text_field("text", TextOptions::default().set_indexing_options(words)),
        code: builder.add_text_field("code", exact()),
        filter: builder.add_text_field("filter", exact()),
        suggest: builder.add_text_field("suggest", exact()),
        brand: builder.add_text_field(BRAND, column()),
        category: builder.add_text_field(CATEGORY, column()),
        attribute: builder.add_text_field(ATTRIBUTE, column()),
        price: builder.add_u64_field(PRICE, number()),
        availability: builder.add_u64_field(AVAILABILITY, number()),
        variants: builder.add_u64_field(VARIANTS, number()),
        created: builder.add_u64_field(CREATED, number()),
        name: builder.add_text_field(NAME, column()),
        hit: builder.add_bytes_field("hit", STORED),
    };
    (builder.build(), fields)
}

/// Small blocks: a hit is read alone, not with its neighbours.
pub(super) fn settings() -> IndexSettings {
    IndexSettings {
        docstore_compression: Compressor::Lz4,
        docstore_compress_dedicated_thread: false,
        docstore_blocksize: 4096,
        ..IndexSettings::default()
    }
}

/// Lower case, no accents, English stems.
pub(super) fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(MAX_WORD_BYTES))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// The same without stems: words as people read them.
pub(super) fn plain_analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(MAX_WORD_BYTES))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .build()
}

pub(super) fn register(index: &Index) {
    index.tokenizers().register(WORDS, analyzer());
}

/// The words of `text` to find it by, in order.
pub(super) fn words_of(analyzer: &mut TextAnalyzer, text: &str) -> Vec<String> {
    tokens(analyzer, &in_pairs(&folded(text)))
}

/// The words of `text` as they are shown: what is written without gaps stays in one piece.
pub(super) fn whole_words_of(analyzer: &mut TextAnalyzer, text: &str) -> Vec<String> {
    tokens(analyzer, &folded(text))
}

fn tokens(analyzer: &mut TextAnalyzer, text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut stream = analyzer.token_stream(text);
    while let Some(token) = stream.next() {
        words.push(token.text.clone());
    }
    words
}

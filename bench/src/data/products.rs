//! Any number of products, made of the words and prices of real articles: the first half of one's title, the second
//! half of another's. Product `number` is always the same.

use super::{Articles, zipf};
use crate::shop;
use daybook_domain::{
    Money,
    product::{AttributeValue, ProductSpec, Variant},
};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng};
use std::collections::BTreeMap;

const COLOURS: [&str; 12] =
    ["red", "white", "blue", "pink", "green", "black", "cream", "silver", "gold", "ivory", "purple", "grey"];
const MATERIALS: [&str; 10] =
    ["ceramic", "metal", "wood", "paper", "cotton", "glass", "felt", "enamel", "wicker", "plastic"];
const SEASONS: [&str; 5] = ["all year", "christmas", "spring", "summer", "easter"];
/// As many as a catalogue of real electronics has.
const BRANDS: u64 = 161;

impl Articles {
    pub(crate) fn product(&self, number: u64) -> anyhow::Result<ProductSpec> {
        let mut rng = StdRng::seed_from_u64(number);
        let (first, second) = (self.popular(rng.random()), self.popular(rng.random()));
        let begin = first.words.len().div_ceil(2);
        let words: Vec<&str> = first.words[..begin]
            .iter()
            .chain(&second.words[second.words.len() / 2..])
            .map(String::as_str)
            .collect();
        let kind = words.last().copied().unwrap_or_default();
        let price = first.price_minor * rng.random_range(80..125) / 100 + 1;
        let variant = Variant {
            sku: shop::sku(number).parse()?,
            options: BTreeMap::new(),
            prices: vec![Money::new(price, "GBP".parse()?)],
            barcodes: vec![gtin(&format!("50{number:010}"))],
        };
        Ok(ProductSpec {
            title: words.join(" "),
            description: format!(
                "{} {} for {}; goes well with {}.",
                words.join(" "),
                number,
                SEASONS[rng.random_range(0..SEASONS.len())],
                self.popular(rng.random()).words.join(" "),
            ),
            brand: Some(format!("Brand {:03}", zipf(rng.random(), BRANDS))),
            category: vec!["Gifts".to_owned(), kind.to_owned()],
            attributes: attributes(&words, &mut rng),
            media: Vec::new(),
            variants: vec![variant],
            tax_class: Some("standard".to_owned()),
        })
    }
}

/// Texts and numbers; the colour and the material its title names, else any.
fn attributes(words: &[&str], rng: &mut StdRng) -> BTreeMap<String, AttributeValue> {
    let mut named = |choices: &[&str]| {
        let found = choices.iter().find(|choice| words.contains(choice));
        let any = zipf(rng.random(), choices.len() as u64) as usize;
        AttributeValue::Text((*found.unwrap_or(&choices[any])).to_owned())
    };
    let mut attributes = BTreeMap::from([
        ("colour".to_owned(), named(&COLOURS)),
        ("material".to_owned(), named(&MATERIALS)),
        ("season".to_owned(), named(&SEASONS)),
    ]);
    attributes.insert("weight_g".to_owned(), AttributeValue::Number(f64::from(rng.random_range(5..400) * 5)));
    attributes.insert("height_mm".to_owned(), AttributeValue::Number(f64::from(rng.random_range(2..80) * 5)));
    attributes.insert("pack_of".to_owned(), AttributeValue::Number(f64::from(1 << rng.random_range(0..5))));
    attributes.insert("gift_wrapped".to_owned(), AttributeValue::Flag(rng.random_bool(0.2)));
    attributes
}

/// Twelve digits with the one that checks them.
fn gtin(digits: &str) -> String {
    let values = digits.bytes().rev().map(|digit| u32::from(digit - b'0'));
    let sum: u32 = values.enumerate().map(|(at, digit)| if at % 2 == 0 { 3 * digit } else { digit }).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

//! What a product may look like. Refusals name the field.

use super::{AttributeValue, ProductRejection, ProductSpec, Variant};
use crate::{
    Money, Sku,
    gtin::is_gtin,
    text::{objection, pointer_part},
};
use std::collections::HashSet;

pub const ATTRIBUTES: usize = 200;
pub const CATEGORY_LEVELS: usize = 12;
pub const MEDIA: usize = 100;
pub const OPTIONS: usize = 20;
/// Values of one attribute.
pub const TEXTS: usize = 1_000;
/// Of one variant.
pub const BARCODES: usize = 50;
pub const VARIANTS: usize = 100;
pub const CURRENCIES: usize = 200;
pub const TITLE_CHARS: usize = 500;
pub const DESCRIPTION_CHARS: usize = 20_000;
pub const NAME_CHARS: usize = 200;
pub const URL_CHARS: usize = 2_000;
/// Of an attribute: real catalogues have whole paragraphs there.
pub const VALUE_CHARS: usize = 20_000;

pub(super) fn check(spec: &ProductSpec) -> Result<(), ProductRejection> {
    text("/title", &spec.title, 1, TITLE_CHARS)?;
    text("/description", &spec.description, 0, DESCRIPTION_CHARS)?;
    if let Some(brand) = &spec.brand {
        text("/brand", brand, 1, NAME_CHARS)?;
    }
    if let Some(tax_class) = &spec.tax_class {
        text("/tax_class", tax_class, 1, NAME_CHARS)?;
    }
    count("/category", spec.category.len(), 0, CATEGORY_LEVELS)?;
    for (at, level) in spec.category.iter().enumerate() {
        text(&format!("/category/{at}"), level, 1, NAME_CHARS)?;
    }
    count("/attributes", spec.attributes.len(), 0, ATTRIBUTES)?;
    for (name, value) in &spec.attributes {
        text("/attributes", name, 1, NAME_CHARS)?;
        attribute(name, value)?;
    }
    count("/media", spec.media.len(), 0, MEDIA)?;
    for (at, media) in spec.media.iter().enumerate() {
        text(&format!("/media/{at}/url"), &media.url, 1, URL_CHARS)?;
        if !is_web_address(&media.url) {
            let detail = "is no web address; expected https:// or http:// and no spaces".to_owned();
            return Err(invalid(&format!("/media/{at}/url"), detail));
        }
        text(&format!("/media/{at}/alt"), &media.alt, 0, URL_CHARS)?;
    }
    count("/variants", spec.variants.len(), 1, VARIANTS)?;
    let mut skus = HashSet::with_capacity(spec.variants.len());
    for (at, each) in spec.variants.iter().enumerate() {
        if !skus.insert(&each.sku) {
            return Err(invalid(&format!("/variants/{at}/sku"), format!("{} stands there twice", each.sku)));
        }
        variant(at, each)?;
    }
    Ok(())
}

/// At most one price per currency, none negative.
pub(super) fn check_prices(sku: &Sku, prices: &[Money]) -> Result<(), ProductRejection> {
    count("/prices", prices.len(), 0, CURRENCIES)?;
    for (at, price) in prices.iter().enumerate() {
        if price.minor < 0 {
            return Err(invalid("/prices", format!("the price of {sku} in {} is negative", price.currency)));
        }
        if prices[..at].iter().any(|other| other.currency == price.currency) {
            return Err(ProductRejection::DuplicatePrice { sku: sku.clone(), currency: price.currency });
        }
    }
    Ok(())
}

fn variant(at: usize, variant: &Variant) -> Result<(), ProductRejection> {
    count(&format!("/variants/{at}/options"), variant.options.len(), 0, OPTIONS)?;
    for (name, value) in &variant.options {
        text(&format!("/variants/{at}/options"), name, 1, NAME_CHARS)?;
        text(&format!("/variants/{at}/options/{}", pointer_part(name)), value, 1, NAME_CHARS)?;
    }
    count(&format!("/variants/{at}/barcodes"), variant.barcodes.len(), 0, BARCODES)?;
    for (nth, code) in variant.barcodes.iter().enumerate() {
        let field = format!("/variants/{at}/barcodes/{nth}");
        barcode(&field, code)?;
        if variant.barcodes[..nth].contains(code) {
            return Err(invalid(&field, "stands there twice".to_owned()));
        }
    }
    check_prices(&variant.sku, &variant.prices)
}

/// Whether it is safe in a page: whatever else an address begins with, such as `javascript:`, would be run there.
#[must_use]
pub fn is_web_address(text: &str) -> bool {
    let begins = |scheme: &str| {
        text.get(..scheme.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(scheme))
            && text.len() > scheme.len()
    };
    (begins("https://") || begins("http://")) && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Digits of a GTIN's length are one; anything else is a code of the shop's own.
fn barcode(field: &str, code: &str) -> Result<(), ProductRejection> {
    text(field, code, 1, NAME_CHARS)?;
    let is_number = code.bytes().all(|b| b.is_ascii_digit()) && matches!(code.len(), 8 | 12 | 13 | 14);
    if is_number && !is_gtin(code) {
        let detail =
            format!("the last digit of a GTIN-{} checks the others, and does not fit them", code.len());
        return Err(invalid(field, detail));
    }
    Ok(())
}

fn attribute(name: &str, value: &AttributeValue) -> Result<(), ProductRejection> {
    let field = || format!("/attributes/{}", pointer_part(name));
    match value {
        AttributeValue::Text(value) => text(&field(), value, 0, VALUE_CHARS),
        AttributeValue::Number(number) if number.is_finite() => Ok(()),
        AttributeValue::Number(_) => Err(invalid(&field(), "not a finite number".to_owned())),
        AttributeValue::Integer(_) | AttributeValue::Flag(_) => Ok(()),
        AttributeValue::Texts(values) => {
            count(&field(), values.len(), 0, TEXTS)?;
            values.iter().try_for_each(|value| text(&field(), value, 1, VALUE_CHARS))
        }
    }
}

fn text(field: &str, text: &str, least: usize, most: usize) -> Result<(), ProductRejection> {
    objection(text, least, most).map_or(Ok(()), |detail| Err(invalid(field, detail)))
}

fn count(field: &str, count: usize, least: usize, most: usize) -> Result<(), ProductRejection> {
    if (least..=most).contains(&count) {
        Ok(())
    } else {
        Err(invalid(field, format!("{count} given, {least} to {most} are allowed")))
    }
}

fn invalid(field: &str, detail: String) -> ProductRejection {
    ProductRejection::InvalidProduct { field: field.to_owned(), detail }
}

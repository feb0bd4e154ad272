//! The id of a quote: a digest of all that a customer agrees to, so that equal quotes have equal ids on every node.

use super::Quote;
use sha2::{Digest, Sha256};

/// The letters of RFC 4648, which are read in any case.
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// `q` with 80 bits of the digest in base 32. Each text goes in with its length, so no two quotes give the same bytes.
pub(super) fn quote_id(quote: &Quote) -> String {
    let mut digest = Sha256::new();
    let mut text = |value: &str| {
        digest.update(u64::try_from(value.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(value.as_bytes());
    };
    text(quote.currency.as_str());
    text(&quote.lines.len().to_string());
    for line in &quote.lines {
        text(&line.line_id.to_string());
        text(&line.sku.to_string());
        text(&line.product_id.to_string());
        text(&line.quantity.to_string());
        text(&line.unit_price.to_string());
        text(&line.gross.to_string());
    }
    text(&quote.charges.len().to_string());
    for charge in &quote.charges {
        text(&charge.charge_id);
        text(&charge.label);
        text(&charge.gross.to_string());
    }
    text(&quote.tenders.len().to_string());
    for tender in &quote.tenders {
        text(&tender.kind);
        text(tender.id.as_deref().unwrap_or_default());
        text(&tender.amount.to_string());
    }
    text(quote.method.as_deref().unwrap_or_default());
    let digest = digest.finalize();
    let mut id = String::with_capacity(17);
    id.push('q');
    // Ten bytes are 16 digits: each five bytes give eight.
    for five in digest[..10].chunks(5) {
        let number = five.iter().fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
        for digit in (0..8).rev() {
            let index = usize::try_from((number >> (5 * digit)) & 31).unwrap_or(0);
            id.push(char::from(ALPHABET[index]));
        }
    }
    id
}

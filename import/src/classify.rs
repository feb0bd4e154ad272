//! What a line is by its invoice number and stock code, before anything is known of its neighbours.

use daybook_domain::order::ChargeKind;

/// What an invoice is by the first character of its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InvoiceKind {
    /// A digit: sales, and stock movements written down as sales at no price.
    Sale,
    /// `C`: goods that came back, and money given back.
    Cancellation,
    /// `A`: bad debt.
    BadDebt,
    /// Anything else; the file has none.
    Unknown,
}

/// What a stock code stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodeKind {
    /// An article that is counted and sold; gift vouchers are articles too.
    Goods,
    /// Carriage, a discount or an amount entered by hand.
    Charge(ChargeKind),
    /// Booked in the file, but between the shop and somebody who is no customer.
    NoCommerce(NoCommerce),
}

/// Money that moved, but not in trade with a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoCommerce {
    BankCharge,
    MarketplaceFee,
    CharityCommission,
    BadDebt,
    Samples,
}

pub(crate) fn invoice_kind(number: &str) -> InvoiceKind {
    match number.as_bytes().first() {
        Some(b'0'..=b'9') => InvoiceKind::Sale,
        Some(b'C' | b'c') => InvoiceKind::Cancellation,
        Some(b'A' | b'a') => InvoiceKind::BadDebt,
        _ => InvoiceKind::Unknown,
    }
}

/// Expects the code in capital letters.
pub(crate) fn code_kind(code: &str) -> CodeKind {
    match code {
        "POST" | "DOT" | "C2" => CodeKind::Charge(ChargeKind::Shipping),
        "D" => CodeKind::Charge(ChargeKind::Discount),
        "M" => CodeKind::Charge(ChargeKind::Manual),
        "BANK CHARGES" => CodeKind::NoCommerce(NoCommerce::BankCharge),
        "AMAZONFEE" => CodeKind::NoCommerce(NoCommerce::MarketplaceFee),
        "CRUK" => CodeKind::NoCommerce(NoCommerce::CharityCommission),
        "B" => CodeKind::NoCommerce(NoCommerce::BadDebt),
        "S" => CodeKind::NoCommerce(NoCommerce::Samples),
        _ => CodeKind::Goods,
    }
}

/// Whether a description says something; the file writes `nan` where there was none.
pub(crate) fn described(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty() && *text != "nan")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_character_tells_what_an_invoice_is() {
        let kinds = ["536365", "C536379", "A563185", "X1", ""].map(invoice_kind);
        let expected = [
            InvoiceKind::Sale,
            InvoiceKind::Cancellation,
            InvoiceKind::BadDebt,
            InvoiceKind::Unknown,
            InvoiceKind::Unknown,
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn carriage_discounts_and_fees_are_no_goods() {
        assert_eq!(code_kind("POST"), CodeKind::Charge(ChargeKind::Shipping));
        assert_eq!(code_kind("D"), CodeKind::Charge(ChargeKind::Discount));
        assert_eq!(code_kind("M"), CodeKind::Charge(ChargeKind::Manual));
        assert_eq!(code_kind("AMAZONFEE"), CodeKind::NoCommerce(NoCommerce::MarketplaceFee));
    }

    #[test]
    fn vouchers_pads_and_party_bags_are_goods() {
        for code in ["85123A", "GIFT_0001_20", "PADS", "DCGSSGIRL", "DCGS0066P"] {
            assert_eq!(code_kind(code), CodeKind::Goods, "{code}");
        }
    }

    #[test]
    fn a_missing_description_is_told_from_a_short_one() {
        assert_eq!(described(" nan "), None);
        assert_eq!(described(""), None);
        assert_eq!(described(" ? "), Some("?"));
    }
}

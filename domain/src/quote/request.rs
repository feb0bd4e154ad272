//! What a quote is asked for, and what is known at that time: the arguments of [`price`](super::price) but the time.
//! Who makes them has read the catalog and the shop's rules; nothing is looked up later.

use super::{CarriageMethod, PriceMode, PricedArticle, Promotion, TaxTable};
use crate::{Currency, LineId, Quantity, Sku};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};

/// A basket of articles with all that changes its price.
#[derive(Debug, Clone, PartialEq)]
pub struct QuoteRequest {
    pub currency: Currency,
    pub lines: Vec<RequestedLine>,
    /// As they were entered; case and spaces around them do not matter.
    pub codes: Vec<String>,
    /// The method of carriage that was chosen.
    pub method: Option<String>,
    pub staff_charges: Vec<StaffCharge>,
    pub staff_discounts: Vec<StaffDiscount>,
}

/// An article with a quantity.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestedLine {
    pub line_id: LineId,
    pub sku: Sku,
    pub quantity: Quantity,
    /// The unit price that staff set.
    pub price_override: Option<i64>,
}

/// An amount that staff charges.
#[derive(Debug, Clone, PartialEq)]
pub struct StaffCharge {
    pub label: String,
    pub amount: i64,
    pub tax_class: String,
}

/// An amount that staff takes off the whole; it is recorded as the promotion `staff:<n>`.
#[derive(Debug, Clone, PartialEq)]
pub struct StaffDiscount {
    pub amount: i64,
    pub reason_code: String,
}

/// Where and how is sold.
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    pub country: String,
    pub region: Option<String>,
    pub channel: String,
    pub prices: PriceMode,
    /// The day by which rates of tax are chosen, in the market's time zone.
    pub tax_date: Date,
}

/// What is known of who buys, as far as it changes the price.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QuoteBuyer {
    pub customer_id: Option<String>,
    pub groups: BTreeSet<String>,
    pub tax_number: Option<String>,
    /// Proof that the tax number was valid; without it there is no reverse charge.
    pub tax_evidence: Option<String>,
    pub exempt: bool,
}

/// A gift card or a store credit with what is left on it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredValue {
    pub kind: String,
    pub id: String,
    pub available: i64,
}

/// All that is known when a quote is made.
#[derive(Debug, Clone, PartialEq)]
pub struct QuoteInputs {
    pub market: Market,
    pub buyer: QuoteBuyer,
    /// By SKU; what is missing is not for sale.
    pub articles: BTreeMap<Sku, PricedArticle>,
    pub promotions: Vec<Promotion>,
    pub methods: Vec<CarriageMethod>,
    /// None for a shop that says nothing of tax.
    pub tax: Option<TaxTable>,
    /// In the order in which they are to pay.
    pub stored: Vec<StoredValue>,
}

/// A code as codes are compared.
pub(super) fn normal_code(code: &str) -> String {
    code.trim().to_uppercase()
}

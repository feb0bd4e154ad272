//! Why a line is not imported. Every such line stands in the report with its number and one of these.

use crate::value::Value;

/// Why a line was rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("a charge of the shop's bank, no trade with a customer")]
    BankCharge,
    #[error("a marketplace's fee, no trade with a customer")]
    MarketplaceFee,
    #[error("commission paid to a charity, no trade with a customer")]
    CharityCommission,
    #[error("an adjustment of bad debt, no trade with a customer")]
    BadDebt,
    #[error("the shop's own samples, booked to nobody and under no article")]
    Samples,
    #[error("an invoice number that begins with neither a digit nor C nor A")]
    UnknownInvoiceKind,
    #[error(
        "the stock code cannot be a SKU (1 to 64 printable ASCII characters, spaces only between others)"
    )]
    CodeIsNoSku,
    #[error("the customer number cannot be a customer id (letters, digits, '-', '_', '.' only)")]
    InvalidCustomer,
    #[error("customer or country is not that of the invoice's first line (line {first_line})")]
    DiffersFromInvoice { first_line: u32 },
    #[error("a quantity of zero moves nothing")]
    ZeroQuantity,
    #[error("a negative price")]
    NegativePrice,
    #[error("a positive quantity on a cancellation")]
    PositiveCancellation,
    #[error("a negative quantity at a price on an invoice that is no cancellation")]
    NegativeAtAPrice,
    #[error("more than 999,999 units of one article")]
    TooMany,
    #[error("more than ten million million, beyond any sale")]
    TooMuch,
    #[error("worth {value}, but at a unit price to the penny it would be booked as {booked}")]
    PriceTooFine { value: Value, booked: Value },
    #[error("a discount that adds to the bill")]
    DiscountAdds,
    #[error("discounts beyond what is to pay")]
    DiscountBeyondTotal,
    #[error("a charge of nothing on an invoice without goods")]
    NothingCharged,
    #[error("came back from nobody: without a customer no earlier sale can be found")]
    ReturnWithoutCustomer,
    #[error("the customer bought none of it in this file before")]
    NeverBought,
    #[error("{asked} came back, but of {bought} bought before only {left} had not come back already")]
    MoreThanBought { asked: u32, bought: u32, left: u32 },
    #[error("bought at {bought_at}, but credited at {credited_at}: a return refunds the price that was paid")]
    OtherPrice { bought_at: Value, credited_at: Value },
    #[error("given back to nobody: without a customer no order can be credited")]
    CreditWithoutCustomer,
    #[error("no earlier order of the customer with as much left to give back")]
    NothingToCredit,
    #[error("the shop refused it: {0}")]
    Refused(String),
}

impl Reason {
    /// A stable name, for counting.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::BankCharge => "bank_charge",
            Self::MarketplaceFee => "marketplace_fee",
            Self::CharityCommission => "charity_commission",
            Self::BadDebt => "bad_debt",
            Self::Samples => "samples",
            Self::UnknownInvoiceKind => "unknown_invoice_kind",
            Self::CodeIsNoSku => "code_is_no_sku",
            Self::InvalidCustomer => "invalid_customer",
            Self::DiffersFromInvoice { .. } => "differs_from_invoice",
            Self::ZeroQuantity => "zero_quantity",
            Self::NegativePrice => "negative_price",
            Self::PositiveCancellation => "positive_cancellation",
            Self::NegativeAtAPrice => "negative_at_a_price",
            Self::TooMany => "too_many",
            Self::TooMuch => "too_much",
            Self::PriceTooFine { .. } => "price_too_fine",
            Self::DiscountAdds => "discount_adds",
            Self::DiscountBeyondTotal => "discount_beyond_total",
            Self::NothingCharged => "nothing_charged",
            Self::ReturnWithoutCustomer => "return_without_customer",
            Self::NeverBought => "never_bought",
            Self::MoreThanBought { .. } => "more_than_bought",
            Self::OtherPrice { .. } => "other_price",
            Self::CreditWithoutCustomer => "credit_without_customer",
            Self::NothingToCredit => "nothing_to_credit",
            Self::Refused(_) => "refused",
        }
    }
}

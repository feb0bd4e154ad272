//! What a customer pays: the only function that computes the amounts of a basket of articles.
//!
//! [`price`] is pure: the request, what is known of articles, promotions, carriage and tax, and the time come in as
//! arguments, and equal arguments give the equal quote. Each stage works on what the one before left:
//!
//! 1. unit price: of the lists that fit, or what staff set (`articles`)
//! 2. line promotions, 3. multi-buy on units (`multi_buy`), 4. order promotions
//! 5. charges (`carriage`), 6. shipping promotions
//! 7. tax (`tax`), 8. tenders
//!
//! Which promotions apply is chosen by running the stages (`choice`): the set that saves the customer most. Amounts are
//! whole minor units of one currency; there is no float. It does not read the catalog, hold stock or coupon uses, or
//! write anything.

mod articles;
mod assembly;
mod carriage;
mod choice;
mod limits;
mod matching;
mod multi_buy;
mod parts;
mod pricing;
mod promotion;
mod quote_id;
mod request;
mod result;
mod rounding;
mod stages;
mod tax;
mod tax_table;

pub use articles::{ListedPrice, PriceMode, PriceTier, PricedArticle};
pub use carriage::{CarriageBand, CarriageMeasure, CarriageMethod, CarriageTax};
pub use limits::{MAX_AMOUNT, MAX_LINES, MAX_PROMOTIONS, QuoteRefusal};
pub use matching::ArticleMatch;
pub use pricing::price;
pub use promotion::{BundleSet, Promotion, PromotionClass, PromotionCondition, PromotionKind, SavingSpread};
pub use request::{
    Market, QuoteBuyer, QuoteInputs, QuoteRequest, RequestedLine, StaffCharge, StaffDiscount, StoredValue,
};
pub use result::{
    AppliedPromotion, ConsideredPromotion, ConsideredReason, NextTier, PromotionSearch, Quote, QuoteBlocker,
    QuoteTotals, QuotedCharge, QuotedLine, QuotedTax, QuotedTender, RateTotal, TaxLine,
};
pub use tax_table::{QuotedRate, SellerRegistration, TaxLevel, TaxReason, TaxRow, TaxTable};

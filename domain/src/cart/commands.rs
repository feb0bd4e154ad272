//! What can be asked of a cart, and why it may be refused.

use super::{AbandonReason, CartLine};
use crate::{
    CartId, CountryCode, Currency, CustomerId, LineId, Money, OrderId, Personal, ProductId, Quantity, Sku,
    command::commands, order::Charge, rejection::rejections,
};
use serde::Serialize;

commands! {
    /// What can be asked of a cart.
    CartCommand {
        CreateCart, AddLines, ChangeLineQuantity, RemoveLine, AssignCustomer, SetContact, RepriceCart, CheckOutCart,
        CompleteCart, MergeCart, AbandonCart,
    }
}

/// Begins a cart, with lines if there are any already.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateCart {
    pub cart_id: CartId,
    pub currency: Currency,
    pub country: Option<CountryCode>,
    pub customer_id: Option<CustomerId>,
    pub lines: Vec<NewLine>,
}

/// An article to add, at the price the catalog shows.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLine {
    pub sku: Sku,
    pub product_id: ProductId,
    pub title: String,
    pub quantity: Quantity,
    pub unit_price: Money,
}

impl From<CartLine> for NewLine {
    /// The same article again, for another cart.
    fn from(line: CartLine) -> Self {
        let CartLine { line_id: _, sku, product_id, title, quantity, unit_price } = line;
        Self { sku, product_id, title, quantity, unit_price }
    }
}

/// Adds lines; one of the same SKU at the same price adds to the line that is there.
#[derive(Debug, Clone, PartialEq)]
pub struct AddLines {
    pub lines: Vec<NewLine>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ChangeLineQuantity {
    pub line_id: LineId,
    pub quantity: Quantity,
}

#[derive(Debug, Clone, PartialEq)]
pub struct RemoveLine {
    pub line_id: LineId,
}

/// A guest is now known.
#[derive(Debug, Clone, PartialEq)]
pub struct AssignCustomer {
    pub customer_id: CustomerId,
}

/// Says who the goods go to and where; replaces what was known of the person.
#[derive(Debug, Clone, PartialEq)]
pub struct SetContact {
    /// None: as it was.
    pub country: Option<CountryCode>,
    pub personal: Personal,
}

/// What the catalog says of a SKU now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrentOffer {
    pub sku: Sku,
    /// None: not for sale in the cart's currency any more.
    pub unit_price: Option<Money>,
}

/// Takes over today's prices.
#[derive(Debug, Clone, PartialEq)]
pub struct RepriceCart {
    pub offers: Vec<CurrentOffer>,
}

/// Turns the cart into an order, unless something blocks it.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckOutCart {
    pub payment_token: String,
    /// Today's offers for the SKUs in the cart; a price that changed blocks the checkout. None: the caller
    /// vouches for the prices (an import of what was already sold).
    pub offers: Option<Vec<CurrentOffer>>,
    pub charges: Vec<Charge>,
    pub reference: Option<String>,
    /// Replaces what the cart knows of the person, if given.
    pub personal: Option<Personal>,
}

/// The order is confirmed (asked by a process).
#[derive(Debug, Clone, PartialEq)]
pub struct CompleteCart {
    pub order_id: OrderId,
}

/// Ends this guest cart and moves its lines to `into`.
#[derive(Debug, Clone, PartialEq)]
pub struct MergeCart {
    pub into: CartId,
}

/// Ends the cart without an order.
#[derive(Debug, Clone, PartialEq)]
pub struct AbandonCart {
    pub reason: AbandonReason,
    /// Only if the cart's stream has had no event since this version; none: whatever happened.
    pub unchanged_since: Option<u64>,
}

/// A price that is not what the cart has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PriceChange {
    pub line_id: LineId,
    pub sku: Sku,
    pub in_cart: Money,
    /// None: not for sale any more.
    pub now: Option<Money>,
}

/// One thing that stands between a cart and its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "blocker", rename_all = "snake_case")]
pub enum CheckoutBlocker {
    NoLines,
    PriceChanged { change: PriceChange },
    NotForSale { line_id: LineId, sku: Sku },
    OutOfStock { sku: Sku, requested: u32, available: i64 },
    NegativeTotal { total: Money },
}

impl CheckoutBlocker {
    /// What a line's price blocks: `in_cart` is what the customer saw, `now` what the catalog asks (none: it is not for sale).
    /// The one rule for the decision and for the view that tells it beforehand.
    #[must_use]
    pub fn of_line(line_id: LineId, sku: &Sku, in_cart: Money, now: Option<Money>) -> Option<Self> {
        let sku = sku.clone();
        match now {
            Some(price) if price == in_cart => None,
            Some(_) => Some(Self::PriceChanged { change: PriceChange { line_id, sku, in_cart, now } }),
            None => Some(Self::NotForSale { line_id, sku }),
        }
    }
}

rejections! {
    /// Why a cart command is refused.
    CartRejection {
        #[class(Missing)]
        #[error("no such cart")]
        CartNotFound {},
        #[class(Conflict)]
        #[error("the cart exists already")]
        CartExists {},
        #[class(Conflict)]
        #[error("the cart is {state}, not active")]
        CartNotActive { state: String, order_id: Option<OrderId> },
        #[class(Missing)]
        #[error("the cart has no line {line_id}")]
        LineNotFound { line_id: LineId },
        #[class(Own("foreign-currency"))]
        #[error("{sku} is priced in {offered}, the cart is in {expected}")]
        ForeignCurrency { sku: Sku, offered: Currency, expected: Currency },
        #[class(Invalid)]
        #[error("the cart would have {lines} lines; {allowed} are allowed")]
        TooManyLines { lines: usize, allowed: usize },
        #[class(Conflict)]
        #[error("the cart has had {changes} changes; {allowed} are allowed: copy it, and go on with the copy")]
        TooManyChanges { changes: u64, allowed: u64 },
        #[class(Invalid)]
        #[error("{sku} would be {quantity} units; 999999 are allowed")]
        TooMany { sku: Sku, quantity: u64 },
        #[class(Invalid)]
        #[error("the price of {sku} is negative")]
        NegativePrice { sku: Sku },
        #[class(Own("checkout-blocked"))]
        #[error("checkout is blocked")]
        CheckoutBlocked { blockers: Vec<CheckoutBlocker> },
        #[class(Conflict)]
        #[error("the cart belongs to a customer")]
        CartHasCustomer { customer_id: CustomerId },
        #[class(Invalid)]
        #[error("a cart cannot be merged into itself")]
        MergeIntoItself {},
        #[class(Own("card-number-refused"))]
        #[error("the payment token looks like a card number; pass the gateway's token, never the card")]
        CardNumberRefused {},
        #[class(Invalid)]
        #[error("{field}: {detail}")]
        InvalidCart { field: String, detail: String },
        #[class(Conflict)]
        #[error("something happened to the cart after version {unchanged_since}; it is at {version}")]
        CartHasChanged { version: u64, unchanged_since: u64 },
        #[class(Invalid)]
        #[error("the total does not fit")]
        TotalTooLarge {},
        #[class(Conflict)]
        #[error("order {order_id} is not this cart's")]
        OrderIsNotThisCarts { order_id: OrderId },
    }
}

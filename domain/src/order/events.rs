//! What happens to orders.

use crate::{
    CartId, CountryCode, CreditId, Currency, CustomerId, LineId, LocationId, Money, OrderId, OrderNumber,
    PaymentId, Personal, ProductId, Quantity, ReturnId, ShipmentId, Sku, event::events,
    inventory::UnitsAtPlace,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

events! {
    /// What happens to orders.
    OrderEvent of super::Order, upcast by upcast {
        OrderPlaced = 1,
        OrderAllocated = 1,
        AllocationDiscarded = 1,
        OrderConfirmed = 1,
        OrderRejected = 1,
        OrderCancelled = 1,
        LinesCancelled = 1,
        OrderShipped = 1,
        OrderDelivered = 1,
        OrderCompleted = 1,
        OrderReturned = 1,
        OrderCredited = 1,
        AllocationMoved = 1,
        OrderShort = 1,
        ShortageResolved = 1,
    }
}

/// No order event has an older schema yet.
fn upcast(_event_type: &str, _from_version: u16, payload: serde_json::Value) -> serde_json::Value {
    payload
}

/// What an amount beside the articles is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ChargeKind {
    /// Carriage.
    Shipping,
    /// Less to pay: a negative amount, spread over the lines by largest remainder.
    Discount,
    /// Entered by hand.
    Manual,
}

/// An amount on an order that is no article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Charge {
    pub kind: ChargeKind,
    pub label: String,
    /// Negative for a discount.
    pub amount: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderLine {
    pub line_id: LineId,
    pub sku: Sku,
    pub product_id: ProductId,
    pub title: String,
    pub quantity: Quantity,
    pub unit_price: Money,
    /// Quantity × unit price, less the line's share of the discounts: what is refunded if all comes back.
    pub net: Money,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderPlaced {
    pub order_id: OrderId,
    pub number: OrderNumber,
    pub cart_id: CartId,
    pub payment_id: PaymentId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    pub currency: Currency,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    pub lines: Vec<OrderLine>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
    /// Lines and charges together.
    pub total: Money,
    pub payment_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default)]
    pub personal: Personal,
}

/// Units of a SKU set aside at a location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Allocation {
    pub sku: Sku,
    pub location: LocationId,
    pub quantity: Quantity,
}

impl UnitsAtPlace for Allocation {
    fn quantity(&mut self) -> &mut Quantity {
        &mut self.quantity
    }
}

/// All lines have stock set aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderAllocated {
    pub order_id: OrderId,
    pub payment_id: PaymentId,
    pub amount: Money,
    pub payment_token: String,
    pub allocations: Vec<Allocation>,
}

/// Stock was set aside for an order that had come to nothing in the meantime; it is let go again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AllocationDiscarded {
    pub order_id: OrderId,
    pub skus: Vec<Sku>,
}

/// Paid for (authorised) and to be shipped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderConfirmed {
    pub order_id: OrderId,
    pub cart_id: CartId,
}

/// Why an order came to nothing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[schemars(inline)]
pub enum RejectReason {
    OutOfStock {
        sku: Sku,
        requested: u32,
        available: i64,
    },
    /// The gateway said no; `code` is its normalised reason, for example `insufficient_funds`.
    PaymentDeclined {
        code: String,
    },
    /// Nobody completed the payment within the time stock is held.
    PaymentTimedOut {},
    /// Stock set aside was let go before payment was through.
    ReservationExpired {
        sku: Sku,
    },
}

/// The shop says no; what was set aside is let go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderRejected {
    pub order_id: OrderId,
    pub cart_id: CartId,
    pub payment_id: PaymentId,
    pub reason: RejectReason,
    /// Whether the order was allocated, and so payment may have been asked for.
    pub allocated: bool,
    /// SKUs that may have stock set aside for this order.
    pub skus: Vec<Sku>,
}

/// The customer or the shop changed their mind before anything left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCancelled {
    pub order_id: OrderId,
    pub cart_id: CartId,
    pub payment_id: PaymentId,
    pub reason: String,
    /// Whether the order was allocated, and so payment may have been asked for.
    pub allocated: bool,
    /// SKUs that may have stock set aside for this order.
    pub skus: Vec<Sku>,
}

/// Some units of one line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineQuantity {
    pub line_id: LineId,
    pub quantity: Quantity,
}

/// Some units of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SkuQuantity {
    pub sku: Sku,
    pub quantity: Quantity,
}

/// Units that had not left will not; they are not captured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LinesCancelled {
    pub order_id: OrderId,
    pub payment_id: PaymentId,
    pub lines: Vec<LineQuantity>,
    /// The same units counted per SKU, for the inventory.
    pub skus: Vec<SkuQuantity>,
    /// What they would have cost, discounts taken off.
    pub worth: Money,
    pub reason: String,
    /// What of the authorisation is let go: everything cancelled so far, when nothing is left to ship.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Money>,
}

/// Goods left; their price is captured, carriage and manual charges with the first shipment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderShipped {
    pub order_id: OrderId,
    pub shipment_id: ShipmentId,
    pub payment_id: PaymentId,
    pub lines: Vec<LineQuantity>,
    /// The same goods counted per SKU, for the inventory.
    pub skus: Vec<SkuQuantity>,
    /// What to capture for this shipment.
    pub amount: Money,
    /// Where they left; none: where they were set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// What of the authorisation is let go, because lines were cancelled and nothing is left to ship.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderDelivered {
    pub order_id: OrderId,
    pub lines: Vec<LineQuantity>,
}

/// Everything was delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCompleted {
    pub order_id: OrderId,
}

/// In which condition goods came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ReturnCondition {
    /// Back on the shelf.
    Sellable,
    /// Not to be sold again; stock stays as it is.
    Damaged,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReturnedLine {
    pub line_id: LineId,
    pub sku: Sku,
    pub quantity: Quantity,
    pub condition: ReturnCondition,
}

/// Goods came back; their price is refunded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderReturned {
    pub order_id: OrderId,
    pub return_id: ReturnId,
    pub payment_id: PaymentId,
    pub lines: Vec<ReturnedLine>,
    /// What to refund.
    pub refund: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where they were put.
    pub location: LocationId,
}

/// Money is given back though no goods came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderCredited {
    pub order_id: OrderId,
    pub credit_id: CreditId,
    pub payment_id: PaymentId,
    /// What it is taken off.
    pub kind: ChargeKind,
    pub label: String,
    /// What to refund; positive.
    pub amount: Money,
}

/// Stock set aside for the order is to come from another location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AllocationMoved {
    pub order_id: OrderId,
    pub sku: Sku,
    pub from: LocationId,
    pub to: LocationId,
    pub quantity: Quantity,
    /// The version of the SKU's stream that says so.
    pub stock_version: u64,
}

/// Units that are set aside for the order are not there: lost, or sold on backorder and still on their way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderShort {
    pub order_id: OrderId,
    pub sku: Sku,
    /// How many of the SKU in all.
    pub uncovered: Quantity,
    /// The version of the SKU's stream that says so.
    pub stock_version: u64,
}

/// All units of the SKU that are set aside for the order are there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShortageResolved {
    pub order_id: OrderId,
    pub sku: Sku,
    /// The version of the SKU's stream that says so.
    pub stock_version: u64,
}

//! An order as the shop shows it.

use crate::payment::PaymentSummary;
use daybook_domain::{
    CartId, CountryCode, CreditId, Currency, CustomerId, LineId, LocationId, Money, OrderId, OrderNumber,
    PaymentId, Personal, ProductId, ReturnId, ShipmentId, Sku, Timestamp,
    order::{Allocation, Charge, ChargeKind, LineQuantity, RejectReason, ReturnedLine, SkuQuantity},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What was sold, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderView {
    #[serde(rename = "id")]
    pub order_id: OrderId,
    /// What people call it.
    pub number: OrderNumber,
    /// The shop's or the customer's own reference, for example an invoice number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    pub cart_id: CartId,
    pub payment_id: PaymentId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    pub currency: Currency,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<CountryCode>,
    pub state: OrderState,
    /// Why the shop said no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_because: Option<RejectReason>,
    /// Why it was cancelled, in the words of whoever did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled_because: Option<String>,
    pub fulfilment: FulfilmentState,
    pub payment: PaymentSummary,
    pub lines: Vec<OrderLineView>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub charges: Vec<Charge>,
    /// Lines and charges together.
    pub total: Money,
    /// Where its stock was set aside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allocations: Vec<Allocation>,
    /// Units set aside that are not there: lost, or sold on backorder and on their way.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shortages: Vec<SkuQuantity>,
    /// What somebody has to do next; empty: nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<OrderNeed>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shipments: Vec<ShipmentView>,
    /// Units that were cancelled while others stayed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancellations: Vec<CancellationView>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returns: Vec<ReturnView>,
    /// Money given back though no goods came back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub credits: Vec<CreditView>,
    /// Who the goods go to and where.
    pub contact: Personal,
    /// What happened when, payment included, in the log's order.
    pub timeline: Vec<TimelineEntry>,
    pub placed_at: Timestamp,
    pub updated_at: Timestamp,
    /// The order's version, for conditional requests.
    pub version: u64,
    /// The log position of its last change.
    pub position: u64,
}

/// Where the order is as a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum OrderState {
    Placed,
    Confirmed,
    Completed,
    Rejected,
    Cancelled,
}

/// What somebody has to do about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum OrderNeed {
    /// Units are set aside, paid for and there: they can be sent.
    Shipping,
    /// Units that are set aside are not there: receive or count them, or cancel.
    Stock,
}

impl OrderNeed {
    pub const ALL: [Self; 2] = [Self::Shipping, Self::Stock];

    /// As it is written.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Shipping => "shipping",
            Self::Stock => "stock",
        }
    }
}

impl FromStr for OrderNeed {
    type Err = UnknownNeed;

    fn from_str(text: &str) -> Result<Self, UnknownNeed> {
        Self::ALL.into_iter().find(|need| need.name() == text).ok_or(UnknownNeed)
    }
}

/// The text names no need.
#[derive(Debug, thiserror::Error)]
#[error("expected {}", OrderNeed::ALL.map(OrderNeed::name).join(" or "))]
pub struct UnknownNeed;

impl OrderView {
    /// What has to be done, as its state and its units say.
    pub(super) fn derive_needs(&mut self) {
        self.needs.clear();
        let set_aside: u64 = self.lines.iter().map(|line| u64::from(line.allocated)).sum();
        let short: u64 = self.shortages.iter().map(|short| u64::from(short.quantity.get())).sum();
        if self.state == OrderState::Confirmed && set_aside > short {
            self.needs.push(OrderNeed::Shipping);
        }
        if short > 0 && set_aside > 0 {
            self.needs.push(OrderNeed::Stock);
        }
    }
}

/// Where the goods are; follows from the lines' ledgers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum FulfilmentState {
    Unfulfilled,
    Allocated,
    PartiallyShipped,
    Shipped,
    PartiallyDelivered,
    Delivered,
    PartiallyReturned,
    Returned,
}

/// One article of an order with its ledger: `ordered = open + allocated + shipped + cancelled` and
/// `returned ≤ delivered ≤ shipped`, all in units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderLineView {
    pub line_id: LineId,
    pub sku: Sku,
    pub product_id: ProductId,
    pub title: String,
    pub unit_price: Money,
    /// Quantity × unit price, less the line's share of the discounts.
    pub net: Money,
    pub ordered: u32,
    pub open: u32,
    pub allocated: u32,
    pub shipped: u32,
    pub cancelled: u32,
    pub delivered: u32,
    pub returned: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShipmentView {
    #[serde(rename = "id")]
    pub shipment_id: ShipmentId,
    pub lines: Vec<LineQuantity>,
    /// What is captured for it.
    pub amount: Money,
    /// Where the goods left, if it was said; else where they were set aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    pub shipped_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CancellationView {
    pub lines: Vec<LineQuantity>,
    /// What they would have cost.
    pub worth: Money,
    pub reason: String,
    pub cancelled_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReturnView {
    #[serde(rename = "id")]
    pub return_id: ReturnId,
    pub lines: Vec<ReturnedLine>,
    /// What is refunded for it.
    pub refund: Money,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub returned_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CreditView {
    #[serde(rename = "id")]
    pub credit_id: CreditId,
    /// What it is taken off.
    pub kind: ChargeKind,
    pub label: String,
    /// What is refunded for it.
    pub amount: Money,
    pub credited_at: Timestamp,
}

/// Something that happened to the order or its payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineEntry {
    /// The event's type, for example `OrderPlaced`.
    pub event: String,
    pub occurred_at: Timestamp,
    pub recorded_at: Timestamp,
    pub actor: String,
    pub position: u64,
}

impl FulfilmentState {
    /// Where the goods of these lines are, as a whole.
    pub(super) fn of(lines: &[OrderLineView]) -> Self {
        let sum =
            |units: fn(&OrderLineView) -> u32| lines.iter().map(|line| u64::from(units(line))).sum::<u64>();
        let to_ship = sum(|line| line.ordered - line.cancelled);
        let (shipped, delivered) = (sum(|line| line.shipped), sum(|line| line.delivered));
        let (returned, allocated) = (sum(|line| line.returned), sum(|line| line.allocated));
        if returned > 0 && returned == to_ship {
            Self::Returned
        } else if returned > 0 {
            Self::PartiallyReturned
        } else if delivered > 0 && delivered == to_ship {
            Self::Delivered
        } else if delivered > 0 {
            Self::PartiallyDelivered
        } else if shipped > 0 && shipped == to_ship {
            Self::Shipped
        } else if shipped > 0 {
            Self::PartiallyShipped
        } else if allocated > 0 {
            Self::Allocated
        } else {
            Self::Unfulfilled
        }
    }
}

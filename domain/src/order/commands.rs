//! What can be asked of an order, and why it may be refused.

use super::{Allocation, ChargeKind, LineQuantity, RejectReason, ReturnCondition};
use crate::{
    CreditId, LineId, LocationId, Money, OrderId, Quantity, ReturnId, ShipmentId, Sku, cart::CartCheckedOut,
    command::commands, rejection::rejections,
};

commands! {
    /// What can be asked of an order.
    OrderCommand {
        PlaceOrder, AllocateOrder, ConfirmOrder, RejectOrder, CancelOrder, CancelLines, ShipOrder, DeliverOrder,
        ReturnGoods, CreditOrder, MoveAllocation, SetShortage,
    }
}

/// A cart was checked out.
#[derive(Debug, Clone, PartialEq)]
pub struct PlaceOrder {
    pub checkout: CartCheckedOut,
}

/// Stock for every line was set aside.
#[derive(Debug, Clone, PartialEq)]
pub struct AllocateOrder {
    pub allocations: Vec<Allocation>,
}

/// Payment is authorised and all stock is committed.
#[derive(Debug, Clone, PartialEq)]
pub struct ConfirmOrder {}

#[derive(Debug, Clone, PartialEq)]
pub struct RejectOrder {
    pub reason: RejectReason,
}

#[derive(Debug, Clone, PartialEq)]
pub struct CancelOrder {
    pub reason: String,
}

/// Units of a confirmed order that have not left will not. If none is left and none was sent, the order is cancelled.
#[derive(Debug, Clone, PartialEq)]
pub struct CancelLines {
    /// None: everything not yet shipped.
    pub lines: Option<Vec<LineQuantity>>,
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ShipOrder {
    pub shipment_id: ShipmentId,
    /// Where the goods leave; none: where they are set aside, if that is one location.
    pub location: Option<LocationId>,
    /// None: everything not yet shipped.
    pub lines: Option<Vec<LineQuantity>>,
    pub carrier: Option<String>,
    pub tracking: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct DeliverOrder {
    /// None: everything shipped and not yet delivered.
    pub lines: Option<Vec<LineQuantity>>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct ReturnGoods {
    pub return_id: ReturnId,
    pub lines: Vec<(LineQuantity, ReturnCondition)>,
    pub reason: Option<String>,
    /// Where they are put; none: where the order's first allocation of the SKU came from.
    pub location: Option<LocationId>,
}

/// Gives money back though no goods come back: a discount granted later, carriage or an amount entered by hand
/// taken back. Saying it again under the same id changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct CreditOrder {
    pub credit_id: CreditId,
    /// What it is taken off.
    pub kind: ChargeKind,
    pub label: String,
    /// More than nothing, at most what was paid and not given back yet.
    pub amount: Money,
}

/// Stock set aside for the order is to come from another location.
#[derive(Debug, Clone, PartialEq)]
pub struct MoveAllocation {
    pub sku: Sku,
    pub from: LocationId,
    pub to: LocationId,
    pub quantity: Quantity,
    /// Units of the SKU that are set aside and not there, wherever.
    pub uncovered: u32,
    /// The version of the SKU's stream that says so.
    pub stock_version: u64,
}

/// Says how many units of a SKU are set aside for the order and not there. What an older version of the stock says after a
/// newer one changes nothing.
#[derive(Debug, Clone, PartialEq)]
pub struct SetShortage {
    pub sku: Sku,
    pub uncovered: u32,
    /// The version of the SKU's stream that says so.
    pub stock_version: u64,
}

rejections! {
    /// Why an order command is refused.
    OrderRejection {
        #[class(Missing)]
        #[error("no such order")]
        OrderNotFound {},
        #[class(Conflict)]
        #[error("the order exists already")]
        OrderExists { order_id: OrderId },
        #[class(Conflict)]
        #[error("the order is {state}")]
        WrongState { state: String },
        #[class(Invalid)]
        #[error("the order has no line {line_id}")]
        UnknownLine { line_id: LineId },
        #[class(Conflict)]
        #[error("line {line_id}: {requested} asked for, {possible} possible")]
        TooManyUnits { line_id: LineId, requested: u32, possible: u32 },
        #[class(Own("choose-location"))]
        #[error("units are set aside at {} locations; say which one they leave", choices.len())]
        ChooseLocation { choices: Vec<LocationId> },
        #[class(Conflict)]
        #[error("nothing is left to do")]
        NothingToDo {},
        #[class(Conflict)]
        #[error("{requested} to give back; {possible} was paid for goods that left, and not given back yet")]
        MoreThanPaid { requested: Money, possible: Money },
        #[class(Conflict)]
        #[error("goods of the order have left already")]
        AlreadyShipped {},
        #[class(Conflict)]
        #[error("allocations do not cover {sku}: {ordered} ordered, {allocated} allocated")]
        NotCovered { sku: Sku, ordered: u32, allocated: u32 },
        #[class(Invalid)]
        #[error("the total {total} does not fit its lines and charges")]
        TotalDiffers { total: Money },
        #[class(Invalid)]
        #[error("{field}: {detail}")]
        InvalidOrder { field: String, detail: String },
    }
}

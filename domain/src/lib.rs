//! What the shop decides: aggregates, events, money, ids and processes.
//!
//! Everything here is pure and synchronous: no IO, no clock, no randomness, no async work, no database,
//! no HTTP. Time and ids come in as arguments. An aggregate decides on `(state, command)` and answers with
//! events or with a rejection; a process turns events into further commands.
//!
//! # Glossary
//!
//! - **Aggregate**: decides on commands and remembers by events; a [`Decider`] in the list below.
//! - **Command**: a wish, imperative (`PlaceOrder`). **Event**: a fact, past tense (`OrderPlaced`).
//! - **Rejection**: the business says no, with its reason as data (`OutOfStock { sku, requested, available }`) and its
//!   [`Class`]: what it means for the client, and so which problem it is over HTTP.
//! - **Event kind**: a type of event as a typed constant (`OrderPlaced::KIND`). **Interests**: a set of kinds, what a
//!   process or a read model wants to see.
//! - **Version** and **revision** of an event: a version has a shape of its own and an `upcast` from the one before;
//!   a revision of a version has more optional fields (`schemas/README.md`).
//! - **State**: what an aggregate's events have made of it; stored as a snapshot under its `STATE_VERSION`.
//! - **Samples**: states, commands and full payloads by which generic tests know every aggregate.
//! - **Process**: events in, commands out, named as a sentence (`reserve_stock_when_order_is_placed`).
//! - **Line**: one article at one price in a cart or an order, with an id of its own.
//! - **Reservation**: stock held for one order; until a time, then committed, then shipped or released.
//! - **Location**: a warehouse or shop that holds stock; open, or closed.
//! - **Quote**: what a basket of articles costs, with where each amount comes from; made by [`quote::price`] alone.
//! - **Charge**: an amount on an order that is no article: carriage, a discount, a manual amount.
//!
//! # An aggregate
//!
//! is a folder with `commands.rs` (commands and rejections), `events.rs` (events and how older versions are read), a
//! file of its own name (state, `decide`, `evolve`) and `samples.rs`; parts that are concepts have files of their own.
//! Its line in `aggregates!` below makes [`Command`], [`Event`], [`Rejection`], [`AggregateState`] and [`AGGREGATES`]
//! know it, and with them the engine, snapshots, NATS, schemas, HTTP problems, the replay tool and the generic tests.
//! `CONTRIBUTING.md` has the steps, `tests/tests/how_to_add.rs` counts the places.
//!
//! # What is asked of whom, and what follows
//!
//! | aggregate | commands | events |
//! |---|---|---|
//! | [`product`] | `PutProduct` | `ProductCreated`, or of `ProductRevised`, `PricesChanged` and a change of status what applies |
//! | | `ChangePrices` | `PricesChanged` |
//! | | `PublishProduct`, `ArchiveProduct` | `ProductPublished`, `ProductArchived` (back to draft: `ProductUnpublished`) |
//! | [`skuowner`] | `ClaimSku` | `SkuClaimed` |
//! | [`cart`] | `CreateCart`, `AddLines` | `CartCreated`, `CartLinesAdded`, `CartLineQuantityChanged` |
//! | | `ChangeLineQuantity`, `RemoveLine`, `RepriceCart` | `CartLineQuantityChanged`, `CartLineRemoved`, `CartRepriced` |
//! | | `AssignCustomer`, `SetContact` | `CartAssigned`, `CartContactSet` |
//! | | `CheckOutCart`, `CompleteCart` | `CartCheckedOut`, `CartOrdered` |
//! | | `MergeCart`, `AbandonCart` | `CartMerged`, `CartAbandoned` |
//! | [`order`] | `PlaceOrder`, `AllocateOrder`, `ConfirmOrder` | `OrderPlaced`, `OrderAllocated` (too late: `AllocationDiscarded`), `OrderConfirmed` |
//! | | `RejectOrder`, `CancelOrder`, `CancelLines` | `OrderRejected`, `OrderCancelled`, `LinesCancelled` |
//! | | `ShipOrder`, `DeliverOrder` | `OrderShipped`, `OrderDelivered`, with the last `OrderCompleted` |
//! | | `ReturnGoods`, `CreditOrder` | `OrderReturned`, `OrderCredited` |
//! | | `MoveAllocation`, `SetShortage` | `AllocationMoved`, `OrderShort`, `ShortageResolved` |
//! | [`inventory`] | `ReceiveStock`, `AdjustStock`, `CountStock`, `TransferStock`, `SetStockPolicy` | `StockReceived`, `StockAdjusted`, `StockCounted`, `StockTransferred`, `StockPolicySet` |
//! | | `ReserveStock`, `CommitReservation` | `StockReserved`, `ReservationCommitted` |
//! | | `ReleaseReservation`, `ReleaseUnits`, `ExpireReservations` | `ReservationReleased`, `ReservationReduced`, `ReservationExpired` |
//! | | `ShipReserved`, `ReturnStock` | `StockShipped`, `StockReturned` |
//! | | `BalanceStock`, and whatever changes what is there | `ReservationMoved`, `StockShort`, `StockCovered` |
//! | [`payment`] | `RequestAuthorization`, `RequestCapture`, `RequestVoid`, `ReleaseRest`, `RequestRefund` | `…Requested`; what has to wait: `VoidDeferred`, `RefundDeferred`; a void before all else: `PaymentCancelled` |
//! | | `RetryOperation` | `CaptureRequested`, `VoidRequested`, `RefundRequested`, under the next id |
//! | | `RecordOutcome` | `PaymentAuthorized`, `PaymentCaptured`, `PaymentVoided`, `PaymentRefunded`; `PaymentDeclined`, `…Failed`, `PaymentActionRequired`, `PaymentOutcomeUnknown` |
//! | [`location`] | `PutLocation` | `LocationOpened`, `LocationChanged` |
//! | | `CloseLocation` | `LocationClosed` |
//! | [`request`] | `RecordUnchanged` | `RequestChangedNothing` |
//! | [`access`] | `CreateKey`, `RotateKey`, `RevokeKey` | `KeyCreated`, `KeyRotated`, `KeyRevoked` |
//!
//! Which state answers what: `domain/tests/domain/decisions.txt`. What leads from one to the next: [`process`].

pub mod access;
mod card_number;
pub mod cart;
pub mod codes;
mod command;
mod context;
mod decider;
mod event;
mod gtin;
mod id;
mod interests;
pub mod inventory;
pub mod location;
mod money;
pub mod order;
mod order_number;
pub mod payment;
mod personal;
pub mod process;
pub mod product;
pub mod quote;
mod registry;
mod rejection;
mod released;
pub mod request;
pub mod samples;
pub mod skuowner;
mod text;
mod time;
pub mod upcasters;

registry::aggregates! {
    Product(product::Product),
    Cart(cart::Cart),
    Order(order::Order),
    Inventory(inventory::Inventory),
    Payment(payment::Payment),
    SkuOwner(skuowner::SkuOwner),
    Request(request::UnchangedRequest),
    Location(location::Location),
    Access(access::AccessKeys),
}

pub use card_number::looks_like_card_number;
pub use command::CommandSet;
pub use context::{Actor, Context, InvalidActor};
pub use decider::{AggregateKind, CacheClass, Decider, Listed};
pub use event::{EventData, EventError, EventKind, EventSet, Lift};
pub use id::{
    CartId, CountryCode, CreditId, CustomerId, InvalidId, KeyId, KeyListId, LineId, LocationId, OperationId,
    OrderId, PaymentId, ProductId, Quantity, RequestId, ReturnId, ShipmentId, Sku,
};
pub use interests::{Interests, KindIndex};
pub use money::{Currency, Money, MoneyError};
pub use order_number::OrderNumber;
pub use personal::{Address, Personal};
pub use registry::{OtherAggregate, SnapshotError};
pub use rejection::{Class, RejectionKind, RejectionSet};
pub use released::{ReleasedSchema, released_schemas};
pub use time::Timestamp;

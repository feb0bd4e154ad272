//! Carts: what a customer means to buy.
//!
//! ```text
//! (none) --CreateCart--> Active --CheckOutCart--> CheckingOut --CompleteCart--> Ordered
//!                          |                          '--AbandonCart (order rejected)--> Abandoned
//!                          |--MergeCart--> Merged (its lines move to another cart)
//!                          '--AbandonCart--> Abandoned
//! ```
//!
//! A cart becomes at most one order: the order's id is derived from the cart's. After a rejected order the
//! cart is over; its lines can be copied into a new one.

mod active_cart;
#[expect(clippy::module_inception, reason = "the aggregate has the name of its folder")]
mod cart;
mod commands;
mod events;
pub mod limits;
mod lines;
mod samples;

pub use active_cart::ActiveCart;
pub use cart::Cart;
pub use commands::{
    AbandonCart, AddLines, AssignCustomer, CartCommand, CartRejection, ChangeLineQuantity, CheckOutCart,
    CheckoutBlocker, CompleteCart, CreateCart, CurrentOffer, MergeCart, NewLine, PriceChange, RemoveLine,
    RepriceCart, SetContact,
};
pub use events::{
    AbandonReason, CartAbandoned, CartAssigned, CartCheckedOut, CartContactSet, CartCreated, CartEvent,
    CartLine, CartLineQuantityChanged, CartLineRemoved, CartLinesAdded, CartMerged, CartOrdered,
    CartRepriced, LineReprice,
};
pub use limits::LINES as MAX_LINES;
use lines::CartLines;
pub(crate) use lines::total;

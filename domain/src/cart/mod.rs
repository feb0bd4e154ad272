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

mod checkout;
mod command;
mod decide;
mod event;
mod limits;
mod lines;
mod state;

pub(crate) use checkout::total;
pub use command::{
    AbandonCart, AddLines, AssignCustomer, CartCommand, CartRejection, ChangeLineQuantity, CheckOutCart,
    CheckoutBlocker, CompleteCart, CreateCart, CurrentOffer, MergeCart, NewLine, PriceChange, RemoveLine,
    RepriceCart, SetContact,
};
pub use event::{
    AbandonReason, CartAbandoned, CartAssigned, CartCheckedOut, CartContactSet, CartCreated, CartEvent,
    CartLine, CartLineQuantityChanged, CartLineRemoved, CartLinesAdded, CartMerged, CartOrdered,
    CartRepriced, LineReprice,
};
pub use limits::LINES as MAX_LINES;
pub use state::{Basket, Cart};

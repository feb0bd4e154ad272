//! What the shop shows: the read models made of its events, and the queries on them.
//!
//! | view | entry | made of | why it is called so |
//! |---|---|---|---|
//! | `catalog` | product | `product` | a catalog also has offers by SKU, categories, brands, prices of the past |
//! | `cart` | cart | `cart` | |
//! | `order` | order | `order`, `payment` | an order shows the state of its payment |
//! | `stock` | stock | `inventory` | `inventory` decides what may be reserved; `stock` says what is there, and lets holds expire by the clock |
//! | `payment` | payment | `payment` | |
//! | `location` | location | `location` | `main`, which comes with the shop, is shown before anything happened to it |
//!
//! The names in the first column are persisted: tables, checkpoints and metrics carry them. Those in the third are
//! aggregates of `daybook-domain`. Search, which has a store of its own, is in `daybook-search`.
//!
//! The list of views stands once, below. Everything that goes through all views follows from it: opening them,
//! the names that a node waits for, the past, the replay tool's values.

mod as_of;
pub mod cart;
pub mod catalog;
pub mod location;
pub mod order;
pub mod payment;
pub mod stock;
#[macro_use]
mod view;

pub use as_of::AsOf;
pub use view::{Rendered, View};

use cart::Carts;
use catalog::Catalog;
use location::Locations;
use order::Orders;
use payment::Payments;
use stock::Stock;

view::views! {
    /// Products, offers and prices.
    catalog: Catalog,
    /// Carts as stored, and which of them are idle.
    carts: Carts,
    /// Orders by id, number, reference and customer.
    orders: Orders,
    /// Stock and what moved it.
    stock: Stock,
    /// Payments and what was asked of the gateway.
    payments: Payments,
    /// Locations, open and closed.
    locations: Locations,
}

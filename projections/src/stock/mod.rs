//! Stock: how much of a SKU is where, and the movements that explain it.

mod apply;
mod queries;
mod view;

pub(crate) use apply::{MOVEMENTS, StockProjection, holds_prefix, stock_key};
pub use queries::Stock;
pub(crate) use queries::at_moment;
pub use view::{LocationStock, Movement, MovementKind, StockView};

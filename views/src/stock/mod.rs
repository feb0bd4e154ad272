//! Stock: how much of a SKU is where, and the movements that explain it.

mod apply;
mod queries;
mod view;

pub use apply::StockProjection;
pub use queries::Stock;
pub use view::{LocationStock, Movement, MovementKind, StockView};

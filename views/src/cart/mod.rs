//! Carts: the cart as shown, and which active carts nobody has touched.

mod apply;
mod blockers;
mod queries;
mod view;

pub use apply::CartProjection;
pub use blockers::{CartPage, blockers, wanted};
pub use queries::Carts;
pub use view::{CartLineView, CartState, CartView};

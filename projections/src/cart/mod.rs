//! Carts: the cart as shown, and which active carts nobody has touched.

mod apply;
mod queries;
mod view;

pub(crate) use apply::CartProjection;
pub use queries::Carts;
pub use view::{CartLineView, CartState, CartView};

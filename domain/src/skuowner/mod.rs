//! Which product owns a SKU: one stream per SKU, so that of two products that want it one is refused.
//!
//! ```text
//! (none) --ClaimSku by P--> P's --ClaimSku by Q, with P's claim known to be over--> Q's
//! ```
//!
//! A product claims its SKUs before the event that lists them; a claim names the version of the product that was seen,
//! and the product accepts it only at that version. So the claim of a product that went on without listing the SKU, or
//! that does not offer it any more, is over: nothing has to be written when a product gives a SKU up.

mod commands;
mod events;
mod samples;
#[expect(clippy::module_inception, reason = "the aggregate has the name of its folder")]
mod skuowner;

pub use commands::{ClaimSku, SkuOwnerCommand, SkuOwnerRejection};
pub use events::{SkuClaim, SkuClaimed, SkuOwnerEvent};
pub use skuowner::SkuOwner;

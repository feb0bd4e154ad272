//! Queries out: rows of the read models as they are stored, with their version and freshness.

pub(crate) mod carts;
pub(crate) mod inventory;
pub(crate) mod orders;
mod page;
mod past;
pub(crate) mod payments;
pub(crate) mod products;
pub(crate) mod search;
mod view;

pub(crate) use daybook_projections::version_of;
pub(crate) use page::Listing;

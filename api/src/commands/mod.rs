//! Commands in: each endpoint turns a request into one command, has it executed, and answers with where the
//! result stands. Nothing is decided here; that is the domain's.

pub(crate) mod bulk;
pub(crate) mod carts;
pub(crate) mod checkout;
pub(crate) mod inventory;
pub(crate) mod orders;
pub(crate) mod payments;
pub(crate) mod products;
pub(crate) mod receipt;

pub(crate) use receipt::Receipt;

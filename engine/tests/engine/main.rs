//! The engine as its callers meet it, over a log in memory and over one in files.

mod checkout;
mod shop;

//! The engine as its callers meet it, over a log in memory and over one in files.

mod books;
mod checkout;
mod shop;
mod sim_log;
mod simulation;

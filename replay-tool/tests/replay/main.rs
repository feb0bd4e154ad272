//! The program as its users start it, on the log of a small shop: each command, its answers and its exit codes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop right there")]

mod as_of;
mod audit;
mod data;
mod export;
mod independent;
mod looking;
mod read_models;
#[path = "../../../views/tests/read_models/shop.rs"]
#[expect(dead_code, reason = "the read models' own tests use more of it")]
mod shop;
mod tampering;
mod what_if;

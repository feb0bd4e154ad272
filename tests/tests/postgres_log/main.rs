//! The log on a real PostgreSQL: what it keeps, beside other programs, with many nodes, and in trouble.

#![expect(clippy::unwrap_used, reason = "a test fails by it, also in the functions its cases share")]

mod basics;
mod beside;
mod given;
mod racing;
mod trouble;

//! The read models as a whole: events into a log in memory, views out, and everything that may go wrong between.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop right there")]

mod batches;
mod dead_letters;
mod kill;
mod place;
mod rebuild;
mod shop;
mod tally;
mod views;
mod waiting;

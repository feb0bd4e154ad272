//! The engine as its callers meet it, over logs in memory that are slow, full, shared or crash.

mod books;
mod checkout;
mod dead_letters;
mod files;
mod gated_log;
mod gateway;
mod idempotency;
mod newer_program;
mod panics;
mod pressure;
mod processes;
mod restart;
mod run_ahead;
mod shared_log;
mod shop;
mod sim_log;
mod simulation;
mod witness;

//! `daybook-replay`: what the record of a shop is good for, once it is written.
//!
//! Analysts ask it what happened and how things stood; auditors take the record away with proof; operators
//! check that everything still fits together. It opens a data directory (also beside a running shop, or a
//! copy), a Postgres log or an exported file, and writes nothing to any of them; only `rebuild` replaces the read
//! models of a stopped shop, and `audit rotate-key` its signing key.
//!
//! ```text
//! cli ──> source (which log) ──> one module a command ──> out (text for people, JSON for scripts)
//! ```
//!
//! It serves nothing over HTTP and appends no event.

mod as_of;
mod audit;
mod chart;
mod claimed;
mod cli;
mod diff;
mod export;
mod out;
mod progress;
mod rebuild;
mod scan;
mod selection;
mod show;
mod source;
mod stats;
mod verify;
mod what_if;
mod when;

pub use cli::main;

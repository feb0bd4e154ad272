//! The API's document as others meet it: every example in it is sent to a real server, clients that are generated from it
//! buy something, and linters that are not ours find nothing in it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod clients;
mod examples;
mod world;

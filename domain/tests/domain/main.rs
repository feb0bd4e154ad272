//! What the domain promises, seen from outside: given events, when a command comes, then what follows; laws
//! that hold for all inputs; and a whole shop run by its processes in every order.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod anything;
mod cancel_lines;
mod cart;
mod credit;
mod gateway;
mod inventory;
mod large_carts;
mod ledger;
mod money;
mod order;
mod payment;
mod process;
mod product;
mod shop;
mod simulation;
mod stock;
mod table;
mod upcasting;

use daybook_domain::samples;

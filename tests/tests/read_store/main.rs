//! The read models with their rows on a real PostgreSQL: all that is tested of them on a disk, then what only a shared
//! store has to get right: its layout, several nodes, and trouble.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../../../views/tests/read_models/batches.rs"]
mod batches;
#[path = "../../../views/tests/read_models/dead_letters.rs"]
mod dead_letters;
#[path = "../../../views/tests/read_models/kill.rs"]
mod kill;
#[path = "../../../views/tests/read_models/rebuild.rs"]
mod rebuild;
#[path = "../../../views/tests/read_models/shop.rs"]
mod shop;
#[path = "../../../views/tests/read_models/tally.rs"]
mod tally;
#[path = "../../../views/tests/read_models/views.rs"]
mod views;
#[path = "../../../views/tests/read_models/waiting.rs"]
mod waiting;

mod beside;
mod nodes;
mod place;
mod trouble;

//! The read store: rows of read models, with how far each is and what could not be applied. On this node's disk
//! (`embedded`), or on a PostgreSQL server that several nodes share (`postgres`).
//!
//! It knows positions of the event log, but neither what events mean nor what stands in a row: a read model says in
//! its [`Schema`] which kinds of rows it has. It follows no log; that is what `daybook-projections` is for.
//!
//! ```text
//! projection ─> Table ─> Tx ─> Batch ─> rows, checkpoint, dead letters: one atomic write
//! query      ─> Live ─> Generation ─> Row, Page
//! ```

mod batch;
mod dead_letter;
mod embedded;
mod error;
mod generation;
mod postgres;
mod row;
mod schema;
mod store;
mod table;
mod tx;

pub use batch::Batch;
pub use dead_letter::{ParkedEvent, ParkedStreams};
pub use embedded::{EmbeddedBatch, PendingWrite, ReopenableStore};
pub use error::StoreError;
pub use fjall::{UserKey, UserValue};
pub(crate) use generation::GenerationRows;
pub use generation::{Generation, GenerationId, Live};
pub use postgres::{GenerationState, Listener, PostgresStore};
pub use row::{Cursor, Entry, InvalidCursor, Page, Range, Row, Walk, key, parse, version_of};
pub use schema::{IdForm, IdPlace, RowContent, RowKind, Schema};
pub use store::{Checkpoint, ReadStore, Role};
pub use table::Table;
pub use tx::{Tx, Writes};

use store::foreign;

//! What was sold before Daybook: turns a retailer's files into commands at their business time.
//!
//! ```text
//! file ─→ read (decompress, CSV, fields) ─→ plan (every line accounted for) ─→ run (commands) ─→ books ─→ report
//! ```
//!
//! Reading and planning depend on the file alone and write nothing. Every id and every command id follows from
//! the file's own invoice numbers, so an import that was killed is started again and ends in the same place.
//! What each kind of line becomes, and why, is in this folder's `README.md`.

mod books;
mod classify;
mod country;
mod error;
mod plan;
mod progress;
mod read;
mod reason;
mod report;
mod run;
mod value;

pub use books::{Books, RejectedLine, RoundedLine};
pub use error::ImportError;
pub use plan::Plan;
pub use progress::{Phase, Progress};
pub use reason::Reason;
pub use report::{Report, Summary};
pub use run::{ImportOptions, import_online_retail};
pub use value::Value;

/// A year of a real retailer's trade, compressed with zstd: `data/online-retail.csv.zst`, whose origin and
/// licence (CC BY 4.0) stand in `data/README.md`.
#[must_use]
pub fn bundled() -> &'static [u8] {
    include_bytes!("../../data/online-retail.csv.zst")
}

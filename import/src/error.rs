//! Why an import did not happen. All of these come before the first command is sent, except those of the
//! engine, after which the same import can simply be started again.

use daybook_engine::CommandError;
use daybook_event_log::LogError;

/// An import that did not come to its end; each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("cannot read the file: {0}; nothing was imported")]
    Read(#[source] std::io::Error),
    #[error(
        "the compressed file ends early or is damaged ({0}); fetch or compress it again, nothing was imported"
    )]
    DamagedCompression(#[source] std::io::Error),
    #[error("the file is empty; expected a CSV file whose first line is {expected}")]
    Empty { expected: &'static str },
    #[error("the file has a header and no lines below it; nothing was imported")]
    NoLines,
    #[error(
        "line 1 has no column {column:?}; found {found}; expected {expected} (separated by commas, any order, more columns \
         are ignored)"
    )]
    MissingColumn { column: &'static str, found: String, expected: &'static str },
    #[error("line 1 has the column {column:?} twice; remove one, nothing was imported")]
    DuplicateColumn { column: &'static str },
    #[error(
        "line 1 has the column {column:?}: it says something about prices or times that this import would not read, so that \
         it would book them wrongly (it takes prices for pounds that were paid, and times for London's); bring the file into \
         that form without the column, nothing was imported"
    )]
    ColumnChangesMeaning { column: String },
    #[error("line 1 is not a header in UTF-8; save the file as UTF-8 CSV, nothing was imported")]
    HeaderNotUtf8,
    #[error(
        "line {line}: a quoted field that begins here is never closed; close the quote, nothing was imported"
    )]
    UnclosedQuote { line: u64 },
    #[error("line {line}: not readable as CSV ({detail}); nothing was imported")]
    Malformed { line: u64, detail: String },
    #[error(
        "none of the {lines} lines can be read; the first (line {first}): {reason}; nothing was imported"
    )]
    NothingReadable { lines: u64, first: u64, reason: String },
    #[error("the file has more than {limit} lines; split it, nothing was imported")]
    TooManyLines { limit: u32 },
    #[error(
        "line {line} is from {country:?}, a country that the data set Online Retail does not have; this import takes \
         prices for pounds and times for London's, so it would book another retailer's trade wrongly; nothing was imported"
    )]
    UnknownCountry { line: u32, country: String },
    #[error(
        "the prices are finer than a penny: booked to the penny the file would come to {rounding} less than its \
         {imported}; give prices in whole pence, nothing was imported"
    )]
    RoundingTooLarge { rounding: String, imported: String },
    #[error(
        "the shop stopped taking commands at invoice {invoice}: {source}; \
         start the same import again when it is well, what was done is not done twice"
    )]
    Engine { invoice: String, source: Box<CommandError> },
    #[error("cannot read the log to check the books: {0}; start the same import again")]
    Log(#[from] LogError),
    #[error(
        "order {invoice} was neither confirmed nor rejected within {waited_s} s; \
         start the same import again, what was done is not done twice"
    )]
    OrderUndecided { invoice: String, waited_s: u64 },
    #[error(
        "the books do not balance: the lines imported come to {imported} less {rounding} of rounding, \
         but the shop booked {booked}; this is a defect, please report it with the file"
    )]
    BooksDiffer { imported: String, rounding: String, booked: String },
}

//! A CSV file to rows. A structural fault (no header, a missing column, an open quote, a cut file) is an error
//! for the whole file; a line that cannot be read is kept with its reason.

use super::{
    FileRows, TextTable, UnreadableRow,
    fields::{COLUMNS, Columns, Unreadable, read_row},
    london::London,
    source,
};
use crate::{ImportError, country, value::Value};
use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};
use std::io::{self, Read};

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country";

/// A record over more lines than this, with the wrong number of fields, is an open quote that swallowed the rest.
const MAX_LINES_PER_RECORD: u64 = 20;

/// What the name of a column has in it that would change what prices or times of the known ones mean. Any other column more
/// is ignored.
const CHANGES_MEANING: [&str; 7] = ["currency", "exchange", "zone", "vat", "tax", "discount", "rebate"];

/// Reads a whole file: plain or compressed with zstd.
pub(crate) fn read_rows(source: impl Read) -> Result<FileRows, ImportError> {
    let text = source::open(source)?;
    if text.empty {
        return Err(ImportError::Empty { expected: HEADER });
    }
    let compressed = text.compressed;
    let mut csv = ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text.reader);
    let mut record = ByteRecord::new();
    if !read(&mut csv, &mut record, compressed)? {
        return Err(ImportError::Empty { expected: HEADER });
    }
    let columns = columns(&record)?;
    let width = record.len();

    let mut rows = FileRows {
        rows: Vec::new(),
        unreadable: Vec::new(),
        invoices: TextTable::default(),
        codes: TextTable::default(),
        descriptions: TextTable::default(),
        customers: TextTable::default(),
        countries: TextTable::default(),
    };
    let mut london = London::new();
    while read(&mut csv, &mut record, compressed)? {
        let line = line_of(&record)?;
        let row = if record.len() == width {
            read_row(&mut rows, &mut london, &record, &columns, line)
        } else {
            if csv.position().line().saturating_sub(u64::from(line)) > MAX_LINES_PER_RECORD {
                return Err(ImportError::UnclosedQuote { line: u64::from(line) });
            }
            let reason = format!("{} fields, the header has {width}", record.len());
            Err(Unreadable { reason, value: Value::ZERO })
        };
        match row {
            Ok(row) => rows.rows.push(row),
            Err(Unreadable { reason, value }) => {
                let invoice = String::from_utf8_lossy(record.get(columns[0]).unwrap_or_default());
                let invoice = invoice.trim().chars().take(40).collect();
                rows.unreadable.push(UnreadableRow { line, invoice, value, reason });
            }
        }
    }
    if let Some(row) = rows.rows.iter().find(|row| !country::is_known(rows.countries.text(row.country))) {
        let country = rows.countries.text(row.country).chars().take(40).collect();
        return Err(ImportError::UnknownCountry { line: row.line, country });
    }
    match rows.unreadable.first() {
        None if rows.rows.is_empty() => Err(ImportError::NoLines),
        Some(first) if rows.rows.is_empty() => Err(ImportError::NothingReadable {
            lines: rows.unreadable.len() as u64,
            first: u64::from(first.line),
            reason: first.reason.clone(),
        }),
        _ => Ok(rows),
    }
}

fn columns(header: &ByteRecord) -> Result<Columns, ImportError> {
    let names: Vec<&str> = header
        .iter()
        .map(|field| std::str::from_utf8(field).map(str::trim))
        .collect::<Result<_, _>>()
        .map_err(|_| ImportError::HeaderNotUtf8)?;
    let changes = |name: &&&str| {
        let name = name.to_ascii_lowercase();
        CHANGES_MEANING.iter().any(|word| name.contains(word))
    };
    if let Some(column) = names.iter().find(changes) {
        return Err(ImportError::ColumnChangesMeaning { column: column.chars().take(40).collect() });
    }
    let mut columns = [0; COLUMNS.len()];
    for (column, place) in COLUMNS.into_iter().zip(&mut columns) {
        let mut places = names.iter().enumerate().filter(|(_, name)| name.eq_ignore_ascii_case(column));
        *place = places.next().map(|(index, _)| index).ok_or_else(|| ImportError::MissingColumn {
            column,
            found: names.join(",").chars().take(200).collect(),
            expected: HEADER,
        })?;
        if places.next().is_some() {
            return Err(ImportError::DuplicateColumn { column });
        }
    }
    Ok(columns)
}

fn line_of(record: &ByteRecord) -> Result<u32, ImportError> {
    let line = record.position().map_or(0, csv::Position::line);
    u32::try_from(line).map_err(|_| ImportError::TooManyLines { limit: u32::MAX })
}

fn read(
    csv: &mut Reader<Box<dyn Read + '_>>,
    record: &mut ByteRecord,
    compressed: bool,
) -> Result<bool, ImportError> {
    csv.read_byte_record(record).map_err(|error| {
        let line = error.position().map_or(0, csv::Position::line);
        match error.into_kind() {
            ErrorKind::Io(error) if compressed => ImportError::DamagedCompression(error),
            ErrorKind::Io(error) => ImportError::Read(error),
            other => {
                ImportError::Malformed { line, detail: io::Error::other(format!("{other:?}")).to_string() }
            }
        }
    })
}

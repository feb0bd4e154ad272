//! The cells of a Parquet table, collected column by column until a row group is written. Which columns a table has is not
//! known here.

use super::columns::Kind;
use parquet::{column::writer::ColumnWriter, data_type::ByteArray};
use serde_json::Value;

/// The values of one column that are not written yet.
pub(super) struct Column {
    values: Values,
    /// One for each row: 1 where there is a value, 0 where there is none.
    defined: Vec<i16>,
}

enum Values {
    Text(Vec<ByteArray>),
    Integer(Vec<i64>),
    Real(Vec<f64>),
    Boolean(Vec<bool>),
}

/// One cell.
pub(super) enum Cell<'v> {
    None,
    Text(&'v str),
    Bytes(Vec<u8>),
    Integer(i64),
    Real(f64),
    Boolean(bool),
}

/// A payload's value in its column; none where it is not of the column's type (the payload's column has it still).
pub(super) fn cell(kind: Kind, value: Option<&Value>) -> Cell<'_> {
    let Some(value) = value else { return Cell::None };
    let cell = match kind {
        Kind::Text => value.as_str().map(Cell::Text),
        Kind::Integer => value.as_i64().map(Cell::Integer),
        Kind::Real => value.as_f64().map(Cell::Real),
        Kind::Boolean => value.as_bool().map(Cell::Boolean),
        Kind::Time => value
            .as_str()
            .and_then(daybook_domain::Timestamp::parse)
            .map(|time| Cell::Integer(time.as_nanos().div_euclid(1_000))),
    };
    cell.unwrap_or(Cell::None)
}

impl Column {
    pub(super) fn new(kind: Kind) -> Self {
        let values = match kind {
            Kind::Text => Values::Text(Vec::new()),
            Kind::Integer | Kind::Time => Values::Integer(Vec::new()),
            Kind::Real => Values::Real(Vec::new()),
            Kind::Boolean => Values::Boolean(Vec::new()),
        };
        Self { values, defined: Vec::new() }
    }

    pub(super) fn push(&mut self, cell: Cell<'_>) {
        let taken = match (&mut self.values, cell) {
            (Values::Text(values), Cell::Text(text)) => {
                values.push(ByteArray::from(text));
                true
            }
            (Values::Text(values), Cell::Bytes(bytes)) => {
                values.push(ByteArray::from(bytes));
                true
            }
            (Values::Integer(values), Cell::Integer(number)) => {
                values.push(number);
                true
            }
            (Values::Real(values), Cell::Real(number)) => {
                values.push(number);
                true
            }
            (Values::Boolean(values), Cell::Boolean(flag)) => {
                values.push(flag);
                true
            }
            _ => false,
        };
        self.defined.push(i16::from(taken));
    }

    pub(super) fn write(&mut self, writer: &mut ColumnWriter<'_>) -> anyhow::Result<()> {
        let defined = Some(&*self.defined);
        match (writer, &mut self.values) {
            (ColumnWriter::ByteArrayColumnWriter(writer), Values::Text(values)) => {
                writer.write_batch(values, defined, None)?;
                values.clear();
            }
            (ColumnWriter::Int64ColumnWriter(writer), Values::Integer(values)) => {
                writer.write_batch(values, defined, None)?;
                values.clear();
            }
            (ColumnWriter::DoubleColumnWriter(writer), Values::Real(values)) => {
                writer.write_batch(values, defined, None)?;
                values.clear();
            }
            (ColumnWriter::BoolColumnWriter(writer), Values::Boolean(values)) => {
                writer.write_batch(values, defined, None)?;
                values.clear();
            }
            _ => anyhow::bail!("a column's values are not of its type"),
        }
        self.defined.clear();
        Ok(())
    }
}

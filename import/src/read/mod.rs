//! From a file to rows: decompression, CSV, fields. The whole file is read before anything is planned, so that
//! a file with a structural fault writes nothing. What a row means is not decided here.

mod csv_rows;
mod fields;
mod london;
mod row;
mod source;

pub(crate) use csv_rows::read_rows;
pub(crate) use london::{local_midnight_plus, week_of};
pub(crate) use row::{FileRow, FileRows, NO_TEXT, TextTable, UnreadableRow};

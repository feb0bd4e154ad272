//! From the fields of one record to a row, or to the reason why not.

use super::{FileRow, FileRows, NO_TEXT, london::London};
use crate::value::{Value, parse_price};
use csv::ByteRecord;
use std::fmt::Write;

/// The columns, in the order of [`Columns`].
pub(crate) const COLUMNS: [&str; 8] = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
];

/// Where each column of [`COLUMNS`] stands in the file.
pub(crate) type Columns = [usize; COLUMNS.len()];

/// Why a line cannot be read, and what it is worth as far as that can be told.
pub(crate) struct Unreadable {
    pub(crate) reason: String,
    pub(crate) value: Value,
}

/// Reads one record and interns its texts.
pub(crate) fn read_row(
    rows: &mut FileRows,
    london: &mut London,
    record: &ByteRecord,
    columns: &Columns,
    line: u32,
) -> Result<FileRow, Unreadable> {
    let field = |index: usize| record.get(columns[index]).unwrap_or_default().trim_ascii();
    let quantity = std::str::from_utf8(field(3)).ok().and_then(|text| text.parse::<i32>().ok());
    let price = parse_price(field(5));
    let value = quantity.zip(price).map_or(Value::ZERO, |(quantity, price)| Value::of(quantity, price));
    let fault =
        |index: usize, expected: &str| Unreadable { reason: fault(index, field(index), expected), value };

    let mut texts = [""; COLUMNS.len()];
    for (index, text) in texts.iter_mut().enumerate() {
        *text = std::str::from_utf8(field(index)).map_err(|_| fault(index, "text in UTF-8"))?;
    }
    let [invoice, code, description, _, _, _, customer, country] = texts;
    if invoice.is_empty() || invoice.len() > 40 {
        return Err(fault(0, "an invoice number of 1 to 40 characters"));
    }
    if code.is_empty() || code.len() > 64 {
        return Err(fault(1, "a stock code of 1 to 64 characters"));
    }
    let quantity = quantity.ok_or_else(|| fault(3, "a whole number"))?;
    let moment = london.moment(field(4)).ok_or_else(|| fault(4, "a time such as 2010-12-01T08:26:00"))?;
    let price_micros =
        price.ok_or_else(|| fault(5, "a price of up to eight digits, a point and up to six decimals"))?;
    Ok(FileRow {
        line,
        invoice: rows.invoices.number(invoice),
        code: if code.bytes().any(|byte| byte.is_ascii_lowercase()) {
            rows.codes.number(&code.to_ascii_uppercase())
        } else {
            rows.codes.number(code)
        },
        description: rows.descriptions.number(description),
        customer: if customer.is_empty() { NO_TEXT } else { rows.customers.number(customer) },
        country: rows.countries.number(country),
        quantity,
        price_micros,
        at: moment.at,
        day: moment.day,
    })
}

fn fault(index: usize, found: &[u8], expected: &str) -> String {
    let mut reason = format!("{}: ", COLUMNS[index]);
    if found.is_empty() {
        reason.push_str("empty");
    } else {
        let text = String::from_utf8_lossy(found);
        let _ = write!(reason, "{:?}", text.chars().take(40).collect::<String>());
    }
    let _ = write!(reason, ", expected {expected}");
    reason
}

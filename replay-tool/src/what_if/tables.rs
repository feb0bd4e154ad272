//! The outcome of a what-if as CSV files, for spreadsheets and other tools. What is there already is not overwritten.

use super::tally::{Both, Outcome};
use anyhow::Context as _;
use std::{
    fs::{self, File, OpenOptions},
    path::Path,
};

/// Writes the three tables into `folder`.
pub(super) fn write(folder: &Path, outcome: &Outcome) -> anyhow::Result<()> {
    fs::create_dir_all(folder)?;
    totals(begin(folder, "totals.csv")?, outcome)?;
    orders(begin(folder, "orders.csv")?, outcome)?;
    stock_outs(begin(folder, "stock-outs.csv")?, outcome)
}

fn begin(folder: &Path, name: &str) -> anyhow::Result<csv::Writer<File>> {
    let file =
        OpenOptions::new().write(true).create_new(true).open(folder.join(name)).context(name.to_owned())?;
    Ok(csv::Writer::from_writer(file))
}

fn totals(mut csv: csv::Writer<File>, outcome: &Outcome) -> anyhow::Result<()> {
    csv.write_record(["what", "was", "would_be", "difference"])?;
    let refused = |of: fn(&super::tally::StockOut) -> u64| outcome.stock_outs.iter().map(of).sum();
    let refused = Both { was: refused(|one| one.was.orders), would_be: refused(|one| one.would_be.orders) };
    let wide = |both: Both<u64>| Both { was: i128::from(both.was), would_be: i128::from(both.would_be) };
    let left = outcome.units_left;
    for (what, Both { was, would_be }) in [
        ("orders_standing", wide(outcome.orders_standing)),
        ("units_sold", wide(outcome.units_sold)),
        ("units_left", Both { was: i128::from(left.was), would_be: i128::from(left.would_be) }),
        ("orders_refused_for_want_of_stock", wide(refused)),
    ] {
        let difference = would_be - was;
        csv.write_record([what, &was.to_string(), &would_be.to_string(), &difference.to_string()])?;
    }
    for (currency, Both { was, would_be }) in &outcome.revenue {
        let difference = i128::from(*would_be) - i128::from(*was);
        let what = format!("revenue_minor_{currency}");
        csv.write_record([&what, &was.to_string(), &would_be.to_string(), &difference.to_string()])?;
    }
    Ok(csv.flush()?)
}

fn orders(mut csv: csv::Writer<File>, outcome: &Outcome) -> anyhow::Result<()> {
    csv.write_record(["order_id", "number", "difference"])?;
    for (orders, difference) in [(&outcome.orders_lost, "lost"), (&outcome.orders_gained, "gained")] {
        for order in orders {
            csv.write_record([&order.order_id.to_string(), &order.number, difference])?;
        }
    }
    Ok(csv.flush()?)
}

fn stock_outs(mut csv: csv::Writer<File>, outcome: &Outcome) -> anyhow::Result<()> {
    csv.write_record(["day", "sku", "orders_was", "orders_would_be", "units_was", "units_would_be"])?;
    for one in &outcome.stock_outs {
        let numbers = [one.was.orders, one.would_be.orders, one.was.units, one.would_be.units];
        let numbers = numbers.map(|number| number.to_string());
        csv.write_record([&one.day, one.sku.as_str()].into_iter().chain(numbers.iter().map(String::as_str)))?;
    }
    Ok(csv.flush()?)
}

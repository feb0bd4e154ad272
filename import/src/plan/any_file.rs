//! Whatever stands in a file: planning never panics, and the books balance.

use super::{Plan, RowOutcome};
use crate::Value;
use proptest::prelude::*;

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

/// A line made of what the year has, what it might have, and nonsense.
fn line() -> impl Strategy<Value = String> {
    let invoice = prop::sample::select(vec!["1", "2", "3", "C4", "C5", "C6", "A7", "Z8", ""]);
    let code = prop::sample::select(vec!["X1", "x1", "X2", "POST", "D", "M", "BANK CHARGES", "S", "a b", ""]);
    let quantity =
        prop::sample::select(vec!["1", "2", "-1", "-2", "0", "999999", "2147483647", "-2147483648", "q"]);
    let price = prop::sample::select(vec![
        "1.00",
        "1.5",
        "0",
        "0.001",
        "0.0024",
        "0.333333",
        "0.005",
        "99999999.999999",
        "-1.00",
        "p",
    ]);
    let customer = prop::sample::select(vec!["", "9", "9", "8", "9/8"]);
    let day = prop::sample::select(vec!["01T08:00", "02T08:00", "20T08:00", "31T08:00", "32T08:00"]);
    (invoice, code, quantity, price, customer, day).prop_map(
        |(invoice, code, quantity, price, customer, day)| {
            format!("{invoice},{code},text,{quantity},2011-01-{day},{price},{customer},France\n")
        },
    )
}

proptest! {
    #[test]
    fn any_file_is_planned_and_its_books_balance(lines in prop::collection::vec(line(), 1..60)) {
        let file = format!("{HEADER}1,X1,text,5,2011-01-01T07:00,1.00,9,France\n{}", lines.concat());
        let plan = Plan::read(file.as_bytes()).expect("its first line can be read");
        let books = plan.books();
        prop_assert_eq!(books.lines_total, lines.len() as u64 + 1);
        prop_assert_eq!(books.lines_imported + books.rejected.len() as u64, books.lines_total);
        prop_assert_eq!(books.value_imported + books.value_rejected(), books.value_total);
        prop_assert_eq!(books.value_booked + books.value_rounding(), books.value_imported);
        for line in &books.rounded {
            prop_assert!(line.value.is_booked_as(line.booked), "{line:?}");
        }
    }

    #[test]
    fn what_is_booked_is_what_orders_returns_and_credits_come_to(lines in prop::collection::vec(line(), 1..60)) {
        let file = format!("{HEADER}1,X1,text,5,2011-01-01T07:00,1.00,9,France\n{}", lines.concat());
        let plan = Plan::read(file.as_bytes()).expect("its first line can be read");
        let sold: Value = plan.orders.iter().map(|order| Value::from_minor(order.total_minor)).sum();
        let refund = |order: u32, line_id: u32, units: u32| {
            let order = &plan.orders[order as usize];
            Value::from_minor(plan.lines_of(order)[line_id as usize - 1].price_minor * i64::from(units))
        };
        let back: Value = plan.returns.iter().flat_map(|back| back.lines.iter().map(|(line, units)| {
            refund(back.order, *line, *units)
        })).sum();
        let credited: Value = plan.credits.iter().map(|credit| Value::from_minor(credit.amount_minor)).sum();
        prop_assert_eq!(plan.books().value_booked, sold - back - credited);
        prop_assert!(plan.fates.iter().all(|fate| *fate != RowOutcome::Ordered { order: u32::MAX }), "every row has a fate");
    }

    #[test]
    fn stock_never_falls_short(lines in prop::collection::vec(line(), 1..60)) {
        let file = format!("{HEADER}1,X1,text,5,2011-01-01T07:00,1.00,9,France\n{}", lines.concat());
        let plan = Plan::read(file.as_bytes()).expect("its first line can be read");
        for code in (0..plan.rows.codes.len()).filter_map(|code| u32::try_from(code).ok()) {
            let mut on_hand = 0_i64;
            for day in &plan.days {
                let today = |at: i32| at == *day;
                let receipts = plan.receipts.iter().filter(|r| today(r.day) && r.code == Some(code));
                on_hand += receipts.map(|receipt| i64::from(receipt.quantity)).sum::<i64>();
                let adjustments = plan.adjustments.iter().filter(|a| today(a.day) && a.code == code);
                on_hand += adjustments.map(|adjustment| adjustment.delta).sum::<i64>();
                let orders = plan.orders.iter().filter(|order| today(order.day));
                let lines = orders.flat_map(|order| plan.lines_of(order)).filter(|line| line.code == code);
                on_hand -= lines.map(|line| i64::from(line.quantity)).sum::<i64>();
                prop_assert!(on_hand >= 0, "{} on day {day}: {on_hand}", plan.rows.codes.text(code));
            }
        }
    }
}

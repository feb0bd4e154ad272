//! What each kind of line becomes, on a few lines each.

use super::{Plan, RowOutcome};
use crate::{Books, ImportError};

const HEADER: &str = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n";

fn plan(lines: &str) -> Plan {
    Plan::read(format!("{HEADER}{lines}").as_bytes()).expect("the lines can be read")
}

/// `invoice code quantity price customer` on consecutive minutes, described as the code.
fn lines(short: &[&str]) -> Plan {
    let mut text = String::new();
    for (minute, line) in short.iter().enumerate() {
        let fields: Vec<&str> = line.split(' ').collect();
        let [invoice, code, quantity, price, customer] = fields[..] else { panic!("{line}") };
        let customer = customer.trim_start_matches('-');
        text += &format!(
            "{invoice},{code},{code},{quantity},2010-12-01T08:{minute:02}:00,{price},{customer},EIRE\n"
        );
    }
    plan(&text)
}

fn kinds(books: &Books) -> Vec<(u32, &'static str)> {
    books.rejected.iter().map(|line| (line.line, line.kind)).collect()
}

fn rejected(short: &[&str]) -> Vec<(u32, &'static str)> {
    kinds(&lines(short).books())
}

#[test]
fn an_invoice_is_one_order_with_equal_lines_together() {
    let plan = lines(&["1 A 2 1.00 9", "1 k 1 2.50 9", "1 a 3 1.00 9", "1 A 1 0.90 9"]);
    let sold: Vec<_> = plan.lines.iter().map(|line| (line.quantity, line.price_minor)).collect();
    assert_eq!((plan.orders.len(), sold), (1, vec![(5, 100), (1, 250), (1, 90)]));
    assert_eq!(plan.orders[0].total_minor, 840);
    assert_eq!(plan.orders[0].rows, 4);
}

#[test]
fn carriage_and_manual_amounts_are_charges_of_the_order() {
    let plan = lines(&["1 A 2 1.00 -", "1 POST 2 18.00 -", "1 m 1 0.55 -", "1 DOT 1 0 -"]);
    let charges: Vec<_> = plan.charges.iter().map(|charge| (charge.kind, charge.amount_minor)).collect();
    use daybook_domain::order::ChargeKind::{Manual, Shipping};
    assert_eq!(charges, [(Shipping, 3_600), (Manual, 55), (Shipping, 0)]);
    assert_eq!(plan.orders[0].total_minor, 3_855);
}

#[test]
fn charges_without_goods_are_an_order_of_charges_only() {
    let plan = lines(&["1 POST 1 18.00 9", "2 POST 1000 0 -"]);
    assert_eq!((plan.orders.len(), plan.lines.len(), plan.charges.len()), (1, 0, 1));
    assert_eq!(kinds(&plan.books()), [(3, "nothing_charged")]);
    assert!(plan.products.iter().any(|product| product.code.is_none()));
}

#[test]
fn a_discount_takes_off_the_order_but_never_below_nothing() {
    let plan = lines(&["1 A 1 5.00 9", "1 D -1 2.00 9", "2 A 1 5.00 9", "2 D -1 5.01 9", "3 D 1 1.00 9"]);
    assert_eq!(plan.orders.iter().map(|order| order.total_minor).collect::<Vec<_>>(), [300, 500]);
    assert_eq!(kinds(&plan.books()), [(5, "discount_beyond_total"), (6, "discount_adds")]);
}

#[test]
fn what_is_no_trade_with_a_customer_is_rejected() {
    let expected = [
        (2, "bank_charge"),
        (3, "marketplace_fee"),
        (4, "charity_commission"),
        (5, "bad_debt"),
        (6, "samples"),
        (7, "bad_debt"),
        (8, "unknown_invoice_kind"),
    ];
    let short = [
        "1 BANK_CHARGES 1 15.00 -",
        "C2 AMAZONFEE -1 9.00 -",
        "C3 CRUK -1 9.00 -",
        "A4 B 1 -11062.06 -",
        "C5 S -1 9.00 -",
        "A6 A 1 1.00 -",
        "X7 A 1 1.00 -",
    ];
    let text: String = short.join("\n").replace('_', " ");
    let mut csv = String::new();
    for line in text.lines() {
        let mut fields: Vec<&str> = line.split(' ').collect();
        if fields[1] == "BANK" {
            fields.splice(1..3, ["BANK CHARGES"]);
        }
        csv +=
            &format!("{},{},x,{},2010-12-01T08:26:00,{},,EIRE\n", fields[0], fields[1], fields[2], fields[3]);
    }
    assert_eq!(kinds(&plan(&csv).books()), expected);
}

#[test]
fn losses_and_finds_are_adjustments_and_gifts_are_sold_for_nothing() {
    let plan = lines(&["1 A -6 0 -", "2 A 4 0 -", "3 A 4 0 9", "4 A 1 2.00 -", "4 K 1 0 -"]);
    let deltas: Vec<_> = plan.adjustments.iter().map(|adjustment| adjustment.delta).collect();
    assert_eq!(deltas, [-6, 4]);
    assert_eq!(plan.orders.iter().map(|order| order.total_minor).collect::<Vec<_>>(), [0, 200]);
}

#[test]
fn impossible_lines_are_rejected() {
    assert_eq!(
        rejected(&["1 A 0 1.00 9", "1 A 1 -1.00 9", "1 A -1 1.00 9", "1 A 1000000 1.00 9", "C2 A 1 1.00 9"]),
        [
            (2, "zero_quantity"),
            (3, "negative_price"),
            (4, "negative_at_a_price"),
            (5, "too_many"),
            (6, "positive_cancellation")
        ]
    );
    assert_eq!(
        rejected(&["1 A\u{e9} 1 1.00 9", "1 A 1 1.00 9/9"]),
        [(2, "code_is_no_sku"), (3, "differs_from_invoice")]
    );
    assert_eq!(rejected(&["1 A 1 1.00 9/9"]), [(2, "invalid_customer")]);
}

#[test]
fn a_return_is_matched_to_the_latest_sales_at_its_price() {
    let plan = lines(&["1 A 5 1.00 9", "2 A 5 1.00 9", "3 A 9 2.00 9", "C4 A -7 1.00 9"]);
    let back: Vec<_> = plan.returns.iter().map(|planned| (planned.order, planned.lines.clone())).collect();
    assert_eq!(back, [(1, vec![(1, 5)]), (0, vec![(1, 2)])]);
    assert_eq!(plan.fates[3], RowOutcome::Returned { returns: vec![0, 1] });
    assert_eq!(plan.booked_minor[3], -700);
}

#[test]
fn a_return_that_cannot_be_matched_whole_is_rejected() {
    let sold = "1 A 5 1.00 9";
    assert_eq!(rejected(&[sold, "C2 A -6 1.00 9"]), [(3, "more_than_bought")]);
    assert_eq!(rejected(&[sold, "C2 A -5 1.00 9", "C3 A -1 1.00 9"]), [(4, "more_than_bought")]);
    assert_eq!(rejected(&[sold, "C2 A -1 0.90 9"]), [(3, "other_price")]);
    assert_eq!(rejected(&[sold, "C2 A -1 1.00 8"]), [(3, "never_bought")]);
    assert_eq!(rejected(&[sold, "C2 A -1 1.00 -"]), [(3, "return_without_customer")]);
    assert_eq!(rejected(&["C1 A -1 1.00 9", "2 A 5 1.00 9"]), [(2, "never_bought")]);
}

#[test]
fn money_given_back_credits_the_latest_order_that_has_as_much() {
    let plan = lines(&["1 A 5 1.00 9", "2 A 1 1.00 9", "C3 D -1 1.50 9", "C4 POST -1 0.75 9"]);
    let credits: Vec<_> = plan.credits.iter().map(|credit| (credit.order, credit.amount_minor)).collect();
    assert_eq!(credits, [(0, 150), (1, 75)]);
    assert_eq!(rejected(&["1 A 1 1.00 9", "C2 M -1 1.01 9"]), [(3, "nothing_to_credit")]);
    assert_eq!(rejected(&["C2 M -1 1.01 -"]), [(2, "credit_without_customer")]);
}

#[test]
fn an_order_gives_back_no_more_than_was_paid() {
    assert_eq!(
        rejected(&["1 A 2 1.00 9", "C2 D -1 1.50 9", "C3 A -1 1.00 9"]),
        [(4, "more_than_bought")],
        "after a credit of 1.50 only 0.50 is left of 2.00"
    );
}

#[test]
fn a_price_finer_than_a_penny_is_booked_for_what_the_line_is_worth_or_not_at_all() {
    let short =
        ["1 A 11000 0.0024 9", "1 K 3 0.333333 9", "1 L 1 0.125 9", "C2 L -1 0.125 9", "C3 L -8 0.125 9"];
    assert_eq!(rejected(&short), [(2, "price_too_fine"), (3, "price_too_fine"), (6, "price_too_fine")]);
    let reason = &lines(&short).books().rejected[0].reason;
    assert_eq!(reason, "worth 26.40, but at a unit price to the penny it would be booked as 0.00");
}

#[test]
fn prices_below_a_penny_are_rounded_and_itemised() {
    let books = lines(&["1 A 3 0.001 9", "1 K 1 0.125 9", "1 L 1 1.00 9"]).books();
    let rounded: Vec<_> = books
        .rounded
        .iter()
        .map(|line| (line.line, line.booked.to_string(), line.rounding.to_string()))
        .collect();
    let expected = [(2, "0.00", "0.003"), (3, "0.13", "-0.005")];
    assert_eq!(rounded, expected.map(|(line, booked, rest)| (line, booked.to_owned(), rest.to_owned())));
    assert_eq!(books.value_booked + books.value_rounding(), books.value_imported);
}

#[test]
fn the_list_price_follows_most_of_a_weeks_sales() {
    let day = |day: u32, price: &str| format!("{day},A,x,1,2011-01-{day:02}T09:00:00,{price},,EIRE\n");
    // Weeks begin on the 3rd and the 10th: a single other price changes nothing, most of two weeks' sales do.
    let text =
        [day(3, "1.00"), day(4, "9.00"), day(5, "1.00"), day(10, "1.00"), day(11, "2.00"), day(12, "2.00")];
    let plan = plan(&text.concat());
    let changes: Vec<_> =
        plan.price_changes.iter().map(|change| (change.at.to_string(), change.price_minor)).collect();
    assert_eq!(plan.products[0].price_minor, Some(100));
    assert_eq!(changes, [("2011-01-11T09:00:00Z".to_owned(), 200)]);
}

#[test]
fn a_product_is_titled_as_its_sales_say() {
    let line = |invoice: u32, title: &str, price: &str| {
        format!("{invoice},A,{title},1,2011-01-03T09:{invoice:02}:00,{price},,EIRE\n")
    };
    let text =
        [line(1, "check", "0"), line(2, "check", "0"), line(3, "nan", "1.00"), line(4, "MUG ", "1.00")]
            .concat();
    let plan = plan(&text);
    assert_eq!(plan.rows.descriptions.text(plan.products[0].title), "MUG");
}

#[test]
fn unreadable_lines_are_rejected_with_their_number_and_reason() {
    let mut file = format!("{HEADER}1,A,x,1,2010-12-01T08:26:00,1.00,9,EIRE\n").into_bytes();
    file.extend_from_slice(b"2,A,caf\xe9,2,2010-12-01T08:26:00,1.50,9,EIRE\n");
    file.extend_from_slice(
        b"3,A,x,one,2010-12-01T08:26:00,1.00,9,EIRE\n4,A,x,1,yesterday,1.00,9,EIRE\n5,A\n",
    );
    file.extend_from_slice(
        b"6,A,x,1,2010-12-01T08:26:00,1e3,9,EIRE\n,A,x,1,2010-12-01T08:26:00,1.00,9,EIRE\n",
    );
    let books = Plan::read(&file[..]).expect("one line can be read").books();
    let lines: Vec<u32> = books.rejected.iter().map(|line| line.line).collect();
    assert_eq!((books.lines_total, books.lines_imported, lines), (7, 1, vec![3, 4, 5, 6, 7, 8]));
    assert_eq!(books.value_total.to_string(), "6.00", "what can be read is counted");
    assert!(books.rejected[0].reason.contains("Description"), "{}", books.rejected[0].reason);
    assert!(books.rejected[1].reason.contains("Quantity: \"one\""), "{}", books.rejected[1].reason);
}

#[test]
fn a_faulty_file_is_refused_as_a_whole() {
    let refused = |file: &[u8]| Plan::read(file).expect_err("it must be refused");
    let good = format!("{HEADER}1,A,x,1,2010-12-01T08:26:00,1.00,9,EIRE\n");
    assert!(matches!(refused(b""), ImportError::Empty { .. }));
    assert!(matches!(refused(HEADER.as_bytes()), ImportError::NoLines));
    let no_price = good.replace("UnitPrice", "Price");
    assert!(matches!(refused(no_price.as_bytes()), ImportError::MissingColumn { column: "UnitPrice", .. }));
    let twice = good.replace("Country\n", "Quantity\n");
    assert!(matches!(refused(twice.as_bytes()), ImportError::DuplicateColumn { column: "Quantity" }));
    assert!(matches!(refused(b"\xff\xfe\x00I"), ImportError::HeaderNotUtf8));
    let foreign =
        good.clone() + &good.replace("1,A", "2,A").replace("EIRE", "United States").replace(HEADER, "");
    assert!(matches!(refused(foreign.as_bytes()), ImportError::UnknownCountry { line: 3, .. }));
    let semicolons = refused(good.replace(',', ";").as_bytes()).to_string();
    assert!(semicolons.contains("separated by commas"), "{semicolons}");
    let american = good.replace("2010-12-01T08:26:00", "12/1/2010 8:26");
    assert!(matches!(refused(american.as_bytes()), ImportError::NothingReadable { first: 2, .. }));
    for more in ["Currency", "VAT %", "Discount", "TimeZone"] {
        let more = good.replace("Country\n", &format!("Country,{more}\n")).replace("EIRE\n", "EIRE,EUR\n");
        assert!(matches!(refused(more.as_bytes()), ImportError::ColumnChangesMeaning { .. }), "{more}");
    }
    // Other separators, date orders, marks of a currency or of thousands, and encodings: none of it is guessed at.
    for separator in ["\t", "|"] {
        let other = refused(good.replace(',', separator).as_bytes()).to_string();
        assert!(other.contains("separated by commas"), "{other}");
    }
    for time in
        ["01-12-2010 08:26", "12/1/2010 8:26", "2010-12-01T08:26:00+01:00", "1-Dec-2010 08:26", "20101201"]
    {
        let other = good.replace("2010-12-01T08:26:00", time);
        assert!(matches!(refused(other.as_bytes()), ImportError::NothingReadable { .. }), "{time}");
    }
    for price in ["\u{a3}1.00", "1.00 EUR", "\"1,00\"", "\"1,234.00\"", "1e2", "$1"] {
        let other = good.replace("1.00", price);
        assert!(matches!(refused(other.as_bytes()), ImportError::NothingReadable { .. }), "{price}");
    }
    let latin_1 =
        [good.as_bytes().split_at(good.len() - 1).0, b"\n2,A,\xa3,1,2010-12-01T08:26:00,1.00,9,EIRE\n"]
            .concat();
    assert_eq!(Plan::read(&latin_1[..]).expect("one line can be read").books().rejected.len(), 1);
    let all_bad = good.replace("1.00", "free");
    assert!(matches!(refused(all_bad.as_bytes()), ImportError::NothingReadable { first: 2, .. }));
    let open_quote = good.clone() + "2,A,\"x" + &good.repeat(40);
    assert!(matches!(refused(open_quote.as_bytes()), ImportError::UnclosedQuote { line: 3 }));
    let packed = zstd::encode_all(good.repeat(500).as_bytes(), 3).expect("it packs");
    assert!(matches!(refused(&packed[..packed.len() - 9]), ImportError::DamagedCompression(_)));
}

#[test]
fn packed_and_plain_marked_and_reordered_files_say_the_same() {
    let good = format!("{HEADER}1,A,x,1,2010-12-01T08:26:00,1.00,9,EIRE\n");
    let other = "Country,CustomerID,UnitPrice,Extra,InvoiceDate,Quantity,Description,StockCode,InvoiceNo\r\n\
        EIRE,9,1.00,?,2010-12-01 08:26,1,x,A,1\r\n";
    let books = Plan::read(good.as_bytes()).expect("it can be read").books();
    let packed = zstd::encode_all(good.as_bytes(), 3).expect("it packs");
    let marked = [b"\xef\xbb\xbf", good.as_bytes()].concat();
    for file in [&packed[..], &marked, other.as_bytes()] {
        assert_eq!(Plan::read(file).expect("it can be read").books(), books);
    }
}

#[test]
fn an_absurd_amount_is_rejected() {
    assert_eq!(
        rejected(&["1 A 1 1.00 9", "1 M 2147483647 99999999.00 9", "C2 M -2147483648 99999999.00 9"]),
        [(3, "too_much"), (4, "too_much")]
    );
}

//! Reasons of tax, compound rates, dates and who is taxed where.

use crate::shop::Shop;
use daybook_domain::quote::{CarriageTax, PriceMode, Quote, TaxReason, TaxRow};
use jiff::civil::date;

fn reason(quote: &Quote) -> TaxReason {
    let tax = quote.tax.as_ref().expect("what a test says is valid");
    assert_eq!(tax.rates.len(), 1);
    tax.rates[0].reason
}

fn shop() -> Shop {
    Shop::taxed(PriceMode::Exclusive, 200_000).article("A", 1_000, 1)
}

#[test]
fn zero_has_its_reason() {
    let mut exempt = shop();
    exempt.inputs.buyer.exempt = true;
    assert_eq!((reason(&exempt.quote()), exempt.quote().totals.tax), (TaxReason::Exempt, 0));
    let mut abroad = shop();
    abroad.inputs.market.country = "US".into();
    assert_eq!((reason(&abroad.quote()), abroad.quote().totals.tax), (TaxReason::Export, 0));
    let mut early = shop();
    early.inputs.market.tax_date = date(2011, 1, 3);
    assert_eq!(reason(&early.quote()), TaxReason::Export);
}

#[test]
fn a_reverse_charge_needs_a_number_with_its_proof_and_keeps_both() {
    let mut one = shop();
    one.table().seller_country = "DE".into();
    one.table().reverse_charge_countries = ["DE".to_owned(), "GB".to_owned()].into();
    one.inputs.buyer.tax_number = Some("GB999".into());
    assert_eq!(reason(&one.quote()), TaxReason::Standard);
    one.inputs.buyer.tax_evidence = Some("checked 2026-11-29".into());
    let quote = one.quote();
    assert_eq!((reason(&quote), quote.totals.tax), (TaxReason::ReverseCharge, 0));
    assert_eq!(quote.tax.expect("what a test says is valid").evidence.as_deref(), Some("checked 2026-11-29"));
}

#[test]
fn the_rate_is_that_of_the_day() {
    let mut one = shop();
    let now = one.table().rows[0].clone();
    one.table().rows[0].until = Some(date(2026, 12, 1));
    one.table().rows.push(TaxRow { rate_ppm: 210_000, from: date(2026, 12, 1), ..now });
    one.inputs.market.tax_date = date(2026, 11, 30);
    assert_eq!(one.quote().totals.tax, 200);
    one.inputs.market.tax_date = date(2026, 12, 1);
    assert_eq!(one.quote().totals.tax, 210);
}

#[test]
fn a_compound_rate_is_also_on_the_tax_below_it() {
    // As Quebec had it: 5 %, then 9.5 % on the amount with that.
    let compound = |mode| {
        let mut one = Shop::taxed(mode, 50_000).article(
            "A",
            if mode == PriceMode::Exclusive { 10_000 } else { 11_498 },
            1,
        );
        let base = one.table().rows[0].clone();
        one.table().rows.push(TaxRow { jurisdiction: "GB-X".into(), rate_ppm: 95_000, priority: 1, ..base });
        let quote = one.quote();
        let by_rate: Vec<i64> = quote
            .tax
            .as_ref()
            .expect("what a test says is valid")
            .by_rate
            .iter()
            .map(|rate| rate.2)
            .collect();
        (by_rate, quote.totals.net, quote.totals.total)
    };
    // 998 is 997.5 half up.
    assert_eq!(compound(PriceMode::Exclusive), (vec![500, 998], 10_000, 11_498));
    assert_eq!(compound(PriceMode::Inclusive), (vec![500, 998], 10_000, 11_498));
}

#[test]
fn carriage_follows_the_highest_rate_or_the_main_article() {
    let with = |carriage| {
        let mut one = Shop::taxed(PriceMode::Exclusive, 200_000)
            .rate("reduced", 50_000, TaxReason::Reduced)
            .article("A", 100, 1)
            .article_of("reduced", "B", 900, 1)
            .carriage(1_000);
        one.table().carriage = carriage;
        one.quote().charges[0].tax
    };
    assert_eq!(with(CarriageTax::Own), 200);
    assert_eq!(with(CarriageTax::HighestRate), 200);
    assert_eq!(with(CarriageTax::MainItem), 50);
    assert_eq!(with(CarriageTax::Proportional), 20 + 45);
}

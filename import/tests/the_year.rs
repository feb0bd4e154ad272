//! The bundled year, planned: every line accounted for, to the digit. Sends no command.

use daybook_import::{Plan, bundled};
use std::{collections::BTreeMap, sync::LazyLock};

static PLAN: LazyLock<Plan> = LazyLock::new(plan);

fn plan() -> Plan {
    Plan::read(bundled()).expect("the bundled file is whole")
}

#[test]
fn every_line_of_the_year_is_accounted_for_to_the_digit() {
    let books = PLAN.books();
    assert_eq!(books.lines_total, 541_909);
    assert_eq!(books.lines_imported + books.rejected.len() as u64, books.lines_total);
    assert_eq!(books.value_total.to_string(), "9747747.934");
    assert_eq!(books.value_imported + books.value_rejected(), books.value_total);
    assert_eq!(books.value_booked + books.value_rounding(), books.value_imported);
    assert_eq!(books.value_rounding().to_string(), "0.003");
    assert_eq!(books.rounded.iter().map(|line| line.rounding.to_string()).collect::<Vec<_>>(), ["0.001"; 3]);
}

#[test]
fn the_lines_rejected_are_those_that_are_no_commerce_or_have_no_match() {
    let books = PLAN.books();
    let mut kinds: BTreeMap<&str, u32> = BTreeMap::new();
    for line in &books.rejected {
        *kinds.entry(line.kind).or_default() += 1;
    }
    let expected = [
        ("bad_debt", 3),
        ("bank_charge", 37),
        ("charity_commission", 16),
        ("credit_without_customer", 100),
        ("marketplace_fee", 34),
        ("more_than_bought", 78),
        ("never_bought", 1_031),
        ("nothing_charged", 8),
        ("nothing_to_credit", 29),
        ("other_price", 316),
        ("return_without_customer", 165),
        ("samples", 63),
    ];
    assert_eq!(kinds, BTreeMap::from(expected));
}

#[test]
fn planning_again_leads_to_the_same_plan() {
    let again = plan();
    assert!(again.books() == PLAN.books(), "the books differ");
    assert_eq!((again.commands(), PLAN.commands()), (125_653, 125_653));
}

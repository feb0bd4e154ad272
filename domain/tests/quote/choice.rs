//! Which promotions apply, and what is said of the others.

use crate::shop::{NOW, Shop, amount, percent, promotion};
use daybook_domain::quote::{
    ConsideredReason, Promotion, PromotionClass, PromotionKind, PromotionSearch, Quote, QuoteBlocker,
};

fn reason(quote: &Quote, id: &str) -> Option<ConsideredReason> {
    quote.considered.iter().find(|one| one.id == id).map(|one| one.reason)
}

fn shop(promotions: Vec<Promotion>) -> Shop {
    promotions.into_iter().fold(Shop::untaxed().article("A", 10_000, 1).carriage(500), Shop::promotion)
}

#[test]
fn the_set_that_saves_most_applies_and_losers_are_named_with_what_they_give_alone() {
    let quote = shop(vec![
        percent("ten", PromotionClass::Order, 1_000),
        amount("fifteen-hundred", 1_500),
        promotion(
            "post",
            PromotionClass::Shipping,
            PromotionKind::Percent { basis_points: 10_000, max: None },
        ),
    ])
    .quote();
    assert_eq!(quote.totals.total, 8_500);
    assert_eq!(reason(&quote, "fifteen-hundred"), Some(ConsideredReason::Applied));
    assert_eq!(reason(&quote, "post"), Some(ConsideredReason::Applied));
    assert_eq!(reason(&quote, "ten"), Some(ConsideredReason::NotCombinable));
    assert_eq!(
        quote.considered.iter().find(|one| one.id == "ten").expect("what a test says is valid").amount,
        Some(1_000)
    );
    // Carriage that became free stays as a charge of 0 with its allocation.
    assert_eq!((quote.charges[0].subtotal, quote.charges[0].gross), (500, 0));
    assert_eq!(quote.charges[0].allocations.len(), 1);
}

#[test]
fn both_have_to_agree_and_of_a_group_only_one_applies() {
    let own = |id, off| {
        let mut one = amount(id, off);
        one.combines_with = Some([PromotionClass::Order].into());
        one
    };
    let quote = shop(vec![own("a", 100), own("b", 200)]).quote();
    assert_eq!(quote.totals.discount, 300);
    let quote = shop(vec![own("a", 100), amount("b", 200)]).quote();
    assert_eq!(quote.totals.discount, 200);
    let grouped = |id, off| Promotion { group: Some("g".into()), ..own(id, off) };
    let quote = shop(vec![grouped("a", 100), grouped("b", 200)]).quote();
    assert_eq!(reason(&quote, "a"), Some(ConsideredReason::BeatenInGroup));
    let alone = Promotion { exclusive: true, ..own("a", 100) };
    assert_eq!(shop(vec![alone, own("b", 200)]).quote().totals.discount, 200);
}

#[test]
fn ties_go_to_the_higher_priority_and_then_to_the_lower_id() {
    let quote = shop(vec![amount("b", 100), amount("a", 100)]).quote();
    assert_eq!(quote.promotions[0].id, "a");
    let quote = shop(vec![Promotion { priority: 1, ..amount("b", 100) }, amount("a", 100)]).quote();
    assert_eq!(quote.promotions[0].id, "b");
}

#[test]
fn codes_are_read_in_any_case_and_unusable_ones_block() {
    let coded = Promotion { codes: Some(["Welcome".to_owned()].into()), ..amount("five", 500) };
    let mut one = shop(vec![coded.clone()]);
    assert_eq!(reason(&one.quote(), "five"), Some(ConsideredReason::NoCode));
    one.request.codes = vec![" wELCOME ".into()];
    assert_eq!(one.quote().totals.discount, 500);
    assert!(one.quote().blockers.is_empty());
    one.inputs.promotions[0].uses_left = Some(0);
    let quote = one.quote();
    assert_eq!(quote.totals.discount, 0);
    assert_eq!(
        quote.blockers,
        [QuoteBlocker::CodeUnusable { code: " wELCOME ".into(), reason: ConsideredReason::LimitReached }]
    );
    one.inputs.promotions[0] = Promotion { until: Some(NOW), ..coded };
    assert_eq!(reason(&one.quote(), "five"), Some(ConsideredReason::NotActive));
}

#[test]
fn two_codes_never_make_a_negative_order() {
    let own = |id| Promotion { combines_with: Some([PromotionClass::Order].into()), ..amount(id, 9_000) };
    let mut one = shop(vec![own("a"), own("b")]);
    one.request.method = None;
    assert_eq!(one.quote().totals.total, 0);
    assert!(one.quote().tenders.is_empty());
}

#[test]
fn a_minimum_is_compared_at_its_stage_and_what_is_missing_is_told() {
    let mut ten = amount("ten", 1_000);
    ten.when.min = Some(10_000);
    assert_eq!(shop(vec![ten.clone()]).quote().totals.discount, 1_000);
    // With 5 % off the line the minimum is missed; 1000 off the whole saves more than 500 off the line.
    let quote = shop(vec![ten.clone(), percent("five", PromotionClass::Line, 500)]).quote();
    assert_eq!(quote.totals.discount, 1_000);
    ten.when.min = Some(12_000);
    let quote = shop(vec![ten]).quote();
    let next = quote.next_tier.clone().expect("what a test says is valid");
    assert_eq!((next.missing, next.gain), (2_000, 1_000));
    assert_eq!(reason(&quote, "ten"), Some(ConsideredReason::NotMatched));
}

#[test]
fn beyond_twelve_candidates_the_quote_says_that_it_searched_greedily() {
    let own = |number: i64| Promotion {
        combines_with: Some([PromotionClass::Order].into()),
        ..amount(&format!("p{number}"), number)
    };
    let quote = shop((1..=12).map(own).collect()).quote();
    assert_eq!((quote.search, quote.totals.discount), (PromotionSearch::Exact, 78));
    let quote = shop((1..=40).map(own).collect()).quote();
    assert_eq!((quote.search, quote.totals.discount), (PromotionSearch::Greedy, 820));
}

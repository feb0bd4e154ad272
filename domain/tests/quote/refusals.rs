//! Requests and rules that are refused by name, and what blocks a purchase.

use crate::shop::{Shop, amount, percent, promotion};
use daybook_domain::quote::{
    BundleSet, MAX_AMOUNT, MAX_LINES, PriceMode, PromotionClass, PromotionKind, QuoteBlocker, StaffDiscount,
};

fn refusal(shop: &Shop) -> String {
    shop.try_quote().expect_err("it has to be refused").to_string()
}

#[test]
fn ten_thousand_lines_are_refused_by_their_number() {
    let mut shop = Shop::untaxed().article("A", 1, 1);
    for _ in 1..10_000 {
        shop.line("A", 1);
    }
    assert_eq!(refusal(&shop), format!("10000 lines given, at most {MAX_LINES} are allowed"));
}

#[test]
fn absurd_amounts_are_refused_and_do_not_overflow() {
    for wrong in [-1, MAX_AMOUNT + 1, i64::MAX, i64::MIN] {
        let text = refusal(&Shop::untaxed().article("A", wrong, 1));
        assert!(text.starts_with("unit price of A: "), "{text}");
        let mut shop = Shop::untaxed().article("A", 1, 1);
        shop.request.staff_discounts.push(StaffDiscount { amount: wrong, reason_code: "x".into() });
        assert!(refusal(&shop).starts_with("discount for \"x\""));
    }
    let text = refusal(&Shop::untaxed().article("A", MAX_AMOUNT, 999_999));
    assert!(text.starts_with("the lines come to more than"), "{text}");
    let most = Shop::taxed(PriceMode::Inclusive, 200_000).article("A", 1_000_000_000, 999_999).quote();
    assert_eq!(most.totals.total, 999_999_000_000_000);
}

#[test]
fn a_promotion_that_can_never_work_is_refused_with_its_name() {
    let wrong = [
        (percent("a", PromotionClass::Line, 10_001), "basis_points"),
        (percent("a", PromotionClass::Line, 0), "basis_points"),
        (amount("a", -5), "amount has to be above 0"),
        (
            promotion("a", PromotionClass::Line, PromotionKind::Amount { amount: 5 }),
            "class order or shipping",
        ),
        (promotion("a", PromotionClass::Order, PromotionKind::PriceEach { price: 5 }), "class line"),
        (promotion("a", PromotionClass::Line, PromotionKind::Bundle { sets: Vec::new(), price: 5 }), "sets"),
    ];
    for (promotion, why) in wrong {
        let text = refusal(&Shop::untaxed().article("A", 1, 1).promotion(promotion));
        assert!(text.starts_with("promotion a: ") && text.contains(why), "{text}");
    }
    let mut never = percent("never", PromotionClass::Line, 500);
    never.articles.skus.insert("A".into());
    never.articles.except.insert("A".into());
    assert!(refusal(&Shop::untaxed().article("A", 1, 1).promotion(never)).contains("nothing can match"));
    let mut backwards = percent("backwards", PromotionClass::Line, 500);
    backwards.from = Some(crate::shop::NOW);
    backwards.until = Some(crate::shop::NOW);
    assert!(refusal(&Shop::untaxed().promotion(backwards)).contains("until has to be after from"));
}

#[test]
fn rates_that_overlap_are_refused_with_both_rows() {
    let mut shop = Shop::taxed(PriceMode::Inclusive, 200_000).article("A", 1, 1);
    let mut second = shop.table().rows[0].clone();
    second.rate_ppm = 175_000;
    shop.table().rows.push(second);
    assert_eq!(refusal(&shop), "tax table shop, row 2: it overlaps with row 1");
}

#[test]
fn what_blocks_a_purchase_is_named_all_at_once() {
    let mut shop = Shop::taxed(PriceMode::Inclusive, 200_000).article_of("unknown", "A", 100, 1).carriage(5);
    shop.line("GONE", 1);
    shop.request.codes.push("NO-SUCH".into());
    shop.request.method = Some("balloon".into());
    let quote = shop.quote();
    assert_eq!(quote.blockers.len(), 4, "{:?}", quote.blockers);
    assert!(quote.blockers.iter().any(|one| matches!(one, QuoteBlocker::NotForSale { line_id: 2, .. })));
    assert!(quote.blockers.iter().any(|one| matches!(one, QuoteBlocker::CodeUnusable { .. })));
    assert!(quote.blockers.iter().any(|one| matches!(one, QuoteBlocker::NoSuchMethod { .. })));
    assert!(quote.blockers.iter().any(|one| matches!(one, QuoteBlocker::TaxUnknown { .. })));
    assert_eq!(Shop::untaxed().quote().blockers, [QuoteBlocker::NoLines]);
}

#[test]
fn a_million_units_of_multi_buys_are_counted_and_not_listed() {
    let half = |sku: &str| BundleSet {
        units: 1,
        articles: daybook_domain::quote::ArticleMatch {
            skus: [sku.to_owned()].into(),
            ..daybook_domain::quote::ArticleMatch::default()
        },
    };
    let kind = PromotionKind::Bundle { sets: vec![half("A"), half("B")], price: 150 };
    let quote = Shop::untaxed()
        .article("A", 100, 999_999)
        .article("B", 100, 999_998)
        .promotion(promotion("pair", PromotionClass::Line, kind))
        .quote();
    assert_eq!(quote.promotions[0].amount, 50 * 999_998);
    assert_eq!(quote.lines.last().map(|line| (line.of_line, line.quantity)), Some((Some(1), 1)));
}

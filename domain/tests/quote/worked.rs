//! The worked examples A to H of the design, as far as they are quotes: (discount, net, tax, gross) of each line.

use crate::shop::{Shop, amount, amounts, buy_one_get_one, on, percent};
use daybook_domain::quote::{CarriageTax, PriceMode, PromotionClass, TaxLine, TaxReason};

fn example_a() -> Shop {
    Shop::taxed(PriceMode::Inclusive, 200_000)
        .rate("books", 0, TaxReason::ZeroRated)
        .article("MUG", 1_000, 3)
        .article("TEE", 1_995, 2)
        .article_of("books", "BOOK", 1_499, 1)
        .carriage(495)
        .promotion(on(percent("mugs15", PromotionClass::Line, 1_500), &["MUG"]))
        .promotion(amount("five", 500))
}

#[test]
fn example_a_has_a_line_and_an_order_promotion_and_a_book_without_tax() {
    let quote = example_a().quote();
    assert_eq!(amounts(&quote), [(609, 1_992, 399, 2_391), (248, 3_118, 624, 3_742), (93, 1_406, 0, 1_406)]);
    assert_eq!((quote.charges[0].net, quote.charges[0].tax), (413, 82));
    assert_eq!((quote.totals.net, quote.totals.tax, quote.totals.total), (6_929, 1_105, 8_034));
    let mug = &quote.lines[0];
    let names: Vec<(&str, i64)> =
        mug.allocations.iter().map(|(at, amount)| (quote.promotions[*at].id.as_str(), *amount)).collect();
    assert_eq!(names, [("mugs15", 450), ("five", 159)]);
    // A tax line stands also when it is 0, with its reason.
    let book = &quote.lines[2];
    let [TaxLine(rate, net, 0)] = book.tax_lines[..] else { panic!("{book:?}") };
    assert_eq!(net, 1_406);
    assert_eq!(
        quote.tax.as_ref().expect("what a test says is valid").rates[rate].reason,
        TaxReason::ZeroRated
    );
}

#[test]
fn the_event_of_the_design_has_these_sums() {
    let quote = Shop::taxed(PriceMode::Inclusive, 200_000)
        .article("MUG-RED", 1_000, 3)
        .carriage(495)
        .promotion(percent("mugs15", PromotionClass::Line, 1_500))
        .promotion(amount("five", 159))
        .stored("gc_8F", 1_000)
        .quote();
    assert_eq!(amounts(&quote), [(609, 1_992, 399, 2_391)]);
    assert_eq!((quote.totals.subtotal, quote.totals.discount, quote.totals.charges), (3_000, 609, 495));
    assert_eq!((quote.totals.net, quote.totals.tax, quote.totals.total), (2_405, 481, 2_886));
    let tenders: Vec<(&str, i64)> = quote.tenders.iter().map(|one| (one.kind.as_str(), one.amount)).collect();
    assert_eq!(tenders, [("gift_card", 1_000), ("card", 1_886)]);
}

#[test]
fn example_b_and_c_are_not_taxed() {
    let quote = Shop::untaxed().article("PAN", 1_000, 2).carriage(400).quote();
    assert_eq!(quote.totals.total, 2_400);
    assert_eq!(quote.tax, None);
    assert!(quote.lines[0].tax_lines.is_empty());
    let quote = Shop::untaxed().article("MUG", 1_000, 1).article("CUP", 3_000, 1).quote();
    assert_eq!(quote.totals.total, 4_000);
}

#[test]
fn example_d_taxes_carriage_in_proportion() {
    let mut shop = Shop::taxed(PriceMode::Exclusive, 190_000)
        .rate("reduced", 70_000, TaxReason::Reduced)
        .article("LAMP", 108, 3)
        .article("CABLE", 333, 7)
        .article_of("reduced", "GUIDE", 1_295, 2)
        .carriage(590)
        .promotion(percent("ten", PromotionClass::Order, 1_000));
    shop.table().carriage = CarriageTax::Proportional;
    let quote = shop.quote();
    assert_eq!(amounts(&quote), [(33, 291, 55, 346), (233, 2_098, 399, 2_497), (259, 2_331, 163, 2_494)]);
    assert_eq!(quote.charges[0].tax_lines, [TaxLine(1, 291, 21), TaxLine(0, 299, 57)]);
    assert_eq!((quote.totals.net, quote.totals.tax, quote.totals.total), (5_310, 695, 6_005));
    let by_rate: Vec<(i64, i64)> =
        quote.tax.expect("what a test says is valid").by_rate.iter().map(|rate| (rate.1, rate.2)).collect();
    assert_eq!(by_rate, [(2_688, 511), (2_622, 184)]);
}

#[test]
fn example_e_makes_two_lines_of_one_of_which_two_units_took_part() {
    let quote = Shop::taxed(PriceMode::Inclusive, 200_000)
        .article("MUG", 1_000, 3)
        .article("CUP", 3_000, 1)
        .promotion(on(buy_one_get_one(10_000), &["MUG"]))
        .quote();
    let lines: Vec<(u32, Option<u32>, u64)> =
        quote.lines.iter().map(|line| (line.line_id, line.of_line, line.quantity)).collect();
    assert_eq!(lines, [(1, None, 2), (2, None, 1), (3, Some(1), 1)]);
    assert_eq!(amounts(&quote), [(1_000, 833, 167, 1_000), (0, 2_500, 500, 3_000), (0, 834, 166, 1_000)]);
    assert_eq!(quote.totals.total, 5_000);
}

#[test]
fn example_f_is_paid_by_a_gift_card_first() {
    let quote = Shop::taxed(PriceMode::Inclusive, 200_000)
        .article("VASE", 1_799, 1)
        .article("BOWL", 1_250, 2)
        .carriage(395)
        .stored("card", 2_500)
        .quote();
    assert_eq!(amounts(&quote), [(0, 1_499, 300, 1_799), (0, 2_084, 416, 2_500)]);
    assert_eq!((quote.charges[0].net, quote.charges[0].tax), (329, 66));
    let tenders: Vec<i64> = quote.tenders.iter().map(|tender| tender.amount).collect();
    assert_eq!(tenders, [2_500, 2_194]);
}

#[test]
fn example_g_shares_an_order_promotion() {
    let quote = Shop::taxed(PriceMode::Inclusive, 200_000)
        .article("NAIL", 143, 7)
        .article("SAW", 2_650, 1)
        .carriage(495)
        .promotion(percent("ten", PromotionClass::Order, 1_000))
        .quote();
    assert_eq!(amounts(&quote), [(100, 751, 150, 901), (265, 1_987, 398, 2_385)]);
    assert_eq!((quote.charges[0].net, quote.charges[0].tax), (413, 82));
    assert_eq!(quote.totals.total, 3_781);
}

#[test]
fn example_h_has_no_promotion() {
    let quote = Shop::taxed(PriceMode::Inclusive, 200_000)
        .article("COAT", 8_999, 2)
        .article("HAT", 2_499, 1)
        .article("SOCK", 333, 3)
        .carriage(495)
        .quote();
    assert_eq!(amounts(&quote), [(0, 14_998, 3_000, 17_998), (0, 2_082, 417, 2_499), (0, 833, 166, 999)]);
    assert_eq!((quote.charges[0].net, quote.charges[0].tax, quote.totals.total), (413, 82, 21_991));
}

//! Numbers from outside, each under the name of who published it.

use crate::shop::{Shop, amount, buy_one_get_one, currency, discounts, on, percent, promotion};
use daybook_domain::Money;
use daybook_domain::quote::{PriceMode, PromotionClass, PromotionKind, TaxLevel, TaxReason};

fn of(prices: &[i64]) -> Shop {
    let named = ["A", "B", "C", "D", "E", "F", "G", "H"].into_iter().zip(prices);
    named.fold(Shop::untaxed(), |shop, (sku, price)| shop.article(sku, *price, 1))
}

#[test]
fn amounts_are_split_as_vendure_and_sylius_specify() {
    for (off, prices, shares) in [
        (300, &[4_000, 2_000, 2_000][..], &[150, 75, 75][..]),
        (299, &[4_300, 1_400, 2_300], &[161, 52, 86]),
        (299, &[1_000, 1_000, 1_000], &[100, 100, 99]),
        (93, &[10, 20, 10, 30, 50, 20, 10, 40], &[5, 10, 5, 15, 24, 10, 5, 19]),
        // Sylius gives 162, 52, 86 by another method; the largest remainder is meant here.
        (300, &[4_300, 1_400, 2_300], &[161, 53, 86]),
    ] {
        assert_eq!(discounts(&of(prices).promotion(amount("off", off)).quote()), shares);
    }
}

#[test]
fn salesforce_prorates_15_percent_after_10_off_one_line() {
    let order = || percent("fifteen", PromotionClass::Order, 1_500);
    let quote = of(&[6_000, 5_000]).promotion(order()).quote();
    assert_eq!((discounts(&quote), quote.totals.total), (vec![900, 750], 9_350));
    let ten = on(promotion("ten", PromotionClass::Line, PromotionKind::AmountEach { amount: 1_000 }), &["A"]);
    let quote = of(&[6_000, 5_000]).promotion(ten).promotion(order()).quote();
    assert_eq!((discounts(&quote), quote.totals.total), (vec![1_750, 750], 8_500));
    let quote = of(&[6_000, 5_000, 4_000]).promotion(on(order(), &["A", "B"])).quote();
    assert_eq!((discounts(&quote), quote.totals.total), (vec![900, 750, 0], 13_350));
}

#[test]
fn macys_shares_a_free_or_cheaper_second_article() {
    let refunds = |off| {
        let quote = of(&[3_000, 2_000]).promotion(buy_one_get_one(off)).quote();
        quote.lines.iter().map(|line| line.gross).collect::<Vec<_>>()
    };
    assert_eq!(refunds(10_000), [1_800, 1_200]);
    assert_eq!(refunds(5_000), [2_400, 1_600]);
}

#[test]
fn vtex_prorates_156_over_four_articles() {
    let quote = of(&[190, 190, 250, 150]).promotion(amount("off", 156)).quote();
    assert_eq!(discounts(&quote), [38, 38, 50, 30]);
}

#[test]
fn prestashop_issue_has_120_left_of_150_at_20_percent_off() {
    let quote = of(&[15_000, 6_000]).promotion(percent("off", PromotionClass::Order, 2_000)).quote();
    assert_eq!(quote.lines[0].gross, 12_000);
}

#[test]
fn hmrc_apportions_meal_deals_by_selling_price() {
    for (deal, prices, shares) in [
        (1_000, &[600, 150, 150, 600][..], &[400, 100, 100, 400][..]),
        (1_800, &[500, 1_000][..], &[600, 1_200][..]),
        (1_200, &[500, 1_000], &[400, 800]),
    ] {
        let whole: i64 = prices.iter().sum();
        let weights: Vec<u64> =
            prices.iter().map(|price| u64::try_from(*price).expect("what a test says is valid")).collect();
        let parts = Money::new(deal, currency()).split(&weights).expect("what a test says is valid");
        assert_eq!(parts.iter().map(|part| part.minor).collect::<Vec<_>>(), shares);
        // A deal above the single prices is an apportionment, but no discount.
        let quote = of(prices).promotion(amount("deal", (whole - deal).max(1))).quote();
        let total: i64 = quote.lines.iter().map(|line| line.gross).sum();
        assert_eq!(total, deal.min(whole - 1));
        assert_eq!(quote.lines.iter().map(|line| line.gross).eq(shares.iter().copied()), deal < whole);
    }
}

#[test]
fn commercetools_and_woocommerce_differ_by_level() {
    let exclusive =
        |ppm, price, quantity| Shop::taxed(PriceMode::Exclusive, ppm).article("A", price, quantity);
    assert_eq!(exclusive(190_000, 108, 3).level(TaxLevel::Line).quote().totals.total, 386);
    assert_eq!(exclusive(190_000, 108, 3).quote().totals.total, 386);
    let two_lines =
        |level| exclusive(210_000, 1_070, 1).article("B", 1_070, 1).level(level).quote().totals.total;
    assert_eq!(two_lines(TaxLevel::Line), 2_590);
    assert_eq!(two_lines(TaxLevel::RateGroup), 2_589);
    assert_eq!(exclusive(210_000, 1_070, 2).quote().totals.total, 2_589);
}

#[test]
fn halves_go_up_as_wafeq_and_zuora_have_it() {
    let quote = Shop::taxed(PriceMode::Exclusive, 50_000)
        .rate("ten", 100_000, TaxReason::Standard)
        .article("A", 4_530, 1)
        .article_of("ten", "B", 3_345, 1)
        .quote();
    assert_eq!((quote.lines[0].tax, quote.lines[1].tax, quote.totals.tax), (227, 335, 562));
    // 2.99 with 4 %: the tax is exactly 0.115, and the tax is what is rounded.
    let quote = Shop::taxed(PriceMode::Inclusive, 40_000).article("A", 299, 1).quote();
    assert_eq!((quote.totals.net, quote.totals.tax), (287, 12));
}

#[test]
fn medusa_and_vendure_issues_come_out_whole() {
    let quote = Shop::taxed(PriceMode::Exclusive, 107_500)
        .rate("none", 0, TaxReason::Exempt)
        .article("A", 2_499, 1)
        .article_of("none", "B", 644, 1)
        .quote();
    assert_eq!((quote.totals.tax, quote.totals.total), (269, 3_412));
    let quote = Shop::taxed(PriceMode::Exclusive, 26_000).article("A", 16_402, 1).quote();
    assert_eq!(quote.totals.tax, 426);
}

#[test]
fn woocommerce_issue_64668_has_a_total_of_179_25() {
    let quote = Shop::taxed(PriceMode::Inclusive, 200_000)
        .article("A", 2_390, 10)
        .promotion(percent("quarter", PromotionClass::Line, 2_500))
        .quote();
    assert_eq!(quote.totals.total, 17_925);
}

#[test]
fn the_base_example_of_peppol_bis() {
    let quote = Shop::taxed(PriceMode::Exclusive, 250_000).article("A", 130_000, 1).carriage(2_500).quote();
    let tax = quote.tax.expect("what a test says is valid").by_rate[0];
    assert_eq!((tax.1, tax.2, quote.totals.total), (132_500, 33_125, 165_625));
}

#[test]
fn a_gift_card_pays_the_gross_as_saleor_tests_it() {
    let quote =
        Shop::taxed(PriceMode::Exclusive, 200_000).article("A", 1_000, 1).stored("card", 1_000).quote();
    assert_eq!((quote.totals.net, quote.totals.total, quote.tenders[1].amount), (1_000, 1_200, 200));
}

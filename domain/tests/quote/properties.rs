//! What holds of every quote, whatever is in it.

use crate::shop::{Shop, amount, buy_one_get_one, on, percent, promotion};
use daybook_domain::LineId;
use daybook_domain::quote::{
    ArticleMatch, BundleSet, PriceMode, Promotion, PromotionClass, PromotionKind, SavingSpread, TaxLevel,
    TaxReason,
};
use proptest::prelude::*;

const SKUS: [&str; 5] = ["A", "B", "C", "D", "E"];

fn articles() -> impl Strategy<Value = ArticleMatch> {
    prop::collection::btree_set(prop::sample::select(&SKUS[..]), 0..4).prop_map(|skus| ArticleMatch {
        skus: skus.into_iter().map(str::to_owned).collect(),
        ..ArticleMatch::default()
    })
}

fn kind() -> impl Strategy<Value = (PromotionClass, PromotionKind)> {
    let all = |bp, max| PromotionKind::Percent { basis_points: bp, max };
    prop_oneof![
        (1_u32..=10_000, prop::option::of(1_i64..900))
            .prop_map(move |(bp, max)| (PromotionClass::Line, all(bp, max))),
        (1_u32..=10_000, prop::option::of(1_i64..900))
            .prop_map(move |(bp, max)| (PromotionClass::Order, all(bp, max))),
        (1_u32..=10_000).prop_map(move |bp| (PromotionClass::Shipping, all(bp, None))),
        (1_i64..9_000).prop_map(|amount| (PromotionClass::Order, PromotionKind::Amount { amount })),
        (1_i64..900).prop_map(|amount| (PromotionClass::Line, PromotionKind::AmountEach { amount })),
        (0_i64..900).prop_map(|price| (PromotionClass::Line, PromotionKind::PriceEach { price })),
        (0_u32..4, 1_u32..3, 1_u32..=10_000, any::<bool>(), prop::option::of(articles())).prop_map(
            |(buy, get, off_basis_points, whole, reward)| {
                let spread = if whole { SavingSpread::Proportional } else { SavingSpread::RewardOnly };
                let kind =
                    PromotionKind::BuyGet { buy, get, off_basis_points, max_repeats: None, reward, spread };
                (PromotionClass::Line, kind)
            }
        ),
        (prop::collection::vec((1_u32..3, articles()), 1..3), 0_i64..4_000).prop_map(|(sets, price)| {
            let sets = sets.into_iter().map(|(units, articles)| BundleSet { units, articles }).collect();
            (PromotionClass::Line, PromotionKind::Bundle { sets, price })
        }),
    ]
}

fn any_promotion() -> impl Strategy<Value = Promotion> {
    (kind(), articles(), prop::option::of(0_i64..9_000), any::<bool>(), 0_i32..3).prop_map(
        |((class, kind), articles, min, open, priority)| {
            let mut one = promotion("", class, kind);
            one.articles = articles;
            one.when.min = min;
            one.priority = priority;
            if open {
                let all = [PromotionClass::Line, PromotionClass::Order, PromotionClass::Shipping];
                one.combines_with = Some(all.into());
            }
            one
        },
    )
}

fn any_shop() -> impl Strategy<Value = Shop> {
    let lines = prop::collection::vec((0_usize..5, 0_i64..4_000, 1_u32..9), 0..7);
    let promotions = prop::collection::vec(any_promotion(), 0..6);
    (lines, promotions, any::<bool>(), any::<bool>(), 0_u32..300_000, prop::option::of(0_i64..900)).prop_map(
        |(lines, promotions, inclusive, by_line, ppm, carriage)| {
            let mode = if inclusive { PriceMode::Inclusive } else { PriceMode::Exclusive };
            let level = if by_line { TaxLevel::Line } else { TaxLevel::RateGroup };
            let mut shop = Shop::taxed(mode, ppm).rate("other", 50_000, TaxReason::Reduced).level(level);
            for (sku, price, quantity) in lines {
                let class = if sku % 2 == 0 { "standard" } else { "other" };
                shop.add(SKUS[sku], price, quantity, class);
            }
            for (at, one) in promotions.into_iter().enumerate() {
                shop.inputs.promotions.push(Promotion { id: format!("p{at}"), ..one });
            }
            match carriage {
                Some(carriage) => shop.carriage(carriage),
                None => shop,
            }
        },
    )
}

proptest! {
    /// `quote()` checks the sums of each quote.
    #[test]
    fn allocations_tax_and_tenders_sum_and_nothing_is_below_zero(shop in any_shop()) {
        let quote = shop.quote();
        prop_assert_eq!(shop.quote(), quote);
    }

    #[test]
    fn the_order_of_lines_and_promotions_changes_nothing(shop in any_shop()) {
        let mut turned = shop.clone();
        turned.request.lines.reverse();
        turned.inputs.promotions.reverse();
        prop_assert_eq!(turned.quote(), shop.quote());
    }

    #[test]
    fn one_promotion_more_never_raises_the_total(shop in any_shop(), more in any_promotion()) {
        let before = shop.quote();
        let taken = |quote: &daybook_domain::quote::Quote| quote.totals.discount - quote.charges.iter().map(|one| one.subtotal).sum::<i64>();
        let after = shop.promotion(Promotion { id: "more".into(), ..more }).quote();
        prop_assert!(taken(&after) >= taken(&before));
    }

    #[test]
    fn what_prices_contain_does_not_change_the_total(shop in any_shop(), ppm in 0_u32..300_000) {
        let mut inclusive = shop;
        inclusive.inputs.market.prices = PriceMode::Inclusive;
        for article in inclusive.inputs.articles.values_mut() {
            article.prices[0].mode = PriceMode::Inclusive;
        }
        let before = inclusive.quote().totals.total;
        inclusive.table().rows[0].rate_ppm = ppm;
        prop_assert_eq!(inclusive.quote().totals.total, before);
    }

    #[test]
    fn a_line_in_two_costs_the_same_to_the_rate_group(price in 1_i64..5_000, a in 1_u32..9, b in 1_u32..9, ppm in 0_u32..300_000) {
        let one = Shop::taxed(PriceMode::Exclusive, ppm).article("A", price, a + b).promotion(buy_one_get_one(10_000));
        let mut two = Shop::taxed(PriceMode::Exclusive, ppm).article("A", price, a).promotion(buy_one_get_one(10_000));
        two.line("A", b);
        prop_assert_eq!(one.quote().totals, two.quote().totals);
    }
}

#[test]
fn the_id_follows_what_is_agreed_to_and_nothing_else() {
    let shop = Shop::untaxed().article("A", 1_000, 2);
    let id = shop.quote().id;
    assert!(id.len() == 17 && id.starts_with('q'), "{id}");
    let with_loser = shop.clone().promotion(on(percent("x", PromotionClass::Line, 500), &["Z"])).quote();
    assert_eq!(with_loser.id, id);
    assert_ne!(shop.clone().promotion(amount("y", 1)).quote().id, id);
    assert_ne!(shop.clone().stored("card", 1).quote().id, id);
    let mut renumbered = shop;
    renumbered.request.lines[0].line_id = LineId(7);
    assert_ne!(renumbered.quote().id, id);
}

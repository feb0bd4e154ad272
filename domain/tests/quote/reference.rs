//! A second implementation of stages 1 to 4 and 7 that lists every unit and tries every set, slow and plain, against which
//! generated baskets are held.

use crate::shop::{Shop, on, percent, promotion};
use daybook_domain::quote::{PriceMode, Promotion, PromotionClass, PromotionKind, SavingSpread};
use proptest::prelude::*;

const SKUS: [&str; 4] = ["A", "B", "C", "D"];

fn half_up(numerator: i64, denominator: i64) -> i64 {
    let (whole, rest) = (numerator / denominator, numerator % denominator);
    if rest * 2 >= denominator { whole + 1 } else { whole }
}

/// The saving of one promotion after others: `rests` are what is left of each line.
fn saving(promotion: &Promotion, lines: &[(usize, i64, i64)], rests: &mut [i64]) -> i64 {
    let fits = |sku: usize| promotion.articles.skus.is_empty() || promotion.articles.skus.contains(SKUS[sku]);
    let mut saved = 0;
    match promotion.kind {
        PromotionKind::Percent { basis_points, .. } if promotion.class == PromotionClass::Line => {
            for (at, line) in lines.iter().enumerate().filter(|(_, line)| fits(line.0)) {
                let off = half_up(rests[at] * i64::from(basis_points), 10_000);
                assert!(line.2 > 0);
                rests[at] -= off;
                saved += off;
            }
        }
        PromotionKind::Amount { amount } => {
            saved = amount.min(rests.iter().sum());
        }
        PromotionKind::BuyGet { buy, get, off_basis_points, .. } => {
            // Every unit by itself, the dearest first; it works on whole lines that nothing else touched.
            let mut units: Vec<i64> = lines
                .iter()
                .filter(|line| fits(line.0))
                .flat_map(|line| {
                    std::iter::repeat_n(line.1, usize::try_from(line.2).expect("what a test says is valid"))
                })
                .collect();
            units.sort_unstable_by(|a, b| b.cmp(a));
            let repeats = units.len() / usize::try_from(buy + get).expect("what a test says is valid");
            let rewards = repeats * usize::try_from(get).expect("what a test says is valid");
            let cheapest = units.iter().rev().take(rewards);
            saved = cheapest.map(|price| half_up(price * i64::from(off_basis_points), 10_000)).sum();
        }
        _ => unreachable!("the generator makes no others"),
    }
    saved
}

/// The least that may be paid: every subset whose promotions agree.
fn least(promotions: &[Promotion], lines: &[(usize, i64, i64)]) -> i64 {
    let sum: i64 = lines.iter().map(|line| line.1 * line.2).sum();
    let mut best = sum;
    for set in 0_u32..1 << promotions.len() {
        let chosen: Vec<&Promotion> =
            promotions.iter().enumerate().filter(|(at, _)| set >> at & 1 == 1).map(|(_, one)| one).collect();
        let of = |class| chosen.iter().filter(|one| one.class == class).count();
        // Of each class one: they match common lines and do not combine with their own class.
        if of(PromotionClass::Line) > 1 || of(PromotionClass::Order) > 1 {
            continue;
        }
        let mut rests: Vec<i64> = lines.iter().map(|line| line.1 * line.2).collect();
        let mut left = sum;
        for class in [PromotionClass::Line, PromotionClass::Order] {
            for one in chosen.iter().filter(|one| one.class == class) {
                left -= saving(one, lines, &mut rests).min(left);
            }
        }
        best = best.min(left);
    }
    best
}

fn kinds() -> impl Strategy<Value = Vec<Promotion>> {
    let one = prop_oneof![
        (1_u32..5_000).prop_map(|bp| percent("", PromotionClass::Line, bp)),
        (1_i64..5_000).prop_map(|amount| promotion(
            "",
            PromotionClass::Order,
            PromotionKind::Amount { amount }
        )),
        (1_u32..4, 1_u32..3, 1_u32..=10_000).prop_map(|(buy, get, off_basis_points)| {
            let kind = PromotionKind::BuyGet {
                buy,
                get,
                off_basis_points,
                max_repeats: None,
                reward: None,
                spread: SavingSpread::Proportional,
            };
            promotion("", PromotionClass::Line, kind)
        }),
    ];
    prop::collection::vec(one, 0..5)
}

proptest! {
    #[test]
    fn the_choice_and_the_stages_come_to_what_trying_everything_comes_to(
        prices in prop::collection::vec((1_i64..3_000, 1_u32..7), 1..=4),
        promotions in kinds(),
    ) {
        let mut shop = Shop::untaxed();
        let mut lines = Vec::new();
        for (at, (price, quantity)) in prices.iter().enumerate() {
            shop = shop.article(SKUS[at], *price, *quantity);
            lines.push((at, *price, i64::from(*quantity)));
        }
        let promotions: Vec<Promotion> = promotions
            .into_iter()
            .enumerate()
            .map(|(at, one)| Promotion { id: format!("p{at}"), ..on(one, &SKUS[..prices.len()]) })
            .collect();
        shop.inputs.promotions.clone_from(&promotions);
        prop_assert_eq!(shop.quote().totals.total, least(&promotions, &lines));
    }

    #[test]
    fn the_tax_of_a_group_is_that_of_its_sum(
        prices in prop::collection::vec((1_i64..100_000, 1_u32..7), 1..=4),
        ppm in 0_u32..300_000,
    ) {
        let sum: i64 = prices.iter().map(|(price, quantity)| price * i64::from(*quantity)).sum();
        for mode in [PriceMode::Inclusive, PriceMode::Exclusive] {
            let mut shop = Shop::taxed(mode, ppm);
            for (at, (price, quantity)) in prices.iter().enumerate() {
                shop = shop.article(SKUS[at], *price, *quantity);
            }
            let quote = shop.quote();
            let rate = i64::from(ppm);
            let of = if mode == PriceMode::Inclusive { 1_000_000 + rate } else { 1_000_000 };
            prop_assert_eq!(quote.totals.tax, half_up(sum * rate, of));
        }
    }
}

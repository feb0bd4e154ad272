//! The way through the stages: from a request to its quote. Each amount is computed in the file of its stage; here they
//! are brought together.

use super::{
    CarriageMethod, CarriageTax, ConsideredPromotion, ConsideredReason, NextTier, PromotionClass,
    PromotionKind, Quote, QuoteBlocker, QuoteInputs, QuoteRefusal, QuoteRequest, RequestedLine,
    assembly::{ChosenSet, PricedLine, assemble},
    carriage::CarriageLoad,
    choice::{self, ChosenPromotions},
    limits,
    parts::{ChargePart, LinePart, PricedParts},
    stages::{ChargesFor, MatchedLines, StageContext, off_whole},
};
use crate::Timestamp;
use std::collections::BTreeMap;

/// What a basket of articles costs now, or why that is not computed.
pub fn price(request: &QuoteRequest, inputs: &QuoteInputs, now: Timestamp) -> Result<Quote, QuoteRefusal> {
    limits::check(request, inputs)?;
    let mut blockers = Vec::new();
    let lines = priced_lines(request, inputs, now, &mut blockers)?;
    let charges = QuoteCharges::new(request, inputs, &lines);
    let start = PricedParts::new(request.currency, lines.iter().enumerate().map(line_part).collect());
    let matched: Vec<MatchedLines> = inputs
        .promotions
        .iter()
        .map(|promotion| matched_lines(&promotion.kind, &promotion.articles, &lines))
        .collect();
    let stages = StageContext {
        promotions: &inputs.promotions,
        matched: &matched,
        staff_discounts: &request.staff_discounts,
        charges: &charges,
    };
    let excluded: Vec<Option<ConsideredReason>> =
        (0..matched.len()).map(|at| exclusion(request, inputs, &matched[at], at, now)).collect();
    let possible: Vec<usize> = (0..matched.len()).filter(|at| excluded[*at].is_none()).collect();
    let made = choice::choose(&stages, &start, &possible);
    let parts = stages.run(&start, &made.chosen);
    let considered = considered(&stages, &parts, &made, &excluded, &request.codes);
    code_blockers(request, inputs, &excluded, &mut blockers);
    charges.blockers(&parts, &mut blockers);
    if request.lines.is_empty() {
        blockers.push(QuoteBlocker::NoLines);
    }
    let next_tier = next_tier(&stages, &parts, &made, &possible);
    Ok(assemble(request, inputs, &lines, &parts, ChosenSet { made, considered, next_tier }, blockers))
}

/// The lines that are for sale, by SKU, then id.
fn priced_lines<'a>(
    request: &'a QuoteRequest,
    inputs: &'a QuoteInputs,
    now: Timestamp,
    blockers: &mut Vec<QuoteBlocker>,
) -> Result<Vec<PricedLine<'a>>, QuoteRefusal> {
    let mut units: BTreeMap<&crate::Sku, u64> = BTreeMap::new();
    for line in &request.lines {
        *units.entry(&line.sku).or_default() += u64::from(line.quantity.get());
    }
    let mut sorted: Vec<&RequestedLine> = request.lines.iter().collect();
    sorted.sort_by(|a, b| a.sku.cmp(&b.sku).then(a.line_id.cmp(&b.line_id)));
    let mut priced = Vec::with_capacity(sorted.len());
    let mut sum = 0;
    for line in sorted {
        let article = inputs.articles.get(&line.sku);
        let of_sku = units.get(&line.sku).copied().unwrap_or(0);
        let chosen = article.and_then(|article| article.price(of_sku, request.currency, inputs, now));
        let unit_price = line.price_override.or(chosen.map(|chosen| chosen.unit_price));
        let (Some(article), Some(unit_price)) = (article, unit_price) else {
            blockers.push(QuoteBlocker::NotForSale { line_id: line.line_id.0, sku: line.sku.clone() });
            continue;
        };
        limits::amount(|| format!("unit price of {}", line.sku), unit_price)?;
        sum = limits::add_subtotal(sum, unit_price, u64::from(line.quantity.get()))?;
        let chosen = chosen.filter(|_| line.price_override.is_none());
        priced.push(PricedLine { line, article, chosen, unit_price });
    }
    Ok(priced)
}

fn line_part((at, line): (usize, &PricedLine<'_>)) -> LinePart {
    let units = line.line.quantity.get();
    let subtotal = line.unit_price * i64::from(units);
    let unit_price = line.unit_price;
    LinePart { line: at, is_rest: false, units: u64::from(units), unit_price, subtotal, rest: subtotal }
}

fn matched_lines(
    kind: &PromotionKind,
    articles: &super::ArticleMatch,
    lines: &[PricedLine<'_>],
) -> MatchedLines {
    let of = |wanted: &super::ArticleMatch| -> Vec<bool> {
        lines.iter().map(|line| wanted.fits(&line.line.sku, line.article)).collect()
    };
    match kind {
        PromotionKind::BuyGet { reward, .. } => {
            let rewards = of(reward.as_ref().unwrap_or(articles));
            MatchedLines { lines: of(articles), rewards, sets: Vec::new() }
        }
        PromotionKind::Bundle { sets, .. } => {
            let sets = sets.iter().map(|set| of(&set.articles)).collect();
            MatchedLines { lines: of(articles), rewards: Vec::new(), sets }
        }
        _ => MatchedLines { lines: of(articles), rewards: Vec::new(), sets: Vec::new() },
    }
}

/// Why a promotion does not come into question at all.
fn exclusion(
    request: &QuoteRequest,
    inputs: &QuoteInputs,
    matched: &MatchedLines,
    at: usize,
    now: Timestamp,
) -> Option<ConsideredReason> {
    let promotion = &inputs.promotions[at];
    if !promotion.is_active(now) {
        Some(ConsideredReason::NotActive)
    } else if promotion.codes.is_some() && promotion.entered(&request.codes).is_none() {
        Some(ConsideredReason::NoCode)
    } else if promotion.uses_left == Some(0) {
        Some(ConsideredReason::LimitReached)
    } else if promotion.per_customer && inputs.buyer.customer_id.is_none() {
        Some(ConsideredReason::CustomerRequired)
    } else if !promotion.is_for(request.currency, &inputs.market, &inputs.buyer) || matched.is_empty() {
        Some(ConsideredReason::NotMatched)
    } else {
        None
    }
}

/// Every promotion that is active or was entered, with its reason.
fn considered(
    stages: &StageContext<'_>,
    parts: &PricedParts,
    made: &ChosenPromotions,
    excluded: &[Option<ConsideredReason>],
    codes: &[String],
) -> Vec<ConsideredPromotion> {
    let of = |at: usize| {
        let promotion = &stages.promotions[at];
        match excluded[at] {
            Some(ConsideredReason::NotActive) if promotion.entered(codes).is_none() => None,
            Some(reason) => Some(ConsideredPromotion { id: promotion.id.clone(), reason, amount: None }),
            None => {
                let (sum, units) = stages.reached(parts, at);
                Some(choice::outcome(stages, made, promotion.when.is_met(sum, units), at))
            }
        }
    };
    let mut all: Vec<ConsideredPromotion> = (0..excluded.len()).filter_map(of).collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

fn code_blockers(
    request: &QuoteRequest,
    inputs: &QuoteInputs,
    excluded: &[Option<ConsideredReason>],
    blockers: &mut Vec<QuoteBlocker>,
) {
    for code in &request.codes {
        let own = std::slice::from_ref(code);
        let named =
            inputs.promotions.iter().zip(excluded).filter(|(promotion, _)| promotion.entered(own).is_some());
        let reasons: Vec<Option<ConsideredReason>> = named.map(|(_, reason)| *reason).collect();
        let unusable = |reason: &Option<ConsideredReason>| {
            matches!(reason, Some(ConsideredReason::NotActive | ConsideredReason::LimitReached))
        };
        if reasons.iter().all(unusable) {
            let reason = reasons.first().copied().flatten().unwrap_or(ConsideredReason::NoCode);
            blockers.push(QuoteBlocker::CodeUnusable { code: code.clone(), reason });
        }
    }
}

/// The promotion whose minimum is missed by least.
fn next_tier(
    stages: &StageContext<'_>,
    parts: &PricedParts,
    made: &ChosenPromotions,
    possible: &[usize],
) -> Option<NextTier> {
    let missed = possible.iter().filter(|at| !made.chosen.contains(at)).filter_map(|at| {
        let promotion = &stages.promotions[*at];
        let min = promotion.when.min?;
        let (sum, _) = stages.reached(parts, *at);
        let is_of_sum = promotion.class == PromotionClass::Order && sum < min;
        let id = promotion.id.clone();
        is_of_sum.then(|| NextTier {
            promotion: id,
            missing: min - sum,
            gain: off_whole(&promotion.kind, min),
        })
    });
    missed.min_by(|a, b| a.missing.cmp(&b.missing).then(a.promotion.cmp(&b.promotion)))
}

/// The charges of a request, as far as they depend on what goods come to.
#[derive(Debug)]
struct QuoteCharges<'a> {
    request: &'a QuoteRequest,
    country: &'a str,
    method: Option<&'a CarriageMethod>,
    tax: CarriageTax,
    grams: u64,
    pieces: u64,
}

impl<'a> QuoteCharges<'a> {
    fn new(request: &'a QuoteRequest, inputs: &'a QuoteInputs, lines: &[PricedLine<'_>]) -> Self {
        let chosen = request.method.as_ref();
        let method = chosen.and_then(|id| inputs.methods.iter().find(|method| method.id == *id));
        let units = |line: &PricedLine<'_>| u64::from(line.line.quantity.get());
        Self {
            request,
            country: &inputs.market.country,
            method,
            tax: inputs.tax.as_ref().map_or(CarriageTax::Own, |table| table.carriage),
            grams: lines.iter().fold(0_u64, |sum, line| {
                sum.saturating_add(line.article.weight_grams.saturating_mul(units(line)))
            }),
            pieces: lines.iter().map(units).sum(),
        }
    }

    fn carriage(&self, goods: i64) -> Option<i64> {
        let method = self.method.filter(|method| method.serves(self.country) && self.pieces > 0)?;
        method.price(CarriageLoad { grams: self.grams, pieces: self.pieces, goods })
    }

    fn blockers(&self, parts: &PricedParts, blockers: &mut Vec<QuoteBlocker>) {
        let Some(method) = self.request.method.clone() else { return };
        match self.method {
            None => blockers.push(QuoteBlocker::NoSuchMethod { method }),
            Some(known) if !known.serves(self.country) => {
                blockers.push(QuoteBlocker::CountryNotServed { method, country: self.country.to_owned() });
            }
            Some(_) if parts.units() > 0 && self.carriage(parts.goods()).is_none() => {
                blockers.push(QuoteBlocker::TooMuchForMethod { method });
            }
            Some(_) => {}
        }
    }
}

impl ChargesFor for QuoteCharges<'_> {
    fn charges_for(&self, goods: i64) -> Vec<ChargePart> {
        let carriage = self.carriage(goods).zip(self.method).map(|(amount, method)| {
            ("shipping", method.label.clone(), amount, method.tax_class.clone(), self.tax)
        });
        let staff = self.request.staff_charges.iter().map(|charge| {
            ("manual", charge.label.clone(), charge.amount, charge.tax_class.clone(), CarriageTax::Own)
        });
        let numbered = carriage.into_iter().chain(staff).enumerate();
        numbered
            .map(|(at, (kind, label, amount, tax_class, tax))| {
                let charge_id = format!("c{}", at + 1);
                ChargePart { charge_id, kind, label, subtotal: amount, rest: amount, tax_class, tax }
            })
            .collect()
    }
}

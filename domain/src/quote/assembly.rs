//! Stages 7 and 8: the parts that promotions left become the lines, charges, tax and tenders of a quote. No amount is taken
//! off here.

use super::{
    AppliedPromotion, CarriageTax, ConsideredPromotion, NextTier, PriceMode, PricedArticle, PromotionClass,
    Quote, QuoteBlocker, QuoteInputs, QuoteRequest, QuoteTotals, QuotedCharge, QuotedLine, QuotedTax,
    QuotedTender, RequestedLine, TaxTable,
    articles::ChosenPrice,
    choice::ChosenPromotions,
    parts::{ChargePart, PricedParts},
    quote_id::quote_id,
    rounding::split,
    tax::{self, ComputedTax, TaxItem},
    tax_table::AppliedRate,
};
use crate::LineId;
use std::collections::BTreeMap;

/// A line that is for sale.
#[derive(Debug)]
pub(super) struct PricedLine<'a> {
    pub(super) line: &'a RequestedLine,
    pub(super) article: &'a PricedArticle,
    pub(super) chosen: Option<ChosenPrice<'a>>,
    pub(super) unit_price: i64,
}

/// What the choice of promotions came to.
pub(super) struct ChosenSet {
    pub(super) made: ChosenPromotions,
    pub(super) considered: Vec<ConsideredPromotion>,
    pub(super) next_tier: Option<NextTier>,
}

/// Stages 7 and 8, and the sums.
pub(super) fn assemble(
    request: &QuoteRequest,
    inputs: &QuoteInputs,
    lines: &[PricedLine<'_>],
    parts: &PricedParts,
    chosen: ChosenSet,
    mut blockers: Vec<QuoteBlocker>,
) -> Quote {
    let computed = inputs.tax.as_ref().map(|table| computed_tax(table, inputs, lines, parts, &mut blockers));
    let promotions = applied(request, inputs, parts, &chosen.made.chosen);
    let places: BTreeMap<usize, usize> =
        promotions.iter().enumerate().map(|(place, (at, _))| (*at, place)).collect();
    let inclusive = inputs.market.prices == PriceMode::Inclusive;
    let taxed = |owner: usize, rest: i64| {
        let tax_lines = computed.as_ref().map_or_else(Vec::new, |tax| tax.lines[owner].clone());
        let tax: i64 = tax_lines.iter().map(|line| line.2).sum();
        let (net, gross) = if inclusive { (rest - tax, rest) } else { (rest, rest + tax) };
        (net, tax, gross, tax_lines)
    };
    let owners: BTreeMap<usize, usize> =
        parts.ordered().enumerate().map(|(owner, (at, _))| (at, owner)).collect();
    let ids: Vec<LineId> = lines.iter().map(|line| line.line.line_id).collect();
    let taken = parts.taken_by_part();
    let quoted_line = |(line_id, of_line, at): (u32, Option<u32>, usize)| {
        let part = parts.part(at);
        let line = &lines[part.line];
        let (net, tax, gross, tax_lines) = taxed(owners[&at], part.rest);
        QuotedLine {
            line_id,
            of_line,
            sku: line.line.sku.clone(),
            product_id: line.article.product_id.clone(),
            title: line.article.title.clone(),
            options: line.article.options.clone(),
            quantity: part.units,
            unit_price: part.unit_price,
            price: line.chosen.map(|chosen| (chosen.list.to_owned(), chosen.version)),
            subtotal: part.subtotal,
            allocations: taken[at].iter().map(|taken| (places[&taken.promotion], taken.amount)).collect(),
            discount: part.subtotal - part.rest,
            net,
            tax,
            gross,
            tax_lines,
        }
    };
    let quoted_lines: Vec<QuotedLine> = parts.with_ids(&ids).into_iter().map(quoted_line).collect();
    let quoted_charge = |(at, charge): (usize, &ChargePart)| {
        let (net, tax, gross, tax_lines) = taxed(owners.len() + at, charge.rest);
        QuotedCharge {
            charge_id: charge.charge_id.clone(),
            kind: charge.kind.to_owned(),
            label: charge.label.clone(),
            subtotal: charge.subtotal,
            allocations: parts
                .taken_off_charge(at)
                .map(|taken| (places[&taken.promotion], taken.amount))
                .collect(),
            net,
            tax,
            gross,
            tax_lines,
        }
    };
    let charges: Vec<QuotedCharge> = parts.charges.iter().enumerate().map(quoted_charge).collect();
    let totals = totals(&quoted_lines, &charges);
    let mut quote = Quote {
        id: String::new(),
        currency: request.currency,
        prices: inputs.market.prices,
        tenders: tenders(inputs, totals.total),
        lines: quoted_lines,
        charges,
        promotions: promotions.into_iter().map(|(_, applied)| applied).collect(),
        considered: chosen.considered,
        search: chosen.made.search,
        next_tier: chosen.next_tier,
        tax: computed.zip(inputs.tax.as_ref()).map(|(tax, table)| quoted_tax(tax, table, inputs)),
        totals,
        method: request.method.clone(),
        blockers,
    };
    quote.id = quote_id(&quote);
    quote
}

/// The chosen promotions and what staff took off, each with its place among what was considered.
fn applied(
    request: &QuoteRequest,
    inputs: &QuoteInputs,
    parts: &PricedParts,
    chosen: &[usize],
) -> Vec<(usize, AppliedPromotion)> {
    let mut applied: Vec<(usize, AppliedPromotion)> = chosen
        .iter()
        .map(|at| {
            let promotion = &inputs.promotions[*at];
            let code = promotion.entered(&request.codes).map(str::to_owned);
            let (id, version, class) = (promotion.id.clone(), promotion.version, promotion.class);
            (*at, AppliedPromotion { id, version, class, amount: parts.saving_of(*at), code })
        })
        .collect();
    applied.sort_by(|(_, a), (_, b)| a.class.cmp(&b.class).then(a.id.cmp(&b.id)));
    for number in 0..request.staff_discounts.len() {
        let at = inputs.promotions.len() + number;
        let (id, class) = (format!("staff:{}", number + 1), PromotionClass::Order);
        applied
            .push((at, AppliedPromotion { id, version: 0, class, amount: parts.saving_of(at), code: None }));
    }
    applied
}

fn computed_tax(
    table: &TaxTable,
    inputs: &QuoteInputs,
    lines: &[PricedLine<'_>],
    parts: &PricedParts,
    blockers: &mut Vec<QuoteBlocker>,
) -> ComputedTax {
    let mut known: BTreeMap<String, Vec<AppliedRate>> = BTreeMap::new();
    let mut rates = |class: &str| {
        if let Some(rates) = known.get(class) {
            return rates.clone();
        }
        let found = table.rates(class, &inputs.market, &inputs.buyer);
        if found.is_none() {
            blockers.push(QuoteBlocker::TaxUnknown { tax_class: class.to_owned() });
        }
        known.entry(class.to_owned()).or_insert(found.unwrap_or_default()).clone()
    };
    let mut items = Vec::new();
    let mut by_class: BTreeMap<&str, i64> = BTreeMap::new();
    let mut main: Option<(i64, &str)> = None;
    for (owner, (_, part)) in parts.ordered().enumerate() {
        let class = lines[part.line].article.tax_class.as_str();
        *by_class.entry(class).or_default() += part.rest;
        if main.is_none_or(|(dearest, _)| part.rest > dearest) {
            main = Some((part.rest, class));
        }
        items.push(TaxItem { owner, amount: part.rest, rates: rates(class) });
    }
    let goods = items.len();
    for (at, charge) in parts.charges.iter().enumerate() {
        let owner = goods + at;
        let own = charge.tax_class.as_str();
        let class = match charge.tax {
            CarriageTax::Proportional if by_class.values().any(|amount| *amount > 0) => {
                let weights: Vec<i64> = by_class.values().copied().collect();
                let amounts = split(charge.rest, &weights, parts.currency());
                for ((class, weight), amount) in by_class.iter().zip(amounts) {
                    if *weight > 0 {
                        items.push(TaxItem { owner, amount, rates: rates(class) });
                    }
                }
                continue;
            }
            CarriageTax::Own | CarriageTax::Proportional => own,
            CarriageTax::MainItem => main.map_or(own, |(_, class)| class),
            CarriageTax::HighestRate => {
                let total = |rates: Vec<AppliedRate>| rates.iter().map(|rate| rate.factor).sum::<i128>();
                // The first by name of those with the highest rate.
                by_class.keys().rev().copied().max_by_key(|class| total(rates(class))).unwrap_or(own)
            }
        };
        items.push(TaxItem { owner, amount: charge.rest, rates: rates(class) });
    }
    tax::compute(&items, goods + parts.charges.len(), inputs.market.prices, table.level)
}

fn quoted_tax(computed: ComputedTax, table: &TaxTable, inputs: &QuoteInputs) -> QuotedTax {
    let reverse = table.is_reverse_charge(&inputs.market, &inputs.buyer);
    QuotedTax {
        table: table.id.clone(),
        version: table.version,
        date: inputs.market.tax_date,
        level: table.level,
        rates: computed.rates,
        by_rate: computed.by_rate,
        buyer_tax_number: inputs.buyer.tax_number.clone().filter(|_| reverse),
        evidence: inputs.buyer.tax_evidence.clone().filter(|_| reverse),
    }
}

fn totals(lines: &[QuotedLine], charges: &[QuotedCharge]) -> QuoteTotals {
    let mut totals = QuoteTotals::default();
    for line in lines {
        totals.subtotal += line.subtotal;
        totals.discount += line.discount;
        totals.net += line.net;
        totals.tax += line.tax;
        totals.total += line.gross;
    }
    for charge in charges {
        totals.discount += charge.allocations.iter().map(|(_, amount)| amount).sum::<i64>();
        totals.charges += charge.gross;
        totals.net += charge.net;
        totals.tax += charge.tax;
        totals.total += charge.gross;
    }
    totals
}

/// Stored value pays first, in the order given, and the card the rest.
fn tenders(inputs: &QuoteInputs, total: i64) -> Vec<QuotedTender> {
    let mut left = total;
    let mut tenders = Vec::new();
    for value in &inputs.stored {
        let amount = value.available.min(left);
        if amount > 0 {
            left -= amount;
            tenders.push(QuotedTender { kind: value.kind.clone(), id: Some(value.id.clone()), amount });
        }
    }
    if left > 0 {
        tenders.push(QuotedTender { kind: "card".to_owned(), id: None, amount: left });
    }
    tenders
}

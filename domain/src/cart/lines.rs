//! The lines of a cart: adding, changing and removing them, and taking over new prices.

use super::{
    AddLines, CartEvent, CartLine, CartLineQuantityChanged, CartLineRemoved, CartLinesAdded, CartRejection,
    CartRepriced, ChangeLineQuantity, CheckoutBlocker, CurrentOffer, LineReprice, NewLine, RemoveLine,
    RepriceCart,
    cart::Decision,
    limits::{LINES, TITLE_CHARS, invalid},
};
use crate::{Currency, LineId, Money, MoneyError, Quantity, Sku, order::Charge, text::objection};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A cart's lines.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct CartLines {
    /// In the order of their ids.
    lines: Vec<CartLine>,
    /// The id of the line added last; ids are never used again.
    last_line: u32,
}

impl CartLines {
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub(super) fn to_vec(&self) -> Vec<CartLine> {
        self.lines.clone()
    }

    /// Lines and charges together.
    pub(super) fn total_with(&self, charges: &[Charge], zero: Money) -> Result<Money, MoneyError> {
        total(&self.lines, charges, zero)
    }

    pub(super) fn add(&mut self, added: &CartLinesAdded) {
        self.lines.extend_from_slice(&added.lines);
        self.last_line = self.lines.last().map_or(self.last_line, |line| line.line_id.0);
    }

    pub(super) fn set_quantity(&mut self, changed: &CartLineQuantityChanged) {
        if let Some(line) = self.line_mut(changed.line_id) {
            line.quantity = changed.quantity;
        }
    }

    pub(super) fn remove(&mut self, line_id: LineId) {
        if let Some(at) = self.position(line_id) {
            self.lines.remove(at);
        }
    }

    pub(super) fn set_prices(&mut self, repriced: &CartRepriced) {
        for reprice in &repriced.lines {
            if let Some(line) = self.line_mut(reprice.line_id) {
                line.unit_price = reprice.unit_price;
            }
        }
    }

    fn line(&self, line_id: LineId) -> Option<&CartLine> {
        self.position(line_id).and_then(|at| self.lines.get(at))
    }

    fn position(&self, line_id: LineId) -> Option<usize> {
        self.lines.binary_search_by_key(&line_id, |line| line.line_id).ok()
    }

    fn line_mut(&mut self, line_id: LineId) -> Option<&mut CartLine> {
        self.position(line_id).and_then(|at| self.lines.get_mut(at))
    }

    /// What the customer sees in the cart against what the catalog says now.
    pub(super) fn differences_to(&self, offers: &[CurrentOffer]) -> Vec<CheckoutBlocker> {
        let offers = offers_by_sku(offers);
        let difference = |line: &CartLine| {
            let now = offers.get(&line.sku).and_then(|offer| offer.unit_price);
            CheckoutBlocker::of_line(line.line_id, &line.sku, line.unit_price, now)
        };
        self.lines.iter().filter_map(difference).collect()
    }

    pub(super) fn decide_add(&self, add: AddLines, currency: Currency) -> Decision {
        if add.lines.is_empty() {
            return Err(invalid("/lines", "at least one is needed"));
        }
        // First gathered among themselves: the same article at the same price twice is one line.
        let mut gathered: Vec<(NewLine, u64)> = Vec::with_capacity(add.lines.len());
        let mut positions: HashMap<(Sku, i64), usize> = HashMap::new();
        let single = add.lines.len() == 1;
        for line in add.lines {
            check_new(&line, currency)?;
            let units = u64::from(line.quantity.get());
            if !single {
                let key = (line.sku.clone(), line.unit_price.minor);
                let at = *positions.entry(key).or_insert(gathered.len());
                if let Some((_, quantity)) = gathered.get_mut(at) {
                    *quantity = quantity.saturating_add(units);
                    continue;
                }
            }
            gathered.push((line, units));
        }
        self.place(gathered)
    }

    fn place(&self, gathered: Vec<(NewLine, u64)>) -> Decision {
        let shelf = Shelf::new(&self.lines, gathered.len());
        let mut added_units: HashMap<Sku, u64> = HashMap::new();
        let mut events = Vec::new();
        let mut added = Vec::with_capacity(gathered.len());
        for (line, units) in gathered {
            let sku_units = if added_units.is_empty() {
                units
            } else {
                units.saturating_add(added_units.get(&line.sku).copied().unwrap_or(0))
            };
            // All lines of a SKU become one reservation, which holds as many units as one line.
            within_limit(&line.sku, shelf.units(&line.sku).saturating_add(sku_units))?;
            added_units.insert(line.sku.clone(), sku_units);
            let found = shelf.position(&line.sku, line.unit_price.minor).and_then(|at| self.lines.get(at));
            if let Some(known) = found {
                let total = u64::from(known.quantity.get()).saturating_add(units);
                let quantity = within_limit(&line.sku, total)?;
                events.push(quantity_changed(known, quantity));
                continue;
            }
            let quantity = within_limit(&line.sku, units)?;
            let NewLine { sku, product_id, title, quantity: _, unit_price } = line;
            let number = u32::try_from(added.len() + 1).unwrap_or(u32::MAX);
            let line_id = LineId(self.last_line.saturating_add(number));
            added.push(CartLine { line_id, sku, product_id, title, quantity, unit_price });
        }
        let lines = self.lines.len() + added.len();
        if lines > LINES {
            return Err(CartRejection::TooManyLines { lines, allowed: LINES });
        }
        if !added.is_empty() {
            events.push(CartEvent::CartLinesAdded(CartLinesAdded { lines: added }));
        }
        Ok(events)
    }

    pub(super) fn decide_quantity(&self, change: &ChangeLineQuantity) -> Decision {
        let ChangeLineQuantity { line_id, quantity } = *change;
        let line = self.line(line_id).ok_or(CartRejection::LineNotFound { line_id })?;
        if line.quantity == quantity {
            return Ok(Vec::new());
        }
        let others = Shelf::Few(&self.lines).units(&line.sku).saturating_sub(u64::from(line.quantity.get()));
        within_limit(&line.sku, others.saturating_add(u64::from(quantity.get())))?;
        Ok(vec![quantity_changed(line, quantity)])
    }

    pub(super) fn decide_remove(&self, remove: &RemoveLine) -> Decision {
        let RemoveLine { line_id } = *remove;
        self.line(line_id).ok_or(CartRejection::LineNotFound { line_id })?;
        Ok(vec![CartEvent::CartLineRemoved(CartLineRemoved { line_id })])
    }

    /// Lines without an offer keep their price; they block the checkout.
    pub(super) fn decide_reprice(&self, reprice: &RepriceCart, currency: Currency) -> Decision {
        let offers = offers_by_sku(&reprice.offers);
        let mut lines = Vec::new();
        for line in &self.lines {
            let Some(unit_price) = offers.get(&line.sku).and_then(|offer| offer.unit_price) else { continue };
            if unit_price.currency != currency {
                let (offered, expected) = (unit_price.currency, currency);
                return Err(CartRejection::ForeignCurrency { sku: line.sku.clone(), offered, expected });
            }
            if unit_price.minor < 0 {
                return Err(CartRejection::NegativePrice { sku: line.sku.clone() });
            }
            if unit_price != line.unit_price {
                lines.push(LineReprice { line_id: line.line_id, unit_price, previous: line.unit_price });
            }
        }
        if lines.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![CartEvent::CartRepriced(CartRepriced { lines })])
    }
}

fn check_new(line: &NewLine, currency: Currency) -> Result<(), CartRejection> {
    let NewLine { sku, product_id: _, title, quantity: _, unit_price } = line;
    if unit_price.currency != currency {
        let (offered, expected) = (unit_price.currency, currency);
        return Err(CartRejection::ForeignCurrency { sku: sku.clone(), offered, expected });
    }
    if unit_price.minor < 0 {
        return Err(CartRejection::NegativePrice { sku: sku.clone() });
    }
    objection(title, 1, TITLE_CHARS).map_or(Ok(()), |detail| Err(invalid("/title", detail)))
}

fn offers_by_sku(offers: &[CurrentOffer]) -> HashMap<&Sku, &CurrentOffer> {
    offers.iter().map(|offer| (&offer.sku, offer)).collect()
}

fn quantity_changed(line: &CartLine, quantity: Quantity) -> CartEvent {
    let (line_id, previous) = (line.line_id, line.quantity);
    CartEvent::CartLineQuantityChanged(CartLineQuantityChanged { line_id, quantity, previous })
}

fn within_limit(sku: &Sku, units: u64) -> Result<Quantity, CartRejection> {
    let quantity = u32::try_from(units).ok().and_then(|units| Quantity::new(units).ok());
    quantity.ok_or_else(|| CartRejection::TooMany { sku: sku.clone(), quantity: units })
}

/// Lines and charges together.
pub(crate) fn total(lines: &[CartLine], charges: &[Charge], zero: Money) -> Result<Money, MoneyError> {
    let goods = lines.iter().try_fold(zero, |sum, line| {
        line.unit_price.times(line.quantity.get()).and_then(|amount| sum.plus(amount))
    })?;
    charges.iter().try_fold(goods, |sum, charge| sum.plus(charge.amount))
}

/// From this many new lines on it pays to index the lines that are there.
const INDEXED_FROM: usize = 4;

/// Finds the line of an article at a price, and the units of a SKU over all its lines.
enum Shelf<'a> {
    Few(&'a [CartLine]),
    Many { by_article: HashMap<(&'a Sku, i64), usize>, units: HashMap<&'a Sku, u64> },
}

impl<'a> Shelf<'a> {
    fn new(lines: &'a [CartLine], lookups: usize) -> Self {
        if lookups < INDEXED_FROM {
            return Self::Few(lines);
        }
        let mut by_article = HashMap::with_capacity(lines.len());
        let mut units = HashMap::with_capacity(lines.len());
        for (at, line) in lines.iter().enumerate() {
            by_article.entry((&line.sku, line.unit_price.minor)).or_insert(at);
            *units.entry(&line.sku).or_insert(0) += u64::from(line.quantity.get());
        }
        Self::Many { by_article, units }
    }

    fn position(&self, sku: &Sku, price_minor: i64) -> Option<usize> {
        match self {
            Self::Few(lines) => {
                lines.iter().position(|line| line.unit_price.minor == price_minor && line.sku == *sku)
            }
            Self::Many { by_article, .. } => by_article.get(&(sku, price_minor)).copied(),
        }
    }

    fn units(&self, sku: &Sku) -> u64 {
        match self {
            Self::Few(lines) => {
                lines.iter().filter(|line| line.sku == *sku).map(|line| u64::from(line.quantity.get())).sum()
            }
            Self::Many { units, .. } => units.get(sku).copied().unwrap_or(0),
        }
    }
}

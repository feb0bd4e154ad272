//! All lines of an order: which units a shipment, delivery or return takes, and how far the goods have come.

use super::{Allocation, LineQuantities, LineQuantity, OrderLine, OrderRejection, SkuQuantity};
use crate::{LineId, LocationId, Quantity, Sku};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// The lines of a placed order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct OrderLines {
    /// In the order of their ids.
    lines: Vec<LineQuantities>,
}

/// How far an order's goods have come; derived from the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fulfilment {
    Unfulfilled,
    Allocated,
    PartiallyShipped,
    Shipped,
    PartiallyDelivered,
    Delivered,
    PartiallyReturned,
    Returned,
}

impl OrderLines {
    pub(super) fn new(lines: &[OrderLine]) -> Self {
        Self { lines: lines.iter().map(LineQuantities::new).collect() }
    }

    pub(super) fn line(&self, line_id: LineId) -> Option<&LineQuantities> {
        self.position(line_id).and_then(|at| self.lines.get(at))
    }

    pub(super) fn line_mut(&mut self, line_id: LineId) -> Option<&mut LineQuantities> {
        self.position(line_id).and_then(|at| self.lines.get_mut(at))
    }

    fn position(&self, line_id: LineId) -> Option<usize> {
        self.lines.binary_search_by_key(&line_id, LineQuantities::line_id).ok()
    }

    /// Sets every line aside, at the first of the places that its SKU comes from.
    pub(super) fn allocate(&mut self, allocations: &[Allocation]) {
        let mut first: HashMap<&Sku, &LocationId> = HashMap::new();
        for allocation in allocations {
            first.entry(&allocation.sku).or_insert(&allocation.location);
        }
        for line in &mut self.lines {
            let location = first.get(line.sku()).map(|location| (*location).clone());
            line.allocate(location);
        }
    }

    /// The SKU's lines that were to come from `from` come from `to`.
    pub(super) fn move_allocation(&mut self, sku: &Sku, from: &LocationId, to: &LocationId) {
        let moved = self.lines.iter_mut().filter(|line| line.sku() == sku && line.location() == Some(from));
        moved.for_each(|line| line.come_from(to.clone()));
    }

    pub(super) fn cancel_rest(&mut self) {
        self.lines.iter_mut().for_each(LineQuantities::cancel_rest);
    }

    pub(super) fn undelivered(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.undelivered())).sum()
    }

    /// Units that are set aside and neither shipped nor cancelled.
    pub(super) fn allocated(&self) -> u64 {
        self.lines.iter().map(|line| u64::from(line.allocated())).sum()
    }

    /// What these units cost together if they are the next to leave or to be cancelled, and how many of each SKU they are.
    pub(super) fn next_to_ship(
        &self,
        units: &[LineQuantity],
    ) -> Result<(i64, Vec<SkuQuantity>), OrderRejection> {
        let mut minor = 0_i64;
        let mut per_sku: BTreeMap<&Sku, u32> = BTreeMap::new();
        for LineQuantity { line_id, quantity } in units {
            let line = self.line(*line_id).ok_or(OrderRejection::UnknownLine { line_id: *line_id })?;
            minor = minor.saturating_add(line.price_of_next_to_ship(quantity.get()));
            let sku_units = per_sku.entry(line.sku()).or_default();
            *sku_units = sku_units.saturating_add(quantity.get());
        }
        let per_sku = per_sku.into_iter().map(|(sku, units)| {
            let quantity = Quantity::new(units).map_err(|error| OrderRejection::InvalidOrder {
                field: "/lines".to_owned(),
                detail: error.to_string(),
            })?;
            Ok(SkuQuantity { sku: sku.clone(), quantity })
        });
        Ok((minor, per_sku.collect::<Result<_, OrderRejection>>()?))
    }

    /// Each once.
    pub(super) fn skus(&self) -> Vec<Sku> {
        let skus: BTreeSet<&Sku> = self.lines.iter().map(LineQuantities::sku).collect();
        skus.into_iter().cloned().collect()
    }

    /// Every SKU has exactly as many units set aside as its lines need.
    pub(super) fn check_covered(&self, allocations: &[Allocation]) -> Result<(), OrderRejection> {
        let mut units: BTreeMap<&Sku, (u64, u64)> = BTreeMap::new();
        for line in &self.lines {
            units.entry(line.sku()).or_default().0 += u64::from(line.ordered());
        }
        for allocation in allocations {
            units.entry(&allocation.sku).or_default().1 += u64::from(allocation.quantity.get());
        }
        match units.into_iter().find(|(_, (ordered, allocated))| ordered != allocated) {
            None => Ok(()),
            Some((sku, (ordered, allocated))) => {
                let units = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
                let (ordered, allocated) = (units(ordered), units(allocated));
                Err(OrderRejection::NotCovered { sku: sku.clone(), ordered, allocated })
            }
        }
    }

    /// The lines asked for, each once, if that many units are `possible` of each; without a wish all that is
    /// possible.
    pub(super) fn choose(
        &self,
        wish: Option<Vec<LineQuantity>>,
        possible: fn(&LineQuantities) -> u32,
    ) -> Result<Vec<LineQuantity>, OrderRejection> {
        let Some(wish) = wish else {
            let all = self.lines.iter().filter_map(|line| {
                let quantity = Quantity::new(possible(line)).ok()?;
                Some(LineQuantity { line_id: line.line_id(), quantity })
            });
            let all: Vec<_> = all.collect();
            return if all.is_empty() { Err(OrderRejection::NothingToDo {}) } else { Ok(all) };
        };
        if wish.is_empty() {
            return Err(OrderRejection::NothingToDo {});
        }
        let mut units: BTreeMap<LineId, u32> = BTreeMap::new();
        for LineQuantity { line_id, quantity } in wish {
            let line_units = units.entry(line_id).or_default();
            *line_units = line_units.saturating_add(quantity.get());
        }
        let chosen = units.into_iter().map(|(line_id, requested)| {
            let line = self.line(line_id).ok_or(OrderRejection::UnknownLine { line_id })?;
            let too_many = OrderRejection::TooManyUnits { line_id, requested, possible: possible(line) };
            match Quantity::new(requested) {
                Ok(quantity) if requested <= possible(line) => Ok(LineQuantity { line_id, quantity }),
                Ok(_) | Err(_) => Err(too_many),
            }
        });
        chosen.collect()
    }

    pub(super) fn fulfilment(&self) -> Fulfilment {
        let units = |of: fn(&LineQuantities) -> u32| self.lines.iter().map(of).map(u64::from).sum::<u64>();
        let kept = units(LineQuantities::kept);
        let all = |done: fn(&LineQuantities) -> u32| kept > 0 && units(done) == kept;
        let any = |done: fn(&LineQuantities) -> u32| self.lines.iter().any(|line| done(line) > 0);
        if all(LineQuantities::returned) {
            Fulfilment::Returned
        } else if any(LineQuantities::returned) {
            Fulfilment::PartiallyReturned
        } else if all(LineQuantities::delivered) {
            Fulfilment::Delivered
        } else if any(LineQuantities::delivered) {
            Fulfilment::PartiallyDelivered
        } else if all(LineQuantities::shipped) {
            Fulfilment::Shipped
        } else if any(LineQuantities::shipped) {
            Fulfilment::PartiallyShipped
        } else if any(LineQuantities::allocated) {
            Fulfilment::Allocated
        } else {
            Fulfilment::Unfulfilled
        }
    }
}

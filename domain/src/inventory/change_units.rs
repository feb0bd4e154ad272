//! Lists of units by place, as reservations and those who show them keep: how one place's units become more or fewer.

use super::{LocationQuantity, stock::units};
use crate::{LocationId, Quantity};

/// A part of such a list.
pub trait UnitsAtPlace {
    /// Its units, to be changed.
    fn quantity(&mut self) -> &mut Quantity;
}

impl UnitsAtPlace for LocationQuantity {
    fn quantity(&mut self) -> &mut Quantity {
        &mut self.quantity
    }
}

/// Changes the units of the part that `is_it` by `delta`. A part without units is taken away; the one that is `new` comes last.
pub fn change_units<P: UnitsAtPlace>(
    parts: &mut Vec<P>,
    is_it: impl Fn(&P) -> bool,
    delta: i64,
    new: impl FnOnce(Quantity) -> P,
) {
    let place = parts.iter().position(is_it);
    let before = place.map_or(0, |place| i64::from(parts[place].quantity().get()));
    match (place, units(before.saturating_add(delta))) {
        (Some(place), Some(quantity)) => *parts[place].quantity() = quantity,
        (Some(place), None) => {
            parts.remove(place);
        }
        (None, Some(quantity)) => parts.push(new(quantity)),
        (None, None) => {}
    }
}

/// The same at a location.
pub fn change_units_at(parts: &mut Vec<LocationQuantity>, location: &LocationId, delta: i64) {
    let new = |quantity| LocationQuantity { location: location.clone(), quantity };
    change_units(parts, |part| part.location == *location, delta, new);
}

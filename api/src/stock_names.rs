//! The names in what people write about stock: locations, which have to be open, and SKUs, which a product has to have. So a
//! typing error brings neither into being. They are looked up in the log, so that this is never behind.
//!
//! What processes and imports write is not looked up: facts are recorded, and an import brings its articles itself.

use crate::{
    history::Histories,
    problem::{Problem, kind},
};
use daybook_domain::{
    Command, Decider, Event, LocationId, Sku,
    inventory::{Inventory, InventoryCommand},
    location::Location,
    order::OrderCommand,
    skuowner::SkuOwner,
};
use daybook_event_log::{EventLog, StreamId, Version};
use daybook_views::{Views, location::LocationView};
use quick_cache::sync::Cache;
use std::{fmt::Display, sync::Arc};

/// Locations whose state is remembered.
const REMEMBERED: usize = 10_000;
/// Locations among which the nearest names are looked for, …
const LOOKED_AT: usize = 1_000;
/// … and how many are told.
const NEAREST: usize = 3;

/// Whether stock may be written for a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LocationStanding {
    Open,
    Closed,
    Unknown,
}

/// Looks names up.
pub(crate) struct StockNames {
    log: Arc<dyn EventLog>,
    histories: Histories,
    reads: Views,
    /// Whether stock of SKUs is taken that no product has.
    takes_unlisted: bool,
    known: Cache<LocationId, (Version, LocationStanding)>,
}

/// What a command names.
#[derive(Default)]
struct CommandNames<'a> {
    sku: Option<&'a Sku>,
    /// Where goods come to: has to be open.
    to: Option<&'a LocationId>,
    /// Where goods are, are counted or leave: has to have been open.
    at: Option<&'a LocationId>,
}

impl<'a> CommandNames<'a> {
    fn of(command: &'a Command) -> Self {
        use InventoryCommand as C;
        match command {
            Command::Inventory(sku, command) => {
                let (at, to) = match command {
                    C::ReceiveStock(receive) => (None, Some(&receive.location)),
                    C::AdjustStock(adjust) if adjust.delta > 0 => (None, Some(&adjust.location)),
                    C::AdjustStock(adjust) => (Some(&adjust.location), None),
                    C::CountStock(count) => (Some(&count.location), None),
                    C::SetStockPolicy(policy) => (Some(&policy.location), None),
                    C::TransferStock(transfer) => (Some(&transfer.from), Some(&transfer.to)),
                    // Made by processes, of what an order names.
                    _ => return Self::default(),
                };
                Self { sku: Some(sku), to, at }
            }
            Command::Order(_, OrderCommand::ShipOrder(ship)) => {
                Self { at: ship.location.as_ref(), ..Self::default() }
            }
            Command::Order(_, OrderCommand::ReturnGoods(back)) => {
                Self { to: back.location.as_ref(), ..Self::default() }
            }
            _ => Self::default(),
        }
    }
}

impl StockNames {
    pub(crate) fn new(
        log: Arc<dyn EventLog>,
        histories: Histories,
        reads: Views,
        takes_unlisted: bool,
    ) -> Self {
        Self { log, histories, reads, takes_unlisted, known: Cache::new(REMEMBERED) }
    }

    /// Refuses a command that names what nobody has brought into being.
    pub(crate) async fn check(&self, command: &Command) -> Result<(), Problem> {
        let CommandNames { sku, to, at } = CommandNames::of(command);
        for (location, must_be_open) in [(at, false), (to, true)] {
            let Some(location) = location else { continue };
            match self.standing(location).await? {
                LocationStanding::Unknown => return Err(self.unknown(location).await),
                LocationStanding::Closed if must_be_open => return Err(closed(location)),
                LocationStanding::Open | LocationStanding::Closed => {}
            }
        }
        match sku {
            Some(sku) if !self.takes_unlisted && !self.is_listed(sku).await? => Err(unlisted(sku)),
            _ => Ok(()),
        }
    }

    /// Whether a product has the SKU, or had it, or there is a record of its stock already.
    async fn is_listed(&self, sku: &Sku) -> Result<bool, Problem> {
        // From memory, nearly always; where the read store is away, the log says it too.
        if matches!(self.reads.catalog().sku_offer(sku).await, Ok(Some(_))) {
            return Ok(true);
        }
        for aggregate in [SkuOwner::NAME, Inventory::NAME] {
            if self.log.stream_version(&stream(aggregate, sku)?).await? > Version::new(0) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn standing(&self, location: &LocationId) -> Result<LocationStanding, Problem> {
        let version = self.log.stream_version(&stream(Location::NAME, location)?).await?;
        if let Some((at, standing)) = self.known.get(location)
            && at == version
        {
            return Ok(standing);
        }
        let state = self.histories.of(Location::NAME, location, folded).await?;
        let standing = match (state.is_open(location), state.is_closed()) {
            (true, _) => LocationStanding::Open,
            (false, true) => LocationStanding::Closed,
            (false, false) => LocationStanding::Unknown,
        };
        // What nobody opened is not remembered: there is no end to such names.
        if standing != LocationStanding::Unknown {
            self.known.insert(location.clone(), (version, standing));
        }
        Ok(standing)
    }

    async fn unknown(&self, location: &LocationId) -> Problem {
        let nearest = self.nearest(location).await;
        let meant = nearest.first().map_or_else(String::new, |first| format!(" (is {first} meant?)"));
        let detail = format!("there is no location {location}{meant}; PUT /locations/{location} opens it");
        Problem::new(&kind::UNKNOWN_LOCATION, detail)
            .with("location", location.as_str())
            .with("nearest", nearest)
    }

    /// Names of locations that `location` may be a typing error of, the nearest first. None where they cannot be read.
    async fn nearest(&self, location: &LocationId) -> Vec<String> {
        let Ok(page) = self.reads.locations().all(None, LOOKED_AT).await else { return Vec::new() };
        let names = page.rows.iter().filter_map(|row| row.parse::<LocationView>().ok());
        nearest(location.as_str(), names.map(|view| view.location_id.to_string()))
    }
}

fn stream(aggregate: &str, id: impl Display) -> Result<StreamId, Problem> {
    StreamId::new(aggregate, id).map_err(|error| Problem::new(&kind::INVALID_PARAMETER, error.to_string()))
}

fn unlisted(sku: &Sku) -> Problem {
    let detail = format!("no product has {sku}; put the product first, with {sku} as a variant");
    Problem::new(&kind::UNKNOWN_SKU, detail).with("sku", sku.as_str())
}

fn folded(events: Vec<Event>) -> Location {
    let mut state = Location::default();
    for event in &events {
        if let Event::Location(event) = event {
            state.evolve(event);
        }
    }
    state
}

fn closed(location: &LocationId) -> Problem {
    let detail = format!("location {location} is closed; PUT /locations/{location} opens it again");
    Problem::new(&kind::CONFLICT, detail).with("reason", "LocationClosed").with("location", location.as_str())
}

/// Those of `names` that differ from `wanted` in a third of its letters or less, or only in case.
fn nearest(wanted: &str, names: impl Iterator<Item = String>) -> Vec<String> {
    let most = (wanted.chars().count() / 3).max(1);
    let wanted = wanted.to_lowercase();
    let apart = names.map(|name| (strsim::damerau_levenshtein(&wanted, &name.to_lowercase()), name));
    let mut near: Vec<_> = apart.filter(|(apart, _)| *apart <= most).collect();
    near.sort();
    near.into_iter().take(NEAREST).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_names_are_told_the_nearest_first_and_others_not() {
        let near = |wanted: &str| {
            nearest(wanted, ["main", "paris", "parma", "Leeds"].map(str::to_owned).into_iter())
        };
        assert_eq!(near("pariss"), ["paris"]);
        assert_eq!(near("mian"), ["main"]);
        assert_eq!(near("leeds"), ["Leeds"]);
        assert_eq!(near("warehouse-7"), Vec::<String>::new());
    }
}

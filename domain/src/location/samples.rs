//! Samples of locations: states, commands, a full payload of each event, and any commands for random tests.

use super::*;
use crate::{LocationId, samples::*};

fn details(name: &str, kind: LocationKind) -> LocationDetails {
    LocationDetails { name: name.to_owned(), kind, country: Some(parsed("GB")) }
}

fn leeds() -> LocationId {
    parsed("leeds")
}

fn put(name: &str, kind: LocationKind) -> LocationCommand {
    LocationCommand::PutLocation(PutLocation { location_id: leeds(), details: details(name, kind) })
}

fn close() -> LocationCommand {
    LocationCommand::CloseLocation(CloseLocation { location_id: leeds() })
}

impl Sampled for Location {
    fn sample_id() -> LocationId {
        leeds()
    }

    fn samples() -> Samples<Self> {
        use LocationKind::{Store, Warehouse};
        let opened = || put("Leeds", Warehouse);
        Samples {
            states: vec![
                ("absent", vec![]),
                ("open", decided::<Self>(&[opened()])),
                ("changed", decided::<Self>(&[opened(), put("Leeds, Briggate", Store)])),
                ("closed", decided::<Self>(&[opened(), close()])),
                ("open again", decided::<Self>(&[opened(), close(), opened()])),
            ],
            commands: vec![opened(), put("Leeds, Briggate", Store), put(" ", Store), close()],
            events: vec![
                LocationEvent::LocationOpened(LocationOpened {
                    location_id: leeds(),
                    details: details("Leeds", Warehouse),
                }),
                LocationEvent::LocationChanged(LocationChanged {
                    location_id: leeds(),
                    details: details("Leeds, Briggate", Store),
                }),
                LocationEvent::LocationClosed(LocationClosed { location_id: leeds() }),
            ],
        }
    }

    fn any_command(random: &mut Random) -> LocationCommand {
        let kind = [LocationKind::Warehouse, LocationKind::Store, LocationKind::Dropship][random.below(3)];
        match random.below(3) {
            0 => close(),
            1 => put("Leeds", kind),
            _ => put("Leeds, Briggate", kind),
        }
    }
}

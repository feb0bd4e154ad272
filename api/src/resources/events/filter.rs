//! Which events a feed wants: by type, by aggregate, by stream. What no event can have is refused by name.

use crate::{
    describe::texts,
    http::{invalid, query_params},
    problem::Problem,
};
use daybook_domain::AGGREGATES;
use daybook_event_log::{RecordedEvent, StreamId};
use serde_json::json;

query_params! {
    /// Each may be given several times or as a list with commas.
    pub(super) struct FilterParams {
        types: Vec<String> = "type",
            "Only these event types; repeated or with commas.", texts(), json!(["OrderPlaced"]);
        aggregates: Vec<String> = "aggregate", "Only of these aggregates.", texts(), json!(["order"]);
        streams: Vec<String> = "stream", "Only of these streams.", texts(), json!(["inventory-MUG-RED"]);
    }
}

/// Each list that is not empty must contain the event's.
#[derive(Debug, Default)]
pub(super) struct Filter {
    types: Vec<String>,
    aggregates: Vec<String>,
    streams: Vec<String>,
}

impl TryFrom<FilterParams> for Filter {
    type Error = Problem;

    fn try_from(params: FilterParams) -> Result<Self, Problem> {
        let list = |values: Vec<String>| -> Vec<String> {
            values.iter().flat_map(|value| value.split(',')).map(|entry| entry.trim().to_owned()).collect()
        };
        let filter = Self {
            types: list(params.types),
            aggregates: list(params.aggregates),
            streams: list(params.streams),
        };
        let known = |name: &str| AGGREGATES.iter().any(|aggregate| aggregate.name == name);
        if let Some(unknown) = filter.aggregates.iter().find(|name| !known(name)) {
            let all: Vec<_> = AGGREGATES.iter().map(|aggregate| aggregate.name).collect();
            let detail = format!("there is no aggregate {:?}; there are {}", shown(unknown), all.join(", "));
            return Err(invalid("aggregate", detail));
        }
        let mut types = AGGREGATES.iter().flat_map(|aggregate| aggregate.events).map(|kind| kind.name);
        if let Some(unknown) = filter.types.iter().find(|name| !types.clone().any(|known| known == *name)) {
            let alike = types.find(|known| known.eq_ignore_ascii_case(unknown));
            let hint = alike.map_or_else(String::new, |known| format!("; is {known} meant?"));
            return Err(invalid("type", format!("there is no type of events {:?}{hint}", shown(unknown))));
        }
        let is_stream = |name: &str| StreamId::parse(name).is_ok_and(|stream| known(stream.aggregate()));
        if let Some(unknown) = filter.streams.iter().find(|name| !is_stream(name)) {
            let detail =
                format!("{:?} is no stream; one is called aggregate-id, as in cart-…", shown(unknown));
            return Err(invalid("stream", detail));
        }
        Ok(filter)
    }
}

impl Filter {
    #[cfg(test)]
    pub(super) fn of_types(types: &[&str]) -> Self {
        Self { types: types.iter().map(|name| (*name).to_owned()).collect(), ..Self::default() }
    }

    /// Whether every event is wanted.
    pub(super) fn is_empty(&self) -> bool {
        self.types.is_empty() && self.aggregates.is_empty() && self.streams.is_empty()
    }

    pub(super) fn wants(&self, event: &RecordedEvent) -> bool {
        let contains =
            |list: &[String], what: &str| list.is_empty() || list.iter().any(|entry| entry == what);
        contains(&self.types, event.event_type())
            && contains(&self.aggregates, event.aggregate())
            && contains(&self.streams, event.stream())
    }
}

fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

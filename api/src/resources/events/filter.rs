//! Which events a feed wants: by type, by aggregate, by stream.

use crate::{describe::texts, http::query_params};
use daybook_event_log::RecordedEvent;
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

impl From<FilterParams> for Filter {
    fn from(params: FilterParams) -> Self {
        let list = |values: Vec<String>| -> Vec<String> {
            values.iter().flat_map(|value| value.split(',')).map(str::to_owned).collect()
        };
        Self { types: list(params.types), aggregates: list(params.aggregates), streams: list(params.streams) }
    }
}

impl Filter {
    pub(super) fn wants(&self, event: &RecordedEvent) -> bool {
        let contains =
            |list: &[String], what: &str| list.is_empty() || list.iter().any(|entry| entry == what);
        contains(&self.types, event.event_type())
            && contains(&self.aggregates, event.aggregate())
            && contains(&self.streams, event.stream())
    }
}

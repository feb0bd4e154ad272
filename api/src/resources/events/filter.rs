//! Which events a feed wants: by type, by aggregate, by stream.

use crate::{http::Params, problem::Problem};
use daybook_event_log::RecordedEvent;

/// Each list that is not empty must contain the event's.
#[derive(Debug, Default)]
pub(super) struct Filter {
    types: Vec<String>,
    aggregates: Vec<String>,
    streams: Vec<String>,
}

impl Filter {
    /// Takes `type`, `aggregate` and `stream`; each may be given several times or as a list with commas.
    pub(super) fn take(params: &mut Params) -> Result<Self, Problem> {
        let mut list = |name| -> Vec<String> {
            params.take_all(name).iter().flat_map(|value| value.split(',')).map(str::to_owned).collect()
        };
        Ok(Self { types: list("type"), aggregates: list("aggregate"), streams: list("stream") })
    }

    pub(super) fn wants(&self, event: &RecordedEvent) -> bool {
        let contains =
            |list: &[String], what: &str| list.is_empty() || list.iter().any(|entry| entry == what);
        contains(&self.types, event.event_type())
            && contains(&self.aggregates, event.aggregate())
            && contains(&self.streams, event.stream())
    }
}

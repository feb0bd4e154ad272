//! The aggregate: a request's outcome, written down once.

use super::{RecordUnchanged, RequestChangedNothing, RequestCommand, RequestEvent, RequestRejection};
use crate::{CacheClass, Context, Decider, RequestId};
use serde::{Deserialize, Serialize};

/// Nothing yet, or the outcome.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct UnchangedRequest {
    recorded: Option<RequestChangedNothing>,
}

impl Decider for UnchangedRequest {
    const NAME: &'static str = "request";
    const STATE_VERSION: u32 = 1;
    const CACHE: CacheClass = CacheClass::Normal;
    type Id = RequestId;
    type Command = RequestCommand;
    type Event = RequestEvent;
    type Rejection = RequestRejection;

    fn decide(
        &self,
        command: RequestCommand,
        _context: &Context,
    ) -> Result<Vec<RequestEvent>, RequestRejection> {
        let RequestCommand::RecordUnchanged(RecordUnchanged { stream, version }) = command;
        match &self.recorded {
            None => Ok(vec![RequestEvent::RequestChangedNothing(RequestChangedNothing {
                of_stream: stream,
                of_version: version,
            })]),
            Some(recorded) if recorded.of_stream == stream => Ok(Vec::new()),
            Some(recorded) => Err(RequestRejection::RecordedOtherwise { stream: recorded.of_stream.clone() }),
        }
    }

    fn evolve(&mut self, event: &RequestEvent) {
        let RequestEvent::RequestChangedNothing(recorded) = event;
        self.recorded = Some(recorded.clone());
    }
}

//! Samples of requests that changed nothing: states, commands, a full payload of the event, and any commands for
//! random tests.

use super::*;
use crate::{RequestId, samples::*};

const REQUEST: &str = "0192f3a1-7c00-7000-8000-000000000009";

impl Sampled for UnchangedRequest {
    fn sample_id() -> RequestId {
        parsed(REQUEST)
    }

    fn samples() -> Samples<Self> {
        let record = |stream: &str| {
            RequestCommand::RecordUnchanged(RecordUnchanged { stream: stream.to_owned(), version: 4 })
        };
        let recorded = vec![record("product-mug")];
        Samples {
            states: vec![("absent", vec![]), ("recorded", decided::<Self>(&recorded))],
            commands: vec![record("product-mug"), record("product-cup")],
            events: vec![RequestEvent::RequestChangedNothing(RequestChangedNothing {
                of_stream: "product-mug".to_owned(),
                of_version: 4,
            })],
        }
    }

    fn any_command(random: &mut Random) -> RequestCommand {
        let stream = format!("product-{}", random.name());
        RequestCommand::RecordUnchanged(RecordUnchanged { stream, version: random.below(5) as u64 })
    }
}

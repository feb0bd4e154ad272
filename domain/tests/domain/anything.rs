//! Any commands in any order, with amounts at the edges of what their types can hold. Nothing panics, a refusal
//! changes nothing, and whoever reads the events back gets the same state as whoever decided them.

use daybook_domain::{
    AGGREGATES, AggregateState, Event, all_samples,
    samples::{AnySamples, Random, context_at},
};
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_commands_lead_to_a_state_that_cannot_be_read_back(seed: u64) {
        let mut random = Random::new(seed);
        for samples in all_samples() {
            live(&samples, &mut random);
        }
    }
}

/// A command that is never drawn is never tried by the test above.
#[test]
fn every_command_is_drawn() {
    let mut random = Random::new(1);
    for samples in all_samples() {
        let drawn: BTreeSet<&str> = (0..2_000).map(|_| (samples.any_command)(&mut random).name()).collect();
        let kind = AGGREGATES.iter().find(|kind| kind.name == samples.aggregate).unwrap();
        let missing: Vec<&&str> = kind.commands.iter().filter(|name| !drawn.contains(**name)).collect();
        assert!(missing.is_empty(), "{}: `any_command` never gives {missing:?}", kind.name);
    }
}

/// One life of one aggregate.
fn live(samples: &AnySamples, random: &mut Random) {
    let kind = samples.aggregate;
    let (mut state, mut read) = (AggregateState::new(kind).unwrap(), AggregateState::new(kind).unwrap());
    for _ in 0..60 {
        let (command, before) = ((samples.any_command)(random), state.clone());
        match state.handle(command, &context_at(u64::from(random.units(0, 2_000)))) {
            Ok(events) => events.iter().for_each(|event| read.apply(&through_the_log(event))),
            Err(_) => assert_eq!(state, before, "a refusal changed the state"),
        }
        assert_eq!(state, read);
    }
    let snapshot = AggregateState::from_snapshot(kind, &state.to_snapshot()).unwrap();
    assert_eq!(state, snapshot);
}

fn through_the_log(event: &Event) -> Event {
    let stored = event.encode();
    Event::decode(event.aggregate(), event.type_name(), event.schema_version(), &stored).unwrap()
}

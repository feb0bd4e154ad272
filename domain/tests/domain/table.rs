//! Every state's answer to every command, as written down in `decisions.txt`, and the bytes of every state, as in
//! `snapshots.txt`. A new state or command shows up there as lines nobody has read yet.

use cqrs_es::Aggregate;
use daybook_domain::{
    AGGREGATES, AggregateState, Context, Decider, Event, all_samples,
    samples::{Sampled, Samples, Visitor, context, evolved},
    visit_aggregates,
};
use std::collections::BTreeSet;

fn reach(aggregate: &str, events: &[Event]) -> AggregateState {
    let mut state = AggregateState::new(aggregate).unwrap();
    events.iter().for_each(|event| state.apply(event));
    state
}

/// Compares with what is written down; else writes `found` to where it can be copied from.
fn compare(found: &str, written: &str, name: &str, what_to_do: &str) {
    if found != written {
        let path = format!("{}/{name}", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(&path, found).unwrap();
        panic!("{name} differs: {what_to_do}, then copy {path} there");
    }
}

#[test]
fn every_state_answers_every_command_as_written_down() {
    let mut table = String::new();
    for samples in all_samples() {
        for (name, events) in &samples.states {
            table.push_str(&format!("{}, {name}\n", samples.aggregate));
            for command in &samples.commands {
                let mut state = reach(samples.aggregate, events);
                let before = state.clone();
                let answer = match state.handle(command.clone(), &context()) {
                    Ok(events) if events.is_empty() => "nothing".to_owned(),
                    Ok(events) => events.iter().map(|event| event.type_name()).collect::<Vec<_>>().join(", "),
                    Err(rejection) => {
                        assert_eq!(state, before, "a refusal changed the state");
                        format!("no: {}", rejection.name())
                    }
                };
                table.push_str(&format!("    {:20} {answer}\n", command.name()));
            }
        }
    }
    compare(&table, include_str!("decisions.txt"), "decisions.txt", "look whether the new answers are right");
}

#[test]
fn a_state_is_stored_as_before_or_has_a_new_version() {
    let mut stored = String::new();
    for samples in all_samples() {
        for (name, events) in &samples.states {
            let state = reach(samples.aggregate, events);
            let (aggregate, version) = (samples.aggregate, state.state_version());
            let snapshot = String::from_utf8(state.to_snapshot()).unwrap();
            stored.push_str(&format!("{aggregate}, {name}, version {version}\n    {snapshot}\n"));
            assert_eq!(AggregateState::from_snapshot(aggregate, snapshot.as_bytes()).unwrap(), state);
        }
    }
    compare(&stored, include_str!("snapshots.txt"), "snapshots.txt", "raise STATE_VERSION");
}

#[test]
fn there_is_a_sample_of_everything() {
    for (kind, samples) in AGGREGATES.iter().zip(all_samples()) {
        assert_eq!(kind.name, samples.aggregate);
        let events: Vec<_> = samples.events.iter().map(Event::kind).collect();
        assert_eq!(events, kind.events, "{}: a full payload of every event, in order", kind.name);
        let commands: BTreeSet<_> = samples.commands.iter().map(|command| command.name()).collect();
        assert_eq!(commands, kind.commands.iter().copied().collect(), "{}: every command", kind.name);
    }
    assert_eq!(AGGREGATES.len(), all_samples().len());
}

/// What cqrs-es does with the same state, command and context.
fn by_cqrs_es<A: Aggregate<Services = Context>>(
    mut state: A,
    command: A::Command,
) -> (A, Result<Vec<A::Event>, A::Error>) {
    let sink = cqrs_es::event_sink::EventSink::default();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let context = context();
    let handled = runtime.block_on(state.handle(command, &context, &sink));
    let events = runtime.block_on(sink.collect());
    (state, handled.map(|()| events))
}

struct BothWays(usize);

impl Visitor for BothWays {
    fn visit<D>(&mut self)
    where
        D: Sampled
            + Aggregate<
                Command = <D as Decider>::Command,
                Event = <D as Decider>::Event,
                Error = <D as Decider>::Rejection,
                Services = Context,
            >,
    {
        let Samples { states, commands, .. } = D::samples();
        for (name, events) in states {
            for command in &commands {
                let mut short: D = evolved(&events);
                let (after, long) = by_cqrs_es(short.clone(), command.clone());
                let decided = short.execute(command.clone(), &context());
                assert_eq!(decided, long, "{}, {name}: {command:?}", D::NAME);
                assert_eq!(short, after, "{}, {name}: {command:?}", D::NAME);
                self.0 += 1;
            }
        }
    }
}

#[test]
fn cqrs_es_decides_the_same_as_the_engines_shorter_way() {
    let mut compared = BothWays(0);
    visit_aggregates(&mut compared);
    let pairs: usize =
        all_samples().iter().map(|samples| samples.states.len() * samples.commands.len()).sum();
    assert_eq!(compared.0, pairs);
}

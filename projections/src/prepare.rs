//! Finds out, at start, where each read model stands: which generation answers, whether it fits the log and the
//! program, what has to be filled.

use crate::{RunnerError, lane::Lane, member::Member, runner::switch, seat::Seat};
use daybook_event_log::EventLog;
use daybook_read_store::{Checkpoint, GenerationId, ReadStore, Role, StoreError};
use std::sync::Arc;

/// Members to be kept current together, and those to be filled beside them.
pub(crate) struct Prepared {
    pub(crate) lane: Lane,
    pub(crate) beside: Vec<(Arc<Seat>, Member)>,
}

/// Lets queries see the generations that are there on this disk, whatever their version.
pub(crate) fn answer_from_what_is_there(seats: &[Arc<Seat>]) -> Result<(), StoreError> {
    for seat in seats.iter().filter(|seat| !seat.store.is_on_a_server()) {
        let (definition, store) = (&seat.definition, &seat.store);
        let Some(id) = store.generation_id(&definition.schema(), Role::Live)? else { continue };
        let generation = store.generation(definition.name, id, definition.kinds)?;
        seat.publish(store.checkpoint(&generation)?.position);
        seat.live.switch_to(generation);
    }
    Ok(())
}

/// Makes a member for each generation that is to move.
///
/// What answers stays current in the lane. What is being filled goes beside if something answers meanwhile, or
/// if it is more than `beside_events` behind the others, which should not wait for it; else it goes into the
/// lane and answers at once, growing. With `beside_events` at its maximum nothing goes beside.
pub(crate) async fn prepare(
    store: &Arc<ReadStore>,
    seats: &[Arc<Seat>],
    log: &Arc<dyn EventLog>,
    beside_events: u64,
) -> Result<Prepared, RunnerError> {
    let mut prepared = Prepared { lane: Lane::new(store.clone(), Vec::new()), beside: Vec::new() };
    let mut filling = Vec::new();
    for seat in seats {
        let name = seat.definition.name;
        let live = store.generation_id(&seat.definition.schema(), Role::Live)?;
        let building = store.generation_id(&seat.definition.schema(), Role::Building)?;
        let mut answers = false;
        if let Some(id) = live.filter(|id| id.version == seat.definition.version) {
            let mut member = member(store, seat, id)?;
            if fits(&member, log).await? {
                member.projection.went_live();
                seat.publish(member.visible);
                prepared.lane.members.push(member);
                answers = true;
            } else {
                tracing::warn!(projection = name, position = %member.checkpoint.position,
                    "the read model was filled from another log; it is filled again");
                drop_building(store, seat, building)?;
                filling.push((seat.clone(), begin(store, seat, id.number + 1)?, true));
                continue;
            }
        }
        match building.filter(|id| id.version == seat.definition.version) {
            Some(_) if answers && beside_events == u64::MAX => {}
            Some(id) => {
                let mut member = member(store, seat, id)?;
                if !fits(&member, log).await? {
                    drop_building(store, seat, building)?;
                    member = begin(store, seat, id.number + 1)?;
                }
                filling.push((seat.clone(), member, false));
            }
            None => {
                drop_building(store, seat, building)?;
                if !answers {
                    let newest = live.into_iter().chain(building).map(|id| id.number).max();
                    filling.push((seat.clone(), begin(store, seat, newest.unwrap_or(0) + 1)?, false));
                }
            }
        }
    }
    let positions = prepared.lane.members.iter().chain(filling.iter().map(|(_, member, _)| member));
    let foremost = positions.map(|member| member.checkpoint.position.get()).max().unwrap_or(0);
    for (seat, mut member, misfit) in filling {
        let behind = foremost - member.checkpoint.position.get() > beside_events;
        // Rows from another log are no answer at all: they go at once.
        let answered = seat.live.current().is_some() && !misfit && beside_events < u64::MAX;
        if answered || behind {
            prepared.beside.push((seat, member));
        } else {
            switch(store, std::slice::from_ref(&seat), &mut member)?;
            prepared.lane.members.push(member);
        }
    }
    Ok(prepared)
}

fn member(store: &ReadStore, seat: &Seat, id: GenerationId) -> Result<Member, StoreError> {
    let generation = store.generation(seat.definition.name, id, seat.definition.kinds)?;
    Member::new(seat.definition.clone(), generation, store)
}

/// An empty generation to be filled.
pub(crate) fn begin(store: &ReadStore, seat: &Seat, number: u64) -> Result<Member, StoreError> {
    let number = store.number(seat.definition.name, number)?;
    let id = GenerationId { version: seat.definition.version, number };
    let generation = store.generation(seat.definition.name, id, seat.definition.kinds)?;
    store.assign(Role::Building, &generation)?;
    Member::new(seat.definition.clone(), generation, store)
}

fn drop_building(store: &ReadStore, seat: &Seat, stale: Option<GenerationId>) -> Result<(), StoreError> {
    let Some(id) = stale else { return Ok(()) };
    store.drop_generation(&*store.generation(seat.definition.name, id, seat.definition.kinds)?)
}

/// Whether the event that the checkpoint names stands where it says. Another log, or one restored from an
/// older copy, does not fit, and rows made from it would be wrong.
async fn fits(member: &Member, log: &Arc<dyn EventLog>) -> Result<bool, RunnerError> {
    let Checkpoint { position, event_id } = member.checkpoint;
    if position.get() == 0 {
        return Ok(true);
    }
    if position > *log.head().borrow() {
        return Ok(false);
    }
    let there = log.read_all(position, 1).await?;
    Ok(there.first().is_some_and(|record| event_id.is_nil() || record.event_id() == event_id))
}

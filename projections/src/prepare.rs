//! Finds out, at start, where each read model stands: which generation answers, whether it fits the log and the
//! program, what has to be filled.

use crate::{
    GenerationId, ReadStore, RunnerError, StoreError,
    lane::Lane,
    member::Member,
    read_models::Inner,
    read_store::{Checkpoint, Role},
    runner::switch,
    seat::Seat,
};
use daybook_event_log::EventLog;
use std::sync::Arc;

/// Members to be kept current together, and those to be filled beside them.
pub(crate) struct Prepared {
    pub(crate) lane: Lane,
    pub(crate) beside: Vec<(Arc<Seat>, Member)>,
}

/// Lets queries see the generations that are there, whatever their version.
pub(crate) fn answer_from_what_is_there(inner: &Inner) -> Result<(), StoreError> {
    for seat in &inner.seats {
        let name = seat.definition.name;
        let Some(id) = inner.store.generation_id(name, Role::Live)? else { continue };
        let generation = inner.store.generation(name, id)?;
        seat.publish(inner.store.checkpoint(&generation)?.position);
        seat.live.switch_to(generation);
    }
    Ok(())
}

/// Makes a member for each seat. Those more than `beside_events` behind the foremost go beside, if another
/// generation answers meanwhile or the others should not wait.
pub(crate) async fn prepare(
    store: &Arc<ReadStore>,
    seats: &[Arc<Seat>],
    log: &Arc<dyn EventLog>,
    beside_events: u64,
) -> Result<Prepared, RunnerError> {
    let mut members = Vec::new();
    for seat in seats {
        let mut member = open_member(store, seat)?;
        let mut misfit = false;
        if !fits(&member, log).await? {
            tracing::warn!(projection = seat.definition.name, position = %member.checkpoint.position,
                "the read model was filled from another log; it is filled again");
            let next = GenerationId { number: member.generation.id.number + 1, ..member.generation.id };
            let generation = store.generation(seat.definition.name, next)?;
            store.assign(seat.definition.name, Role::Building, Some(&generation))?;
            member = Member::new(seat.definition.clone(), generation, store)?;
            misfit = true;
        }
        members.push((seat.clone(), member, misfit));
    }
    let foremost = members.iter().map(|(_, member, _)| member.checkpoint.position.get()).max().unwrap_or(0);
    let mut prepared =
        Prepared { lane: Lane { store: store.clone(), members: Vec::new() }, beside: Vec::new() };
    for (seat, mut member, misfit) in members {
        let answers = seat.live.current().is_some_and(|live| live.id == member.generation.id);
        let behind = foremost - member.checkpoint.position.get() > beside_events;
        // Rows from another log are no answer at all: they go at once.
        let replaces = seat.live.current().is_some() && beside_events < u64::MAX && !misfit;
        if !answers && (behind || replaces) {
            prepared.beside.push((seat, member));
            continue;
        }
        if answers {
            member.projection.went_live();
            seat.publish(member.visible);
        } else {
            switch(store, std::slice::from_ref(&seat), &mut member)?;
        }
        prepared.lane.members.push(member);
    }
    Ok(prepared)
}

/// The member for the program's version: the generation that answers, one half filled, or a new one.
fn open_member(store: &ReadStore, seat: &Seat) -> Result<Member, StoreError> {
    let definition = &seat.definition;
    let (name, version) = (definition.name, definition.version);
    let live = store.generation_id(name, Role::Live)?;
    let building = store.generation_id(name, Role::Building)?;
    let newest = live.into_iter().chain(building).map(|id| id.number).max().unwrap_or(0);
    let id = if let Some(building) = building.filter(|id| id.version == version) {
        building
    } else if let Some(live) = live.filter(|id| id.version == version) {
        live
    } else {
        GenerationId { version, number: newest + 1 }
    };
    let generation = store.generation(name, id)?;
    if live != Some(id) {
        store.assign(name, Role::Building, Some(&generation))?;
        if let Some(stale) = building.filter(|building| *building != id) {
            store.drop_generation(&*store.generation(name, stale)?)?;
        }
    }
    Member::new(definition.clone(), generation, store)
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

//! Finds out, at start, where each read model stands: which generation answers, whether it fits the log and the
//! program, what has to be filled.

use crate::{
    RunnerError, applier::Applier, apply_loop::switch, commit_group::CommitGroup, status::ProjectionStatus,
};
use daybook_event_log::{EventLog, KnownEvent, Position};
use daybook_read_store::{Checkpoint, GenerationId, ReadStore, Role, StoreError};
use std::sync::Arc;

/// Members to be kept current together, and those to be filled beside them.
pub(crate) struct Prepared {
    pub(crate) group: CommitGroup,
    pub(crate) beside: Vec<(Arc<ProjectionStatus>, Applier)>,
}

/// Lets queries see the generations that are there on this disk, whatever their version.
pub(crate) fn answer_from_what_is_there(statuses: &[Arc<ProjectionStatus>]) -> Result<(), StoreError> {
    for status in statuses.iter().filter(|status| !status.store.is_on_a_server()) {
        let (definition, store) = (&status.definition, &status.store);
        let Some(id) = store.generation_id(&definition.schema(), Role::Live)? else { continue };
        let generation = store.generation(definition.name, id, definition.kinds)?;
        status.publish(store.checkpoint(&generation)?.position);
        status.live.switch_to(generation);
    }
    Ok(())
}

/// The foremost of the events that the rows on this disk end with; none where nothing was applied yet.
pub(crate) fn foremost(statuses: &[Arc<ProjectionStatus>]) -> Result<Option<KnownEvent>, StoreError> {
    let mut foremost: Option<KnownEvent> = None;
    for status in statuses.iter().filter(|status| !status.store.is_on_a_server()) {
        let (definition, store) = (&status.definition, &status.store);
        let Some(id) = store.generation_id(&definition.schema(), Role::Live)? else { continue };
        let generation = store.generation(definition.name, id, definition.kinds)?;
        let Checkpoint { position, event_id } = store.checkpoint(&generation)?;
        if position > foremost.map_or(Position::ZERO, |known| known.position) {
            foremost = Some(KnownEvent { position, event_id });
        }
    }
    Ok(foremost)
}

/// Makes a applier for each generation that is to move.
///
/// What answers stays current in the group. What is being filled goes beside if something answers meanwhile, or
/// if it is more than `beside_events` behind the others, which should not wait for it; else it goes into the
/// group and answers at once, growing. With `beside_events` at its maximum nothing goes beside.
pub(crate) async fn prepare(
    store: &Arc<ReadStore>,
    statuses: &[Arc<ProjectionStatus>],
    log: &Arc<dyn EventLog>,
    beside_events: u64,
) -> Result<Prepared, RunnerError> {
    let mut prepared = Prepared { group: CommitGroup::new(store.clone(), Vec::new()), beside: Vec::new() };
    let mut filling = Vec::new();
    for status in statuses {
        let name = status.definition.name;
        let live = store.generation_id(&status.definition.schema(), Role::Live)?;
        let building = store.generation_id(&status.definition.schema(), Role::Building)?;
        let mut answers = false;
        if let Some(id) = live.filter(|id| id.version == status.definition.version) {
            let mut applier = applier(store, status, id)?;
            if fits(&applier, log).await? {
                applier.projection.went_live();
                status.publish(applier.visible);
                prepared.group.appliers.push(applier);
                answers = true;
            } else {
                tracing::warn!(projection = name, position = %applier.checkpoint.position,
                    "the read model was filled from another log; it is filled again");
                drop_building(store, status, building)?;
                filling.push((status.clone(), begin(store, status, id.number + 1)?, true));
                continue;
            }
        }
        match building.filter(|id| id.version == status.definition.version) {
            Some(_) if answers && beside_events == u64::MAX => {}
            Some(id) => {
                let mut applier = applier(store, status, id)?;
                if !fits(&applier, log).await? {
                    drop_building(store, status, building)?;
                    applier = begin(store, status, id.number + 1)?;
                }
                filling.push((status.clone(), applier, false));
            }
            None => {
                drop_building(store, status, building)?;
                if !answers {
                    let newest = live.into_iter().chain(building).map(|id| id.number).max();
                    filling.push((status.clone(), begin(store, status, newest.unwrap_or(0) + 1)?, false));
                }
            }
        }
    }
    let positions = prepared.group.appliers.iter().chain(filling.iter().map(|(_, applier, _)| applier));
    let foremost = positions.map(|applier| applier.checkpoint.position.get()).max().unwrap_or(0);
    for (status, mut applier, misfit) in filling {
        let behind = foremost - applier.checkpoint.position.get() > beside_events;
        // Rows from another log are no answer at all: they go at once.
        let answered = status.live.current().is_some() && !misfit && beside_events < u64::MAX;
        if answered || behind {
            prepared.beside.push((status, applier));
        } else {
            switch(store, std::slice::from_ref(&status), &mut applier)?;
            prepared.group.appliers.push(applier);
        }
    }
    Ok(prepared)
}

fn applier(store: &ReadStore, status: &ProjectionStatus, id: GenerationId) -> Result<Applier, StoreError> {
    let generation = store.generation(status.definition.name, id, status.definition.kinds)?;
    Applier::new(status.definition.clone(), generation, store)
}

/// An empty generation to be filled.
pub(crate) fn begin(
    store: &ReadStore,
    status: &ProjectionStatus,
    number: u64,
) -> Result<Applier, StoreError> {
    let number = store.number(status.definition.name, number)?;
    let id = GenerationId { version: status.definition.version, number };
    let generation = store.generation(status.definition.name, id, status.definition.kinds)?;
    store.assign(Role::Building, &generation)?;
    Applier::new(status.definition.clone(), generation, store)
}

fn drop_building(
    store: &ReadStore,
    status: &ProjectionStatus,
    stale: Option<GenerationId>,
) -> Result<(), StoreError> {
    let Some(id) = stale else { return Ok(()) };
    store.drop_generation(&*store.generation(status.definition.name, id, status.definition.kinds)?)
}

/// Whether the event that the checkpoint names stands where it says. Another log, or one restored from an
/// older copy, does not fit, and rows made from it would be wrong.
async fn fits(applier: &Applier, log: &Arc<dyn EventLog>) -> Result<bool, RunnerError> {
    let Checkpoint { position, event_id } = applier.checkpoint;
    if position.get() == 0 {
        return Ok(true);
    }
    if position > *log.head().borrow() {
        return Ok(false);
    }
    let there = log.read_all(position, 1).await?;
    Ok(there.first().is_some_and(|record| record.event_id() == event_id))
}

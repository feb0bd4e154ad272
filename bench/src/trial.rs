//! The usual measurement of an operation: the peak by a closed loop, then latency by an open loop at 70 % of it,
//! each with what it cost.

use crate::{
    load::{self, Measured, Operation, Schedule, Shape},
    meter::{self, Cost},
    scenarios::Effort,
    server::Server,
};
use std::rc::Rc;

/// The share of the peak at which latency is measured.
const PACED_SHARE: f64 = 0.7;
/// Operations of the open loop have numbers from here.
const PACED_FIRST: u64 = 1 << 32;

/// A load with what it cost.
pub(crate) struct Part {
    pub(crate) measured: Measured,
    pub(crate) cost: Cost,
}

pub(crate) struct Trial {
    pub(crate) peak: Part,
    pub(crate) paced: Part,
}

/// Runs one load and watches the server meanwhile.
pub(crate) async fn one(
    server: &Server,
    shape: &Shape,
    first: u64,
    operation: Rc<impl Operation>,
) -> anyhow::Result<Part> {
    let load = load::run(server.address, shape, first, operation);
    let (measured, cost) = tokio::join!(load, meter::watch(server, shape.warm_up, shape.counted()));
    let measured = measured?;
    let answered = (measured.operations + measured.refused) as f64 / measured.seconds;
    Ok(Part { cost: cost?.per_operation(answered), measured })
}

/// Both loops; `connections` at the peak, twice as many in the open loop.
pub(crate) async fn both(
    server: &Server,
    effort: Effort,
    connections: usize,
    operation: Rc<impl Operation>,
) -> anyhow::Result<Trial> {
    let shape = Shape::closed(connections, effort.warm_up(), effort.duration());
    let peak = one(server, &shape, 0, operation.clone()).await?;
    let rate = peak.measured.throughput() * PACED_SHARE;
    let paced = paced(server, effort, connections * 2, rate, operation).await?;
    Ok(Trial { peak, paced })
}

/// The open loop alone.
pub(crate) async fn paced(
    server: &Server,
    effort: Effort,
    connections: usize,
    rate: f64,
    operation: Rc<impl Operation>,
) -> anyhow::Result<Part> {
    paced_from(server, effort, connections, rate, PACED_FIRST, operation).await
}

/// The open loop alone, its operations numbered from `first`.
pub(crate) async fn paced_from(
    server: &Server,
    effort: Effort,
    connections: usize,
    rate: f64,
    first: u64,
    operation: Rc<impl Operation>,
) -> anyhow::Result<Part> {
    let schedule = Schedule::steady(rate, effort.warm_up() + effort.duration());
    let shape = Shape::open(connections, effort.warm_up(), schedule);
    one(server, &shape, first, operation).await
}

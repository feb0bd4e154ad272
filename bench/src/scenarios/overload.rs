//! Two and five times as many orders as can be served, from customers who give up after five seconds. What counts is
//! goodput (orders confirmed in that time), that the others are refused and quickly, and how long it takes until latency
//! is as before once the rush is over. At the end nothing that was confirmed is lost, and the shop holds together.

use super::{
    Effort,
    orders::{CONNECTIONS, order_of_two_lines},
};
use crate::{
    folder, invariants,
    load::{Measured, STEP, Schedule, Shape, percentile_ms},
    report::{Report, round},
    server::Server,
    shop, trial,
};
use anyhow::ensure;
use serde_json::{Value, json};
use std::{rc::Rc, time::Duration};

const PRODUCTS: u64 = 1_000;
/// As many customers as a server lets in at a time, nearly.
const CONNECTIONS_IN_A_RUSH: usize = 7_500;
const PATIENCE: Duration = Duration::from_secs(5);
/// All is as before when for so many steps nobody is refused and latency is, in the median, what it was. (A single step
/// can be late without any rush.)
const AS_BEFORE_FOR: usize = 8;
/// Before and after the rush, as a share of what can be served.
const CALM: f64 = 0.5;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = folder::for_run()?;
    let data = folder.path().join("shop");
    let (server, _) = Server::start(&data).await?;
    shop::stock_up(&server, PRODUCTS, 900_000).await?;
    let operation = Rc::new(order_of_two_lines(PRODUCTS));
    let shape = Shape::closed(CONNECTIONS, effort.warm_up(), effort.duration() / 2);
    let capacity = trial::one(&server, &shape, 0, operation.clone()).await?;
    let peak = capacity.measured.throughput();
    let mut report = Report::bare("orders", true, 0.0);
    report.add("capacity_per_s", round(peak));
    for (name, times, first) in [("times_2", 2.0, 1_u64 << 32), ("times_5", 5.0, 2 << 32)] {
        let (calm, rush) = (effort.duration() / 3, effort.duration() / 2);
        let after = effort.duration() * 2;
        let stretches = vec![(peak * CALM, calm), (peak * times, rush), (peak * CALM, after)];
        let mut shape = Shape::open(CONNECTIONS_IN_A_RUSH, Duration::ZERO, Schedule::of(stretches));
        (shape.patience, shape.timeline) = (Some(PATIENCE), true);
        let part = trial::one(&server, &shape, first, operation.clone()).await?;
        let shown = tell(&part.measured, calm, rush)?;
        report.throughput_per_s = shown["goodput_per_s"].as_f64().unwrap_or(0.0);
        report.latencies(&part.measured.latencies_us);
        (report.peak, report.paced) = (report.paced.take(), Some(part.cost));
        report.add(name, shown);
        if let Some(error) = part.measured.first_error {
            report.add(&format!("{name}_first_error"), error);
        }
    }
    shop::settle(&server).await?;
    report.add("verified_in_s", invariants::verify(server, &data)?);
    Ok(report)
}

/// What became of the customers of the rush, and when all was as before.
fn tell(measured: &Measured, calm: Duration, rush: Duration) -> anyhow::Result<Value> {
    let steps = |duration: Duration| (duration.as_millis() / STEP.as_millis()) as usize;
    let (begin, end) = (steps(calm), steps(calm + rush));
    let timeline = &measured.timeline;
    ensure!(timeline.len() > end, "the timeline has only {} steps", timeline.len());
    let in_rush = &timeline[begin..end];
    let sum = |of: fn(&crate::load::Step) -> u64| in_rush.iter().map(of).sum::<u64>();
    let (done, refused, gave_up) = (sum(|step| step.done), sum(|step| step.refused), sum(|step| step.failed));
    let usual_ms = median_p99_ms(&timeline[1..begin]);
    let limit_ms = (usual_ms * 2.0).max(50.0);
    let calm_again = timeline[end..]
        .windows(AS_BEFORE_FOR)
        .position(|steps| {
            steps.iter().all(|step| step.failed + step.refused == 0) && median_p99_ms(steps) <= limit_ms
        })
        .map(|steps| steps as f64 * STEP.as_secs_f64());
    Ok(json!({
        "offered_per_s": round((done + refused + gave_up) as f64 / rush.as_secs_f64()),
        "goodput_per_s": round(sum(|step| step.completed) as f64 / rush.as_secs_f64()),
        "refused_per_s": round(refused as f64 / rush.as_secs_f64()),
        "gave_up_per_s": round(gave_up as f64 / rush.as_secs_f64()),
        "served_p99_ms": in_rush.iter().map(p99_ms).fold(0.0, f64::max),
        "refused_p50_ms": percentile_ms(&measured.refusals_us, 50.0),
        "refused_p99_ms": percentile_ms(&measured.refusals_us, 99.0),
        "p99_before_ms": usual_ms,
        "as_before_after_s": calm_again,
    }))
}

fn p99_ms(step: &crate::load::Step) -> f64 {
    let mut sorted = step.latencies_us.clone();
    sorted.sort_unstable();
    let at = sorted.len().saturating_sub(1) * 99 / 100;
    f64::from(sorted.get(at).copied().unwrap_or(0)) / 1_000.0
}

fn median_p99_ms(steps: &[crate::load::Step]) -> f64 {
    let mut all: Vec<f64> = steps.iter().map(p99_ms).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or(0.0)
}

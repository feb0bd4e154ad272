//! What records claim about when they were written down and when what they tell happened, for people and for scripts. A
//! signature proves that nothing of it was changed since, not that it is true.

use crate::{
    out::{Out, count},
    when,
};
use daybook_audit::ClaimedTimes;
use serde_json::{Value, json};

/// Stretches of backdated records that people are told.
const MOST_TOLD: usize = 10;

/// As JSON.
pub(crate) fn times_json(times: &ClaimedTimes) -> Value {
    let range = |range: Option<(i64, i64)>| {
        range.map(|(first, last)| json!({ "first": when::rfc3339(first), "last": when::rfc3339(last) }))
    };
    let stretches = times.backdated.iter().map(|one| {
        json!({
            "first": one.first, "last": one.last, "earliest": when::rfc3339(one.earliest_ns),
            "recorded": when::rfc3339(one.recorded_ns),
        })
    });
    json!({
        "recorded": range(times.recorded), "occurred": range(times.occurred),
        "backdated_records": times.backdated_records, "backdated": stretches.collect::<Vec<_>>(),
        "clock_went_back_at": times.clock_went_back_at,
    })
}

/// What the records claim about when.
pub(crate) fn say_times(times: &ClaimedTimes, out: &mut Out) -> anyhow::Result<()> {
    let (Some((first, last)), Some((earliest, latest))) = (times.recorded, times.occurred) else {
        return Ok(());
    };
    out.line(format_args!(
        "Written down from {} to {}, of what happened from {} to {} (UTC). These times are the shop's own claim.",
        when::show(first),
        when::show(last),
        when::show(earliest),
        when::show(latest),
    ))?;
    if let Some(position) = times.clock_went_back_at {
        out.line(format_args!(
            "note: record {position} says it was written down before the one in front of it"
        ))?;
    }
    if times.backdated_records > 0 {
        let records = count(times.backdated_records);
        out.line(format_args!(
            "note: {records} records were written down more than a day after what they tell (imported, or told later):"
        ))?;
        for one in times.backdated.iter().take(MOST_TOLD) {
            out.line(format_args!(
                "  {} to {}, written down on {}, of what happened since {}",
                count(one.first),
                count(one.last),
                when::show(one.recorded_ns),
                when::show(one.earliest_ns)
            ))?;
        }
        if times.backdated.len() > MOST_TOLD {
            out.line("  … and further stretches; --json has a hundred")?;
        }
    }
    Ok(())
}

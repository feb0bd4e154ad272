//! What `stats` found, as a page for people or a document for scripts.

use super::{EventTally, Tallies};
use crate::{
    chart,
    out::{Out, Tone, count, size},
    when,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// As JSON.
pub(super) fn document(tallies: &Tallies, head: u64, top: usize) -> Value {
    let range = |times: Option<(i64, i64)>| {
        times.map(|(first, last)| json!({ "first": when::rfc3339(first), "last": when::rfc3339(last) }))
    };
    let types = tallies.types.iter().map(|((aggregate, name), tally)| {
        json!({ "aggregate": aggregate, "type": name, "events": tally.events, "bytes": tally.bytes })
    });
    let aggregates = tallies.aggregates().into_iter().map(|(aggregate, (tally, streams))| {
        json!({ "aggregate": aggregate, "streams": streams, "events": tally.events, "bytes": tally.bytes })
    });
    let days = tallies
        .days
        .iter()
        .map(|(day, tally)| json!({ "day": when::date(*day), "events": tally.events, "bytes": tally.bytes }));
    let busiest = tallies
        .busiest(top)
        .into_iter()
        .map(|(stream, tally)| json!({ "stream": stream, "events": tally.events, "bytes": tally.bytes }));
    json!({
        "head": head,
        "events": tallies.all.events,
        "bytes": tallies.all.bytes,
        "streams": tallies.streams.len(),
        "positions": tallies.positions.map(|(first, last)| json!({ "first": first, "last": last })),
        "occurred": range(tallies.occurred),
        "recorded": range(tallies.recorded),
        "aggregates": aggregates.collect::<Vec<_>>(),
        "types": types.collect::<Vec<_>>(),
        "busiest_streams": busiest.collect::<Vec<_>>(),
        "days": days.collect::<Vec<_>>(),
    })
}

/// As a page.
pub(super) fn page(out: &mut Out, tallies: &Tallies, head: u64, top: usize) -> anyhow::Result<()> {
    let EventTally { events, bytes } = tallies.all;
    out.line(format_args!(
        "{} events in {} streams, {} ({} bytes an event); the log ends at position {head}",
        out.tone(Tone::Heading, count(events)),
        count(tallies.streams.len() as u64),
        size(bytes),
        bytes / events.max(1),
    ))?;
    for (what, times) in [("happened", tallies.occurred), ("recorded", tallies.recorded)] {
        if let Some((first, last)) = times {
            out.line(format_args!("{what} from {} to {} (UTC)", when::show(first), when::show(last)))?;
        }
    }
    if events == 0 {
        return Ok(());
    }
    out.line("")?;
    let rows = tallies.aggregates().into_iter().map(|(aggregate, (tally, streams))| {
        vec![
            aggregate.to_owned(),
            count(streams),
            count(tally.events),
            size(tally.bytes),
            share(tally, tallies.all),
        ]
    });
    out.table(&["aggregate", "streams", "events", "bytes", "share"], &rows.collect::<Vec<_>>())?;
    out.line("")?;
    let mut types: Vec<_> = tallies.types.iter().collect();
    types.sort_by_key(|(_, tally)| std::cmp::Reverse(tally.events));
    let rows = types.into_iter().map(|((aggregate, name), tally)| {
        let each = (tally.bytes / tally.events.max(1)).to_string();
        let name = format!("{aggregate} {name}");
        vec![name, count(tally.events), size(tally.bytes), each, share(*tally, tallies.all)]
    });
    out.table(&["type", "events", "bytes", "each", "share"], &rows.collect::<Vec<_>>())?;
    out.line("")?;
    let busiest = tallies.busiest(top).into_iter();
    let rows = busiest.map(|(stream, tally)| vec![stream.to_owned(), count(tally.events), size(tally.bytes)]);
    out.table(&["busiest streams", "events", "bytes"], &rows.collect::<Vec<_>>())?;
    out.line("")?;
    over_time(out, &tallies.days)
}

fn share(part: EventTally, all: EventTally) -> String {
    let tenths = u128::from(part.events) * 1000 / u128::from(all.events.max(1));
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// A line over all days, then bars by day or month with how the log grew.
fn over_time(out: &mut Out, days: &BTreeMap<i64, EventTally>) -> anyhow::Result<()> {
    let (Some((first, _)), Some((last, _))) = (days.first_key_value(), days.last_key_value()) else {
        return Ok(());
    };
    // Somebody's wrong clock must not make a line of a million years.
    let span = usize::try_from(last - first).unwrap_or(usize::MAX).saturating_add(1);
    if span <= 400 * 366 {
        let each = (*first..=*last).map(|day| days.get(&day).map_or(0, |tally| tally.events));
        let line = chart::sparkline(&chart::squeeze(&each.collect::<Vec<_>>(), 72));
        out.line(format_args!(
            "{} {} {}",
            when::date(*first),
            out.tone(Tone::Accent, line),
            when::date(*last)
        ))?;
        out.line("")?;
    }
    let letters = if days.len() > 62 { 7 } else { 10 };
    let mut periods: BTreeMap<String, EventTally> = BTreeMap::new();
    for (day, tally) in days {
        let period = periods.entry(when::date(*day).chars().take(letters).collect()).or_default();
        period.events += tally.events;
        period.bytes += tally.bytes;
    }
    let most = periods.values().map(|tally| tally.events).max().unwrap_or(0);
    let (mut grown, mut rows) = (0, Vec::new());
    for (period, tally) in &periods {
        grown += tally.bytes;
        let bar = chart::bar(tally.events, most, 30);
        rows.push((vec![period.clone(), count(tally.events), size(tally.bytes), size(grown)], bar));
    }
    let bars: Vec<String> = rows.iter().map(|(_, bar)| bar.clone()).collect();
    let cells = rows.into_iter().zip(bars).map(|((mut row, _), bar)| {
        row.push(format!("{bar}{}", " ".repeat(30_usize.saturating_sub(bar.chars().count()))));
        row
    });
    let head = if letters == 7 { "month" } else { "day" };
    Ok(out.table(&[head, "events", "bytes", "log grown to", ""], &cells.collect::<Vec<_>>())?)
}

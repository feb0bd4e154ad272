//! `what-if`: the recorded demand under other rules, and what would have come of it. Writes nothing to the shop.

mod holds;
mod quantities;
mod rules;
mod sandbox;
mod tables;
mod tally;

use crate::{
    cli::ToolVerdict,
    out::{Out, Tone, count},
    source::Source,
};
use anyhow::Context as _;
use clap::Args;
use daybook_domain::{Currency, Event};
use daybook_event_log::RecordedEvent;
use holds::PaidHolds;
use rules::Rules;
use sandbox::Sandbox;
use std::path::PathBuf;
use tally::{Both, Outcome};

const EXAMPLES: &str = r#"Examples:
  daybook-replay --data ./shop what-if --rules rules.json
  daybook-replay --data ./shop what-if --rules rules.json --csv ./outcome
  echo '{}' > none.json && daybook-replay --data ./shop what-if --rules none.json    reproduces history exactly

The rules, all of which may be left out:
  {
    "safety_stock":        [{ "units": 5, "skus": ["85123A"] }, { "units": 0, "locations": ["main"] }],
    "backorder_limit":     [{ "units": 100 }],
    "closed":              [{ "location": "main", "from": "2011-11-01" }],
    "replenishment_delay": [{ "days": 7, "skus": [], "locations": [] }],
    "prices":              { "factor": "1.10", "list": { "85123A": { "minor": 299, "currency": "GBP" } } }
  }
Of several rules about one thing the first that fits holds; empty lists mean all. Demand stays what it was, at any
price. What the shop decided (whether an order gets its stock, and from where) is decided again by the same code;
what others did (payments declined, orders cancelled, goods sent back, stock counted) happens as it did; an order that
was paid in time keeps the stock it got, however late that was written down. Revenue is goods of orders that stand
less goods that came back, without carriage. An order gained is sold, but never shipped. A time in the rules is
2011-11-01 (the start of that day, UTC), 2011-11-01T08:26 (UTC) or has an offset.
With no rule at all, anything but history itself is a finding (exit code 1)."#;

/// `what-if`
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct WhatIf {
    /// The rules, as JSON
    #[arg(long, env = "DAYBOOK_REPLAY_RULES", value_name = "FILE")]
    rules: PathBuf,
    /// Also write totals.csv, orders.csv (lost and gained) and stock-outs.csv (by day and SKU) to this folder
    #[arg(long, env = "DAYBOOK_REPLAY_CSV", value_name = "DIR")]
    csv: Option<PathBuf>,
}

impl WhatIf {
    pub(crate) async fn run(self, source: &Source, out: &mut Out) -> anyhow::Result<ToolVerdict> {
        let rules = Rules::read(&self.rules)?;
        let opened = source.open().await?;
        let mut paid = PaidHolds::default();
        let take = |event: &RecordedEvent| {
            if event.aggregate() == "inventory" && PaidHolds::wants(event.event_type()) {
                paid.take(&decode(event)?, event.position().get());
            }
            Ok(())
        };
        opened.scan("looking for paid orders", (1, u64::MAX), take).await?;
        let mut sandbox = Sandbox::new(&rules, &paid);
        let mut latest_ns = 0;
        let take = |event: &RecordedEvent| {
            if matches!(event.aggregate(), "order" | "inventory") {
                latest_ns = latest_ns.max(event.occurred_at_ns());
                sandbox.take(&decode(event)?, event.position().get(), event.occurred_at_ns());
            }
            Ok(())
        };
        opened.scan("replaying", (1, u64::MAX), take).await?;
        let notes = sandbox.unknown();
        let (orders, tally) = sandbox.finish(latest_ns);
        let outcome = Outcome { notes, ..tally.close(&rules, &orders) };
        if let Some(folder) = &self.csv {
            tables::write(folder, &outcome).with_context(|| format!("{}", folder.display()))?;
        }
        if out.json {
            out.json(&outcome)?;
        } else {
            say(&outcome, out)?;
        }
        Ok(if rules.are_none() && !outcome.same_as_history {
            ToolVerdict::Found
        } else {
            ToolVerdict::AllIsWell
        })
    }
}

fn decode(event: &RecordedEvent) -> anyhow::Result<Event> {
    Event::decode(event.aggregate(), event.event_type(), event.schema_version(), event.payload())
        .with_context(|| format!("position {}", event.position()))
}

/// Lines of a list before it is cut short.
const SHOWN: usize = 20;

fn say(outcome: &Outcome, out: &mut Out) -> anyhow::Result<()> {
    for note in &outcome.notes {
        out.line(out.tone(Tone::Bad, format_args!("note: {note}")))?;
    }
    if outcome.same_as_history {
        out.line(out.tone(Tone::Good, "Nothing would have been different: history itself."))?;
    }
    let row = |what: &str, both: Both<u64>| {
        let (was, would_be) = (i128::from(both.was), i128::from(both.would_be));
        vec![what.to_owned(), count(both.was), count(both.would_be), signed(would_be - was, count)]
    };
    let mut rows =
        vec![row("orders standing", outcome.orders_standing), row("units sold", outcome.units_sold)];
    let Both { was, would_be } = outcome.units_left;
    let difference = signed(i128::from(would_be) - i128::from(was), count);
    rows.push(vec!["units left".to_owned(), whole(was), whole(would_be), difference]);
    for (currency, Both { was, would_be }) in &outcome.revenue {
        let difference = i128::from(*would_be) - i128::from(*was);
        rows.push(vec![
            format!("revenue {currency}"),
            money(i128::from(*was), *currency),
            money(i128::from(*would_be), *currency),
            signed(difference, |minor| money(i128::from(minor), *currency)),
        ]);
    }
    let refused = |of: fn(&tally::StockOut) -> u64| outcome.stock_outs.iter().map(of).sum::<u64>();
    let orders = Both { was: refused(|one| one.was.orders), would_be: refused(|one| one.would_be.orders) };
    rows.push(row("refused for want of stock", orders));
    out.table(&["", "was", "would be", "difference"], &rows)?;
    for (what, orders) in [("lost", &outcome.orders_lost), ("gained", &outcome.orders_gained)] {
        if !orders.is_empty() {
            let names: Vec<&str> = orders.iter().take(SHOWN).map(|order| order.number.as_str()).collect();
            let more = if orders.len() > SHOWN { " …" } else { "" };
            let number = count(orders.len() as u64);
            out.line(format_args!("\n{number} orders {what}: {}{more}", names.join(", ")))?;
        }
    }
    let mut differing: Vec<_> = outcome.stock_outs.iter().filter(|one| one.was != one.would_be).collect();
    if differing.is_empty() {
        return Ok(());
    }
    differing.sort_by_key(|one| std::cmp::Reverse(one.was.orders.abs_diff(one.would_be.orders)));
    let cells = differing.iter().take(SHOWN).map(|one| {
        let name = format!("{} {}", one.day, one.sku);
        vec![
            name,
            one.was.orders.to_string(),
            one.would_be.orders.to_string(),
            one.would_be.units.to_string(),
        ]
    });
    out.line("")?;
    let heads = ["stock-outs that differ most", "orders was", "would be", "units would be"];
    out.table(&heads, &cells.collect::<Vec<_>>())?;
    if differing.len() > SHOWN {
        out.line(format_args!("… {} in all; --csv or --json has them", differing.len()))?;
    }
    Ok(())
}

/// A number of units that may be below zero (goods sold before they came).
fn whole(units: i64) -> String {
    let sign = if units < 0 { "−" } else { "" };
    format!("{sign}{}", count(units.unsigned_abs()))
}

/// A difference, with its sign in any case.
fn signed(difference: i128, shown: impl Fn(u64) -> String) -> String {
    let sign = if difference < 0 { "−" } else { "+" };
    format!("{sign}{}", shown(u64::try_from(difference.unsigned_abs()).unwrap_or(u64::MAX)))
}

/// An amount as its currency writes it; JSON has the minor units.
fn money(minor: i128, currency: Currency) -> String {
    let (sign, minor) = (if minor < 0 { "−" } else { "" }, minor.unsigned_abs());
    let decimals = currency.decimals();
    let unit = 10_u128.pow(decimals);
    let whole = count(u64::try_from(minor / unit).unwrap_or(u64::MAX));
    match decimals {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{:0width$}", minor % unit, width = decimals as usize),
    }
}

#[cfg(test)]
mod never_twice;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_decimals_of_their_currency() {
        let shown = |minor, currency: &str| money(minor, currency.parse().expect("a currency"));
        assert_eq!(shown(-1_234_507, "GBP"), "−12\u{a0}345.07");
        assert_eq!(shown(1_234_507, "JPY"), "1\u{a0}234\u{a0}507");
        assert_eq!(shown(1_234_507, "KWD"), "1\u{a0}234.507");
    }
}

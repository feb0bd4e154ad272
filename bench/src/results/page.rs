//! `RESULTS.md`, made of the results of a folder: what was aimed at and what came of it, all scenarios in one
//! table, then what each has to say beside that.

use super::{
    Runs,
    table::{heading, number, row, spread},
    targets::targets,
};
use crate::{meter::Cost, report::Report};
use serde_json::Value;
use std::fmt::Write as _;

pub(crate) fn page(all: &[Runs]) -> anyhow::Result<String> {
    let mut text = String::from("# Results\n\n");
    text.push_str("Made by `cargo run --release -p daybook-bench -- results`; never edited by hand.\n\n");
    for machine in machines(all) {
        writeln!(text, "{machine}\n")?;
    }
    text.push_str(HOW_TO_READ);
    text.push_str(&aims(all)?);
    text.push_str(&overview(all)?);
    for runs in all {
        text.push_str(&details(runs)?);
    }
    Ok(text)
}

const HOW_TO_READ: &str = "\
Throughput is the closed loop's (the peak); latencies are the open loop's at 70 % of that peak, from when a request
was due. The load generator runs on the same cores. Durable figures wait for `fdatasync`; its time on this disk stands
beside them. Of several runs the median is shown, with the lowest and highest in parentheses. `short` runs are a few
seconds over a tenth of the data: they show changes, not limits.\n\n";

fn machines(all: &[Runs]) -> Vec<String> {
    let mut seen = Vec::new();
    for run in all.iter().flat_map(|runs| &runs.runs) {
        let machine = &run.machine;
        let line = format!(
            "Machine: {}, {} cores, {} GiB, Linux {}.",
            machine.cpu, machine.cores, machine.memory_gib, machine.kernel
        );
        if !seen.contains(&line) {
            seen.push(line);
        }
    }
    seen
}

fn aims(all: &[Runs]) -> anyhow::Result<String> {
    let mut text = String::from("## Aims\n\n");
    text.push_str(&heading(&["what", "aim", "measured", "", "commit"]));
    for target in targets() {
        let aim = format!("{} {} {}", target.sign(), number(target.aim), target.unit);
        let measured = target.runs(all).and_then(|runs| {
            let median = target.value(runs.median().ok()?)?;
            let shown = spread(runs.spread(|run| target.value(run).unwrap_or(0.0)), runs.runs.len());
            Some((median, shown, runs.median().ok()?))
        });
        let cells = match measured {
            None => [target.what.to_owned(), aim, String::new(), "not measured".to_owned(), String::new()],
            Some((median, shown, run)) => {
                // A tenth of the data proves nothing about the whole.
                let verdict = match (target.is_met(median), run.short) {
                    (true, false) => "met",
                    (true, true) => "met in short",
                    (false, _) => "**missed**",
                };
                [target.what.to_owned(), aim, shown, verdict.to_owned(), commit(run)]
            }
        };
        text.push_str(&row(&cells));
    }
    text.push('\n');
    Ok(text)
}

fn commit(run: &Report) -> String {
    format!("`{}`{}", run.commit, if run.short { " short" } else { "" })
}

fn overview(all: &[Runs]) -> anyhow::Result<String> {
    let mut text = String::from("## All scenarios\n\n");
    text.push_str(&heading(&[
        "scenario",
        "per second",
        "unit",
        "p50 ms",
        "p99 ms",
        "p99.9 ms",
        "max ms",
        "errors",
        "synced (disk ms)",
        "server / generator cores",
        "server MiB",
        "fsyncs/s",
        "commit",
    ]));
    for runs in all {
        let (run, count) = (runs.median()?, runs.runs.len());
        let peak = run.peak.as_ref();
        let of_cost = |show: &dyn Fn(&Cost) -> String| peak.map(show).unwrap_or_default();
        let cells = [
            runs.scenario.clone(),
            spread(runs.spread(|run| run.throughput_per_s), count),
            run.unit.clone(),
            spread(runs.spread(|run| run.p50_ms), count),
            spread(runs.spread(|run| run.p99_ms), count),
            number(run.p999_ms),
            number(run.max_ms),
            run.errors.to_string(),
            if run.synced { format!("yes ({})", number(run.machine.fdatasync_ms)) } else { String::new() },
            of_cost(&|cost| format!("{:.2} / {:.2}", cost.server_cores, cost.generator_cores)),
            of_cost(&|cost| cost.server_rss_mib.to_string()),
            of_cost(&|cost| if cost.fsyncs_per_s > 0.0 { number(cost.fsyncs_per_s) } else { String::new() }),
            commit(run),
        ];
        text.push_str(&row(&cells));
    }
    text.push('\n');
    Ok(text)
}

/// What else a scenario says of its median run.
fn details(runs: &Runs) -> anyhow::Result<String> {
    let run = runs.median()?;
    let mut text = format!("### {}\n\n", runs.scenario);
    for (name, cost) in [("closed loop", &run.peak), ("open loop", &run.paced)] {
        if let Some(cost) = cost {
            writeln!(text, "- {name}: {cost}")?;
        }
    }
    for (name, value) in &run.more {
        writeln!(text, "- {}: {}", name.replace('_', " "), shown(value))?;
    }
    writeln!(text, "- took {} s\n", number(run.took_s))?;
    Ok(text)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Number(value) => value.as_f64().map_or_else(|| value.to_string(), number),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(shown).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let fields =
                fields.iter().map(|(name, value)| format!("{} {}", name.replace('_', " "), shown(value)));
            fields.collect::<Vec<_>>().join("; ")
        }
        Value::Bool(_) | Value::Null => value.to_string(),
    }
}

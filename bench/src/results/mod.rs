//! Results that stay: one JSON file per scenario with all its runs, and the page made of them.

mod page;
mod table;
mod targets;

pub(crate) use page::page;

use crate::report::Report;
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// All runs of a scenario that were made in a row.
#[derive(Serialize, Deserialize)]
pub(crate) struct Runs {
    pub(crate) scenario: String,
    pub(crate) runs: Vec<Report>,
}

/// The lowest, the median and the highest of several runs.
#[derive(Clone, Copy)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

impl Runs {
    /// The run with the median throughput.
    pub(crate) fn median(&self) -> anyhow::Result<&Report> {
        let mut runs: Vec<&Report> = self.runs.iter().collect();
        runs.sort_by(|a, b| a.throughput_per_s.total_cmp(&b.throughput_per_s));
        runs.get(runs.len().saturating_sub(1) / 2).copied().context("there is no run")
    }

    pub(crate) fn spread(&self, of: impl Fn(&Report) -> f64) -> Spread {
        let mut values: Vec<f64> = self.runs.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        let at = |index: usize| values.get(index).copied().unwrap_or(0.0);
        Spread {
            low: at(0),
            median: at(values.len().saturating_sub(1) / 2),
            high: at(values.len().saturating_sub(1)),
        }
    }

    /// One line for scripts: the median run, and how far the others were from it.
    pub(crate) fn line(&self) -> anyhow::Result<String> {
        let mut line = serde_json::to_value(self.median()?)?;
        let rate = self.spread(|run| run.throughput_per_s);
        let p99 = self.spread(|run| run.p99_ms);
        line["runs"] = self.runs.len().into();
        line["throughput_per_s_low_high"] = serde_json::json!([rate.low, rate.high]);
        line["p99_ms_low_high"] = serde_json::json!([p99.low, p99.high]);
        Ok(line.to_string())
    }

    /// Replaces what the folder has of this scenario. Short runs and full ones do not mix.
    pub(crate) fn keep(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        let short = if self.runs.iter().any(|run| run.short) { ".short" } else { "" };
        let path = folder.join(format!("{}{short}.json", self.scenario));
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }
}

/// All results of a folder; of a scenario with both, the full ones.
pub(crate) fn read(folder: &Path) -> anyhow::Result<Vec<Runs>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .with_context(|| format!("reading {}", folder.display()))?
        .map(|entry| Ok(entry?.path()))
        .collect::<std::io::Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let mut all: Vec<Runs> = Vec::new();
    for path in paths {
        let text = std::fs::read(&path)?;
        let runs: Runs = serde_json::from_slice(&text).with_context(|| format!("{}", path.display()))?;
        // `x.json` comes before `x.short.json`.
        if all.iter().all(|known| known.scenario != runs.scenario) {
            all.push(runs);
        }
    }
    anyhow::ensure!(!all.is_empty(), "{} holds no results; measure something first", folder.display());
    Ok(all)
}

//! What the figures were measured on.

mod disk;
mod process;

pub(crate) use disk::{bytes_below, fdatasync_ms, free_gib};
pub(crate) use process::Process;

use serde::{Deserialize, Serialize};
use std::{fs, process::Command};

/// The machine, as far as it explains figures.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Machine {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: u64,
    pub(crate) kernel: String,
    /// Median time of one `fdatasync` after a 4 KiB write to a preallocated file, where the data lies.
    pub(crate) fdatasync_ms: f64,
}

impl Machine {
    pub(crate) fn read() -> Self {
        let field = |path: &str, name: &str| {
            let text = fs::read_to_string(path).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
            line.split_once(':').map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        };
        let memory_kib: u64 =
            field("/proc/meminfo", "MemTotal").split(' ').next().and_then(|n| n.parse().ok()).unwrap_or(0);
        Self {
            cpu: field("/proc/cpuinfo", "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: memory_kib / (1 << 20),
            kernel: fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default().trim().to_owned(),
            fdatasync_ms: fdatasync_ms().unwrap_or(0.0),
        }
    }
}

/// The commit these figures belong to; with `+` if the tree differs from it.
pub(crate) fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let Some(commit) = git(&["rev-parse", "--short=12", "HEAD"]) else { return "unknown".to_owned() };
    // What the harness itself writes is no change.
    let changes = git(&[
        "status",
        "--porcelain",
        "--untracked-files=no",
        "--",
        ":!:bench/results",
        ":!:bench/RESULTS.md",
    ]);
    let changed = changes.is_some_and(|changes| !changes.is_empty());
    if changed { format!("{commit}+") } else { commit }
}

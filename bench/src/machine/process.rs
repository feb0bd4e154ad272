//! What a process uses, as the kernel counts it.

use std::{collections::BTreeMap, fs};

/// A process, by its id.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    pub(crate) fn own() -> Self {
        Self(std::process::id())
    }

    /// CPU time so far, in seconds.
    pub(crate) fn cpu_seconds(self) -> f64 {
        cpu_seconds_in(&fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default())
    }

    /// CPU time so far by the name of the thread, in seconds; threads that differ only in a number are one.
    pub(crate) fn cpu_seconds_by_thread(self) -> BTreeMap<String, f64> {
        let mut by_thread = BTreeMap::new();
        let threads = fs::read_dir(format!("/proc/{}/task", self.0)).into_iter().flatten().flatten();
        for thread in threads {
            let stat = fs::read_to_string(thread.path().join("stat")).unwrap_or_default();
            let name = stat.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')')).unwrap_or_default().0;
            let name = name.trim_end_matches(|last: char| last.is_ascii_digit() || last == '-');
            *by_thread.entry(name.to_owned()).or_insert(0.0) += cpu_seconds_in(&stat);
        }
        by_thread
    }

    /// Resident memory now, in MiB.
    pub(crate) fn rss_mib(self) -> u64 {
        self.kib("VmRSS:") / 1_024
    }

    /// The most it ever had, in MiB.
    pub(crate) fn peak_rss_mib(self) -> u64 {
        self.kib("VmHWM:") / 1_024
    }

    /// Forgets the most it ever had.
    pub(crate) fn reset_peak(self) {
        // Where the kernel does not know how, the peak is that of the whole life.
        let _ = fs::write(format!("/proc/{}/clear_refs", self.0), "5");
    }

    fn kib(self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0)).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0)
    }
}

/// User and system time in a line of `stat`.
fn cpu_seconds_in(stat: &str) -> f64 {
    let fields: Vec<&str> = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace().collect();
    let ticks = |field: usize| fields.get(field).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    // The kernel counts in hundredths of a second here, whatever its own clock does.
    (ticks(11) + ticks(12)) as f64 / 100.0
}

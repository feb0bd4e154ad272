//! The disk that is measured: how long it takes to sync, how much is on it, how much room is left.

use crate::folder;
use std::{
    fs::{self, File},
    io::{Seek as _, Write as _},
    path::Path,
    process::Command,
    time::Instant,
};

/// The median of 64 syncs of 4 KiB each.
pub(crate) fn fdatasync_ms() -> anyhow::Result<f64> {
    let path = folder::base()?.join(format!("fdatasync-{}", std::process::id()));
    let mut file = File::create(&path)?;
    file.write_all(&vec![0; 1 << 20])?;
    file.sync_all()?;
    file.rewind()?;
    let mut times = Vec::new();
    for _ in 0..64 {
        file.write_all(&[1; 4_096])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed());
    }
    fs::remove_file(&path)?;
    times.sort_unstable();
    Ok(times[times.len() / 2].as_secs_f64() * 1_000.0)
}

/// What the files below `folder` hold, without room that was taken in advance.
pub(crate) fn bytes_below(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => bytes_below(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Room left where the data lies.
pub(crate) fn free_gib() -> anyhow::Result<u64> {
    let output = Command::new("df").args(["--output=avail", "-k"]).arg(folder::base()?).output()?;
    let text = String::from_utf8(output.stdout)?;
    let kib: u64 = text.lines().nth(1).unwrap_or_default().trim().parse()?;
    Ok(kib >> 20)
}

//! Where measured data lies: below the target folder, or where `DAYBOOK_BENCH_DIR` says. Runs get folders that go
//! away afterwards; prepared shops and results stay.

use anyhow::Context as _;
use std::path::PathBuf;
use tempfile::TempDir;

/// The folder that all others are in.
pub(crate) fn base() -> anyhow::Result<PathBuf> {
    let base = match std::env::var_os("DAYBOOK_BENCH_DIR") {
        Some(base) => PathBuf::from(base),
        None => {
            std::env::current_exe()?.parent().context("this program stands in no folder")?.join("bench-data")
        }
    };
    std::fs::create_dir_all(&base).with_context(|| format!("making {}", base.display()))?;
    Ok(base)
}

/// A folder for one run.
pub(crate) fn for_run() -> anyhow::Result<TempDir> {
    Ok(tempfile::Builder::new().prefix("run-").tempdir_in(base()?)?)
}

/// A folder that stays until somebody removes it.
pub(crate) fn kept(name: &str) -> anyhow::Result<PathBuf> {
    let folder = base()?.join(name);
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}

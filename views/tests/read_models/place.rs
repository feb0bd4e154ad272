//! Where the read models of these tests have their rows: on this disk. `tests/tests/read_store` runs the same tests
//! with rows on a server, by a `place` of its own.

use daybook_projections::Options;
use std::path::Path;

/// Read models in `dir`, without search.
pub(crate) fn options(_dir: &Path) -> Options {
    Options::default()
}

/// Removes all that read models have kept in `dir`.
pub(crate) fn remove(dir: &Path) {
    std::fs::remove_dir_all(dir).unwrap();
}

/// What a query answers; from the disk it needs no runtime for that.
pub(crate) fn now<T>(query: impl Future<Output = T>) -> T {
    futures::executor::block_on(query)
}

//! Re-execution: replaces the process by the same program with the same arguments, because the allocator reads its
//! settings once, before `main`, and gives little memory back.

use std::{env, io, os::unix::process::CommandExt as _, process::Command};

/// After how many milliseconds the allocator gives unused memory back to the system: mimalloc reads it once, before
/// `main`.
const PURGE_DELAY: &str = "MIMALLOC_PURGE_DELAY";
const WHILE_IMPORTING: &str = "1000";

/// For an import, which lets go of memory in order to take it again at once: with the allocator's own 10 ms a tenth of
/// the time goes into pages that the system clears anew. Whoever has chosen a delay keeps it.
pub(super) fn import_with_more_memory() {
    if env::var_os(PURGE_DELAY).is_none() {
        // Where it does not succeed the import is slower, that is all.
        let _ = reexec(|program| program.env(PURGE_DELAY, WHILE_IMPORTING));
    }
}

/// To serve what was imported. An import takes more memory than serving ever does, and an allocator gives little of
/// it back. Returns only if that fails.
pub(super) fn serve_what_was_imported() -> io::Error {
    let ours = env::var_os(PURGE_DELAY).is_some_and(|delay| delay == WHILE_IMPORTING);
    reexec(|program| if ours { program.env_remove(PURGE_DELAY) } else { program })
}

fn reexec(change: impl FnOnce(&mut Command) -> &mut Command) -> io::Error {
    let mut arguments = env::args_os();
    match (env::current_exe(), arguments.next()) {
        (Ok(program), Some(name)) => change(Command::new(program).arg0(name).args(arguments)).exec(),
        (Err(error), _) => error,
        (_, None) => io::ErrorKind::NotFound.into(),
    }
}

//! The `daybook-replay` program. Everything is in the library beside it, so that it can be tested.

use std::process::ExitCode;

/// Filling read models and columns makes and drops small pieces of memory on several threads; this one is quicker at it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    daybook_replay_tool::main()
}

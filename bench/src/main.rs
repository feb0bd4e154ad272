//! Load generator and benchmarks: `daybook-bench SCENARIO [--short] [--json]`.
//!
//! Every performance statement of this project comes from here. The server under test is this same program,
//! started again in a process of its own as `daybook serve`, on the same machine and cores as the load.

mod client;
mod load;
mod machine;
mod report;
mod scenarios;
mod server;
mod shop;

use clap::Parser;
use scenarios::{Effort, Scenario};
use std::process::ExitCode;

/// The server's allocator, since this program is the server, too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Daybook on this machine.
///
/// Each scenario starts a server on an empty folder (below the target folder, or in DAYBOOK_BENCH_DIR: put it
/// on the disk you want measured), warms up, finds the peak with a closed loop, then measures latency with an
/// open loop at 70 % of it, and checks at the end that nothing acknowledged was lost.
#[derive(Parser)]
#[command(name = "daybook-bench", version)]
struct Arguments {
    /// What to measure; several run one after another.
    #[arg(required = true)]
    scenarios: Vec<Scenario>,
    /// A few seconds and a tenth of the data: enough to see a change, not to publish.
    #[arg(long, env = "DAYBOOK_BENCH_SHORT")]
    short: bool,
    /// End each scenario with one line of JSON.
    #[arg(long, env = "DAYBOOK_BENCH_JSON")]
    json: bool,
}

fn main() -> ExitCode {
    if std::env::args_os().next().is_some_and(|name| name == server::AS_DAYBOOK) {
        return daybook_api::cli::main();
    }
    match measure(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("daybook-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    // One thread for the load, so that the server has the other core to itself and half of this one.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for scenario in &arguments.scenarios {
        let effort = Effort { short: arguments.short };
        let local = tokio::task::LocalSet::new();
        let report = local.block_on(&runtime, scenarios::run(*scenario, effort))?;
        report.print(arguments.json);
    }
    Ok(())
}

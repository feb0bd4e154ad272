//! Load generator and benchmarks: `daybook-bench SCENARIO… [--short] [--runs N] [--json]`.
//!
//! Every performance statement of this project comes from here. The server under test is this same program,
//! started again in a process of its own as `daybook serve`, on the same machine and cores as the load.

mod data;
mod folder;
mod invariants;
mod load;
mod machine;
mod meter;
mod metrics;
mod report;
mod results;
mod scenarios;
mod server;
mod shop;
mod trial;

use clap::{Parser, Subcommand};
use results::Runs;
use scenarios::{Effort, Scenario};
use std::{path::PathBuf, process::ExitCode, time::Instant};

/// The server's allocator, since this program is the server, too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures Daybook on this machine.
///
/// Each scenario starts a server on a folder of its own (below the target folder, or in DAYBOOK_BENCH_DIR: put it
/// on the disk you want measured), warms up, finds the peak with a closed loop, then measures latency with an
/// open loop at 70 % of it, and checks at the end that nothing acknowledged was lost.
#[derive(Parser)]
#[command(
    name = "daybook-bench",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// What to measure; several run one after another. `all`: everything that needs no hour.
    #[arg(required = true)]
    scenarios: Vec<Scenario>,
    /// A few seconds and a tenth of the data: enough to see a change, not to publish.
    #[arg(long, env = "DAYBOOK_BENCH_SHORT")]
    short: bool,
    /// Measure each scenario so many times; the median run is shown, with how far the others were from it.
    #[arg(long, env = "DAYBOOK_BENCH_RUNS", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=99))]
    runs: u32,
    /// End each scenario with one line of JSON.
    #[arg(long, env = "DAYBOOK_BENCH_JSON")]
    json: bool,
    /// Where the results stay, a file per scenario [default: results, beside the data]
    #[arg(long, env = "DAYBOOK_BENCH_RESULTS", value_name = "DIR")]
    results: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Print the page of results (bench/RESULTS.md) that is made of the files in DIR
    Results {
        /// [default: results, beside the data]
        #[arg(value_name = "DIR", env = "DAYBOOK_BENCH_RESULTS")]
        folder: Option<PathBuf>,
    },
    /// Make the large shops that scenarios need, so that they need not; they stay, and are used again
    Prepare {
        #[arg(long, env = "DAYBOOK_BENCH_SHORT")]
        short: bool,
    },
}

fn main() -> ExitCode {
    match std::env::args_os().next() {
        Some(name) if name == server::AS_DAYBOOK => return daybook::cli::main(),
        Some(name) if name == server::AS_REPLAY => return daybook_replay_tool::main(),
        _ => {}
    }
    match run(Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("daybook-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Whether all went well.
fn run(arguments: Arguments) -> anyhow::Result<bool> {
    match arguments.command {
        Some(Command::Results { folder }) => {
            let folder = folder.map_or_else(|| folder::kept("results"), Ok)?;
            print!("{}", results::page(&results::read(&folder)?)?);
            Ok(true)
        }
        Some(Command::Prepare { short }) => {
            on_one_thread(scenarios::prepare(Effort { short })).map(|()| true)
        }
        None => measure(&arguments),
    }
}

/// One thread for the load, so that the server has the other core to itself and half of this one.
fn on_one_thread<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, work)
}

fn measure(arguments: &Arguments) -> anyhow::Result<bool> {
    let folder = arguments.results.clone().map_or_else(|| folder::kept("results"), Ok)?;
    let effort = Effort { short: arguments.short };
    let mut all_well = true;
    for scenario in Scenario::listed(&arguments.scenarios) {
        // One that fails does not keep the others from being measured.
        if let Err(error) = measure_one(scenario, effort, arguments, &folder) {
            eprintln!("daybook-bench: {}: {error:#}", scenario.name());
            all_well = false;
        }
    }
    Ok(all_well)
}

fn measure_one(
    scenario: Scenario,
    effort: Effort,
    arguments: &Arguments,
    folder: &std::path::Path,
) -> anyhow::Result<()> {
    let mut runs = Runs { scenario: scenario.name(), runs: Vec::new() };
    for _ in 0..arguments.runs {
        let start = Instant::now();
        let mut report = on_one_thread(scenarios::run(scenario, effort))?;
        (report.scenario, report.short) = (scenario.name(), effort.short);
        report.took_s = start.elapsed().as_secs_f64();
        report.print();
        runs.runs.push(report);
    }
    runs.keep(folder)?;
    if arguments.json {
        println!("{}", runs.line()?);
    }
    Ok(())
}

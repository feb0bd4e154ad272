//! The command line: which commands there are, and how each ends.
//!
//! Exit codes: 0 all is well, 1 something was found or could not be done (stderr says what), 2 the command line
//! itself was wrong.

use crate::{as_of, audit, export, out::Out, rebuild, show, source::Source, stats, verify, what_if};
use clap::{Parser, Subcommand};
use daybook_event_log::with_causes;
use std::{io, process::ExitCode};

const AFTER_HELP: &str = "\
Begin here:
  daybook-replay --data ./shop stats                            what happened, how much of it and when
  daybook-replay --data ./shop show order-0199a5f0-…            one order's story, event by event
  daybook-replay --data ./shop as-of --occurred 2011-06-30 stock 85123A
  daybook-replay --data ./shop export --format parquet --out ./tables
  daybook-replay --data ./shop audit export ./bundle            everything, with proof, for an auditor
  daybook-replay audit verify ./bundle --checkpoint ./kept      offline, with nothing but the bundle

The log can be a data directory (--data, also of a running shop), a Postgres server (--store) or a file that
was exported (--file). If several are named, the file goes before the server, and the server before the directory.
Every option can also be set by the environment variable shown beside it.
A time is 2010-12-01 (the start of that day), 2010-12-01T08:26 (both UTC) or has an offset, 2010-12-01T08:26:00+01:00.
Ranges have their beginning and not their end: --since 2011-01-01 --until 2012-01-01 is the year 2011.
Exit codes: 0 all is well, 1 something was found or failed (the message says what), 2 wrong command line.";

/// Inspect, export and audit what a Daybook shop recorded.
#[derive(Parser)]
#[command(name = "daybook-replay", version, after_help = AFTER_HELP, propagate_version = true)]
struct Cli {
    #[command(flatten)]
    source: Source,

    /// Answer as JSON, for scripts
    #[arg(long, env = "DAYBOOK_REPLAY_JSON", global = true)]
    json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Count events and bytes by type, aggregate, stream and day, with a chart over time
    Stats(stats::Stats),
    /// Tell one stream's story: each event, who and why, when, and what it changed
    Show(show::Show),
    /// Show an order, stock, a cart, a product, a payment or a search as it was at a position or a time
    AsOf(as_of::AsOf),
    /// Write events to files: JSON Lines, CloudEvents, CSV, Parquet
    Export(export::Export),
    /// Check that log, read models and signed checkpoint fit together
    Verify(verify::Verify),
    /// Replay the recorded demand under other rules: stock policies, closures, late deliveries, prices
    WhatIf(what_if::WhatIf),
    /// Fill the read models of a stopped shop again from its log
    Rebuild(rebuild::Rebuild),
    /// Prove that nothing was changed, or check such a proof
    #[command(subcommand)]
    Audit(audit::Audit),
}

/// How a command went when nothing prevented it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ToolVerdict {
    AllIsWell,
    /// What was looked for is wrong or not there; it has been said.
    Found,
}

/// The command line asks for something that makes no sense.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Runs the command line and says how it went.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(ToolVerdict::AllIsWell) => ExitCode::SUCCESS,
        Ok(ToolVerdict::Found) => ExitCode::FAILURE,
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("daybook-replay: {}", with_causes(error.as_ref()));
            if error.is::<Usage>() { ExitCode::from(2) } else { ExitCode::FAILURE }
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ToolVerdict> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut out = Out::to_stdout(cli.json);
    let source = cli.source;
    let verdict = runtime.block_on(async {
        match cli.command {
            Command::Stats(stats) => stats.run(&source, &mut out).await,
            Command::Show(show) => show.run(&source, &mut out).await,
            Command::AsOf(as_of) => as_of.run(&source, &mut out).await,
            Command::Verify(verify) => verify.run(&source, &mut out).await,
            Command::WhatIf(what_if) => what_if.run(&source, &mut out).await,
            Command::Rebuild(rebuild) => rebuild.run(&source, &mut out).await,
            Command::Export(export) => export.run(&source, &mut out).await,
            Command::Audit(audit) => audit.run(&source, &mut out).await,
        }
    })?;
    out.finish()?;
    Ok(verdict)
}

/// Somebody who reads only the first lines is no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error
        .chain()
        .any(|cause| cause.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent_and_every_option_has_a_variable() {
        let mut command = Cli::command();
        command.build();
        command.clone().debug_assert();
        check(&command);
    }

    fn check(command: &clap::Command) {
        for option in command.get_arguments().filter(|arg| arg.get_long().is_some()) {
            let long = option.get_long().unwrap_or_default();
            if !matches!(long, "help" | "version") {
                assert!(option.get_env().is_some(), "{} --{long} has no variable", command.get_name());
            }
        }
        command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(check);
    }
}

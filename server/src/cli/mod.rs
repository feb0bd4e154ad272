//! The command line: `daybook serve`, `demo`, `import`, and what makes the checked-in contracts.
//!
//! Exit codes: 0 done, 1 it could not be done (one paragraph on stderr says why and what to do), 2 the
//! command line itself was wrong.

mod copy;
mod demo;
mod duration;
mod guard;
mod import;
mod nats;
mod owner_key;
mod progress;
mod reexec;
mod restore;
mod schemas;
mod serve;
mod starting;
mod store;
mod tour;

use clap::{CommandFactory, Parser, Subcommand};
use daybook_event_log::with_causes;
use std::{process::ExitCode, time::Duration};
use tracing_subscriber::EnvFilter;

const AFTER_HELP: &str = "\
Begin here:
  daybook demo                          a year of a real shop, ready to be asked, on http://127.0.0.1:8080
  daybook serve --data ./shop           an empty shop of your own
  curl http://127.0.0.1:8080/docs/      every route, to read and to try

Every option can also be set by the environment variable shown beside it. Logs go to stderr.
Exit codes: 0 done, 1 failed (the message says what to do), 2 wrong command line.";

/// An event-sourced commerce engine: every command decided, written down in order, and shown over HTTP.
#[derive(Parser)]
#[command(name = "daybook", version, after_help = AFTER_HELP, propagate_version = true)]
struct Cli {
    /// What to log: a level, or levels by module as in `info,daybook_api=debug`
    #[arg(
        long,
        env = "DAYBOOK_LOG",
        default_value = "warn,daybook=info",
        global = true,
        value_name = "FILTER"
    )]
    log: String,

    /// Log as JSON, one object per line
    #[arg(long, env = "DAYBOOK_LOG_JSON", global = true)]
    log_json: bool,

    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serve a shop over HTTP
    Serve(serve::Serve),
    /// Import the bundled year of trade on the first start, then serve it
    Demo(demo::Demo),
    /// Import what was sold before, without serving
    #[command(subcommand)]
    Import(import::Import),
    /// Copy a shop's events between a data directory and a Postgres server, and compare
    Copy(copy::Copy),
    /// Let a node go on with an event store that has lost acknowledged events
    RestoreAccepted(restore::RestoreAccepted),
    /// Print the OpenAPI document of the HTTP interface
    Openapi,
    /// Print the AsyncAPI document of what is told over NATS
    Asyncapi,
    /// Write the JSON Schema of every event
    Schemas(schemas::Schemas),
}

/// Runs the command line and says how it went.
#[must_use]
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = start_logging(&cli) {
        eprintln!("daybook: {}", with_causes(error.as_ref()));
        return ExitCode::from(2);
    }
    match run(cli.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is::<clap::Error>() => {
            eprint!("{error}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("daybook: {}", with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Openapi => {
            print!("{}", daybook_api::openapi_text());
            Ok(())
        }
        Command::Asyncapi => {
            print!("{}", crate::asyncapi_text());
            Ok(())
        }
        Command::Schemas(schemas) => schemas.run(),
        Command::Serve(serve) => in_runtime(serve.run()),
        Command::RestoreAccepted(restore) => in_runtime(restore.run()),
        Command::Copy(copy) => in_runtime(copy.run()),
        Command::Demo(demo) => {
            if !demo.is_imported() {
                reexec::import_with_more_memory();
            }
            in_runtime(demo.run())
        }
        Command::Import(import) => {
            reexec::import_with_more_memory();
            in_runtime(import.run())
        }
    }
}

/// A wrong value on the command line, told without the value: it may hold a password.
fn wrong(option: &str, expected: &dyn std::fmt::Display) -> anyhow::Error {
    let said = format!("the value of {option} cannot be used: {expected}");
    Cli::command().error(clap::error::ErrorKind::ValueValidation, said).into()
}

fn in_runtime(work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(work);
    // What still runs now (a stuck read of a file, say) must not hold up the exit.
    runtime.shutdown_timeout(Duration::from_secs(5));
    done
}

fn start_logging(cli: &Cli) -> anyhow::Result<()> {
    let filter = match std::env::var("RUST_LOG") {
        Ok(filter) if !filter.is_empty() => filter,
        // A filter names targets by their beginning, so `daybook=info` means all crates of this program.
        _ => cli.log.clone(),
    };
    let filter = EnvFilter::try_new(&filter)
        .map_err(|error| anyhow::anyhow!("{filter:?} is not a log filter: {error}; try --log info"))?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()));
    let started = if cli.log_json { logs.json().try_init() } else { logs.try_init() };
    started.map_err(|error| anyhow::anyhow!("logging could not be started: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use tracing::{Event, Subscriber};
    use tracing_subscriber::{
        layer::{Context, Layer, SubscriberExt as _},
        registry::Registry,
    };

    /// The targets of the events that pass.
    struct Passed(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Passed {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            self.0.lock().unwrap().push(event.metadata().target().to_owned());
        }
    }

    #[test]
    fn the_default_filter_passes_what_every_crate_of_the_program_reports() {
        let cli = Cli::parse_from(["daybook", "openapi"]);
        let passed = Arc::new(Mutex::new(Vec::new()));
        let filter = EnvFilter::try_new(&cli.log).unwrap();
        let subscriber = Registry::default().with(filter).with(Passed(passed.clone()));
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(target: "daybook", "ours");
            tracing::info!(target: "daybook_subscriptions::supervisor", "ours");
            tracing::debug!(target: "daybook_engine", "too fine");
            tracing::info!(target: "hyper", "another's");
            tracing::warn!(target: "hyper", "another's, and important");
        });
        assert_eq!(*passed.lock().unwrap(), ["daybook", "daybook_subscriptions::supervisor", "hyper"]);
    }
}

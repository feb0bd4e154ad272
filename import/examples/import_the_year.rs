//! Imports the bundled year into an embedded log and prints the summary: `import_the_year [DIRECTORY]`. Run it
//! twice on one directory to see an import that finds everything done. No read models run beside it.

use daybook_engine::{Engine, EngineOptions};
use daybook_event_log::{EmbeddedLog, EmbeddedOptions, EventLog};
use daybook_import::{ImportOptions, bundled, import_online_retail};
use std::{error::Error, path::PathBuf, sync::Arc};

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let directory = std::env::args().nth(1).map(PathBuf::from);
    let scratch = tempfile::tempdir()?;
    let directory = directory.unwrap_or_else(|| scratch.path().to_owned());
    runtime.block_on(async {
        let log: Arc<dyn EventLog> =
            Arc::new(EmbeddedLog::open(directory.join("log"), EmbeddedOptions::default())?);
        let options = EngineOptions { state_dir: Some(directory.join("state")), ..EngineOptions::default() };
        let engine = Engine::start(Arc::clone(&log), options).await?;
        let report = import_online_retail(&engine, bundled(), ImportOptions::default(), |progress| {
            eprintln!("{progress:?}");
        })
        .await?;
        engine.shutdown().await;
        log.close().await?;
        println!("{}", serde_json::to_string_pretty(&report.summary)?);
        println!("{}", serde_json::to_string_pretty(&report.rejected_by_kind)?);
        for line in report.rejected.iter().filter(|line| line.kind == "refused") {
            println!("{}", serde_json::to_string(line)?);
        }
        Ok(())
    })
}

//! `daybook schemas`: writes the JSON Schema of every event, as the `dataschema` of its CloudEvents names it.

use crate::contracts::event_schemas;
use anyhow::Context;
use clap::Args;
use std::{fs, path::PathBuf};

#[derive(Args)]
pub(super) struct Schemas {
    /// Directory to write to; `events/<aggregate>/<Type>.v<version>.json` below it
    #[arg(long, env = "DAYBOOK_SCHEMAS_OUT", value_name = "DIR", default_value = "schemas")]
    out: PathBuf,
}

impl Schemas {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let schemas = event_schemas();
        for (path, text) in &schemas {
            let path = self.out.join(path);
            let write = || {
                if let Some(dir) = path.parent() {
                    fs::create_dir_all(dir)?;
                }
                fs::write(&path, text)
            };
            write().with_context(|| format!("cannot write {}", path.display()))?;
        }
        println!("{} schemas written to {}", schemas.len(), self.out.join("events").display());
        Ok(())
    }
}

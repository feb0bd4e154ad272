//! `daybook schemas`: writes every released JSON Schema of the events, as the `dataschema` of their CloudEvents names
//! it.

use anyhow::Context;
use clap::Args;
use daybook_domain::released_schemas;
use std::{fs, path::PathBuf};

#[derive(Args)]
pub(super) struct Schemas {
    /// Directory to write to; `events/<aggregate>/<Type>.v<version>.json` below it
    #[arg(long, env = "DAYBOOK_SCHEMAS_OUT", value_name = "DIR", default_value = "schemas")]
    out: PathBuf,
}

impl Schemas {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let schemas = released_schemas();
        for schema in &schemas {
            let path = self.out.join(schema.path());
            let write = || {
                if let Some(dir) = path.parent() {
                    fs::create_dir_all(dir)?;
                }
                fs::write(&path, schema.text)
            };
            write().with_context(|| format!("cannot write {}", path.display()))?;
        }
        println!("{} schemas written to {}", schemas.len(), self.out.join("events").display());
        Ok(())
    }
}

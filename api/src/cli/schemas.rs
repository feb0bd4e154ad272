//! `daybook schemas`: writes the JSON Schema of every event, as the `dataschema` of its CloudEvents names it.

use anyhow::Context;
use clap::Args;
use daybook_domain::Event;
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

/// The JSON Schema of every event with the path it has under `schemas/`:
/// `events/<aggregate>/<Type>.v<version>.json`.
#[must_use]
pub fn event_schemas() -> Vec<(PathBuf, String)> {
    let schemas = Event::schemas().into_iter();
    let file = |(aggregate, event_type, version, schema): (&str, &str, u16, schemars::Schema)| {
        let path = PathBuf::from(format!("events/{aggregate}/{event_type}.v{version}.json"));
        (path, format!("{:#}\n", schema.as_value()))
    };
    schemas.map(file).collect()
}

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
        let mut written = 0;
        for (aggregate, event_type, version, schema) in Event::schemas() {
            let dir = self.out.join("events").join(aggregate);
            fs::create_dir_all(&dir).with_context(|| format!("cannot make {}", dir.display()))?;
            let path = dir.join(format!("{event_type}.v{version}.json"));
            let text = format!("{:#}\n", schema.as_value());
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
            written += 1;
        }
        println!("{written} schemas written to {}", self.out.join("events").display());
        Ok(())
    }
}

//! `daybook demo`: a year of a real retailer's trade, imported on the first start, then served.

use super::{
    import::{import, summary, write_report},
    reexec,
    serve::{Settings, Signals, bind, serve},
    tour,
};
use crate::{Daybook, ServeOptions};
use anyhow::Context as _;
use clap::Args;
use daybook_import::{ImportOptions, bundled};
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Demo {
    /// Directory that holds the demo's shop; made on the first start
    #[arg(long, env = "DAYBOOK_DATA", value_name = "DIR", default_value = "daybook-demo")]
    data: PathBuf,

    #[command(flatten)]
    settings: Settings,
}

impl Demo {
    fn report(&self) -> PathBuf {
        self.data.join("import").join("online-retail.json")
    }

    pub(super) fn is_imported(&self) -> bool {
        self.report().is_file()
    }

    pub(super) async fn run(self) -> anyhow::Result<()> {
        let mut signals = Signals::listen()?;
        let listener = bind(self.settings.listen).await?;
        let (report, imported) = (self.report(), self.is_imported());
        let options = self.settings.options(self.data.clone());
        let daybook = Daybook::open(ServeOptions { unattended: !imported, ..options }).await?;
        let guarded = self.settings.access.guard(daybook, self.settings.listen).await?;
        if imported {
            println!("daybook: the year is in {} already", self.data.display());
        } else {
            println!(
                "daybook: importing a year of a real retailer's trade into {} (once; stop and go on as you like)",
                self.data.display()
            );
            let imported = tokio::select! {
                imported = import(guarded.shop(), bundled(), ImportOptions::default()) => imported,
                signal = signals.first() => {
                    signals.next_ends_at_once();
                    guarded.into_shop().shutdown().await?;
                    println!("daybook: stopped by a signal ({signal}); the next start goes on where this one was");
                    return Ok(());
                }
            };
            let imported = match imported {
                Ok(imported) => imported,
                Err(error) => {
                    guarded.into_shop().shutdown().await?;
                    return Err(error);
                }
            };
            write_report(&report, &imported)?;
            print!("{}", summary(&imported)?);
            println!("  every rejected line with its reason: {}", report.display());
            guarded.into_shop().shutdown().await?;
            drop(listener);
            return tokio::select! {
                biased;
                // It would be forgotten by the program to come.
                _ = signals.first() => Ok(()),
                () = std::future::ready(()) => Err(reexec::serve_what_was_imported()).context(
                    "the year is imported, but this program cannot be started again; start it by hand",
                ),
            };
        }
        tour::print(guarded.shop(), listener.local_addr()?).await;
        serve(guarded, listener, signals).await
    }
}

//! `daybook restore-accepted`: lets a node go on with a log that has lost acknowledged events. Without it a node uses no log
//! that lacks what it knows, because what it shows, signs and remembers would contradict that log.
//!
//! What the node made of the lost events is removed, and made again from the log at its next start. The audit tree over them
//! is kept aside, because it proves what was acknowledged: what comes is a fork of the record, which another key signs under
//! another name. The events themselves are not touched.

use super::store::StoreArg;
use crate::{data_dir::DataDir, node::known_event};
use anyhow::{Context as _, bail};
use clap::Args;
use daybook_event_log::KnownEvent;
use daybook_messaging::STREAM_NAME;
use daybook_projections::Options;
use daybook_views::Views;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct RestoreAccepted {
    /// The data directory of the node, which is stopped
    #[arg(long, env = "DAYBOOK_DATA", value_name = "DIR")]
    data: PathBuf,

    #[command(flatten)]
    store: StoreArg,
}

impl RestoreAccepted {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let store = self.store.parse()?;
        if !self.data.is_dir() {
            bail!("{} does not exist; name the data directory of the node", self.data.display());
        }
        let dir = DataDir::open(&self.data)?;
        let reads = Views::open_with(&dir.read(), Options::default(), Vec::new());
        let reads = reads.context("the node has to be stopped first")?;
        let Some(lost) = known_event(&dir, &reads)? else {
            bail!("{} knows of no event, so no log is refused for it; start the node", self.data.display());
        };
        drop(reads);
        let log = store.open_read_only(dir.log()).await.context("cannot open the event store")?;
        let place = self.data.display().to_string();
        if lost.expect_in(&*log, &place).await.is_ok() {
            println!(
                "nothing is lost: the event store has position {}, the last one that {place} knows; nothing was changed",
                lost.position
            );
            return Ok(());
        }
        let goes_on = KnownEvent::last_of(&*log).await?;
        log.close().await?;
        let aside = dir.fork(lost, goes_on)?;
        println!(
            "accepted: {place} knew position {}, and goes on from {}, where the event store ends",
            lost.position,
            goes_on.map(|event| event.position).unwrap_or_default(),
        );
        if let Some(aside) = aside {
            println!(
                "the audit tree over what is lost is kept in {}; the next start makes a new key, which auditors have to be told",
                aside.display()
            );
        }
        println!(
            "where events are relayed to NATS, remove the stream before the start: nats stream rm {STREAM_NAME}"
        );
        Ok(())
    }
}

//! The event store as an argument of commands.

use super::wrong;
use crate::Store;
use clap::Args;

#[derive(Args)]
pub(super) struct StoreArg {
    /// Where the events are: `embedded` for files in DIR, or postgres://user:password@host:port/database. DIR then
    /// holds only this node's read models, checkpoints, snapshots and audit tree
    #[arg(
        long,
        env = "DAYBOOK_STORE",
        value_name = "STORE",
        default_value = "embedded",
        hide_env_values = true
    )]
    store: String,
}

impl StoreArg {
    pub(super) fn parse(&self) -> anyhow::Result<Store> {
        self.store.parse().map_err(|error| wrong("--store", &error))
    }
}

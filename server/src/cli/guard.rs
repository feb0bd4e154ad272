//! Who is let in without a key, and the check that a shop passes before it is served: whoever can reach it must not be able to
//! do everything by oversight.

use super::owner_key::ensure_owner_key;
use crate::Daybook;
use anyhow::bail;
use clap::Args;
use daybook_api::AccessMode;
use std::{net::SocketAddr, path::PathBuf};

#[derive(Args)]
pub(super) struct AccessArgs {
    /// Who is let in without a key. The first key is an owner's, made by --owner-key-file; it makes the others (POST /keys)
    #[arg(long, env = "DAYBOOK_ACCESS", value_enum, default_value_t = LetInWithoutKey::UntilFirstKey)]
    access: LetInWithoutKey,

    /// An owner's key, which may do everything. If the file is not there, a key is made and written to it, for its user alone
    #[arg(long, env = "DAYBOOK_OWNER_KEY_FILE", value_name = "FILE")]
    owner_key_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum LetInWithoutKey {
    /// Everybody, until the first key is made, which shuts the shop for good. Refused beyond the loopback interface
    UntilFirstKey,
    /// Everybody: something before Daybook authenticates
    Open,
    /// Nobody, but to products, search and health
    Keys,
}

/// A shop that may be served where it is to listen. Only [`AccessArgs::guard`] makes one, so that none is served unchecked.
pub(super) struct GuardedShop(Daybook);

impl GuardedShop {
    pub(super) const fn shop(&self) -> &Daybook {
        &self.0
    }

    pub(super) fn into_shop(self) -> Daybook {
        self.0
    }
}

impl AccessArgs {
    pub(super) const fn mode(&self) -> AccessMode {
        match self.access {
            LetInWithoutKey::UntilFirstKey => AccessMode::UntilFirstKey,
            LetInWithoutKey::Open => AccessMode::Open,
            LetInWithoutKey::Keys => AccessMode::Keys,
        }
    }

    /// Makes sure that nobody is let in who should not be, and says who is. A shop that may not be served is shut down.
    pub(super) async fn guard(&self, daybook: Daybook, listen: SocketAddr) -> anyhow::Result<GuardedShop> {
        match self.check(&daybook, listen).await {
            Ok(()) => Ok(GuardedShop(daybook)),
            Err(error) => {
                daybook.shutdown().await?;
                Err(error)
            }
        }
    }

    async fn check(&self, daybook: &Daybook, listen: SocketAddr) -> anyhow::Result<()> {
        if let Some(file) = &self.owner_key_file {
            ensure_owner_key(daybook, file).await?;
        }
        let is_open = daybook.is_open().await?;
        if is_open && self.mode() != AccessMode::Open && !listen.ip().to_canonical().is_loopback() {
            bail!(
                "{listen} can be reached from other machines, and the shop has no key yet: give it an owner's with --owner-key-file FILE, \
                 or, if something before it authenticates, say --access open"
            );
        }
        match (is_open, self.mode()) {
            (true, AccessMode::Open) => println!("whoever can reach it may do everything (--access open)"),
            (true, AccessMode::UntilFirstKey | AccessMode::Keys) => println!(
                "whoever uses this machine may do everything: the shop has no key yet (--owner-key-file FILE makes one)"
            ),
            (false, _) => {}
        }
        Ok(())
    }
}

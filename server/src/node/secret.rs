//! Where the shop's secret is kept: in the data directory, or, where nodes share an event store, in the memory of a lease on
//! its server, so that a key stands for the same command at every node. Not in the log, and in nothing that is exported.

use super::Store;
use crate::{OpenError, data_dir::DataDir};
use daybook_engine::ShopSecret;
use daybook_event_log::LogError;

/// The lease whose memory is the secret. Persisted: never to be changed.
const LEASE: &str = "shop secret";

/// The shop's secret; made where there is none yet.
pub(crate) async fn shop_secret(dir: &DataDir, store: &Store) -> Result<ShopSecret, OpenError> {
    if store.is_embedded() {
        if let Some(kept) = dir.secret()? {
            return Ok(kept);
        }
        let secret = ShopSecret::random();
        dir.keep_secret(&secret)?;
        return Ok(secret);
    }
    let lease = store.leases()?.acquire(LEASE).await?;
    if let Some(kept) = lease.recall().await? {
        return read(&kept);
    }
    // The directory has one where its events were moved to this server.
    let secret = dir.secret()?.unwrap_or_else(ShopSecret::random);
    lease.remember(secret.bytes()).await?;
    Ok(secret)
}

fn read(kept: &[u8]) -> Result<ShopSecret, OpenError> {
    let bytes = <[u8; ShopSecret::BYTES]>::try_from(kept).map_err(|_| LogError::Damaged {
        place: format!("the memory of the lease {LEASE:?}"),
        detail: format!("it has {} bytes instead of {}", kept.len(), ShopSecret::BYTES),
    })?;
    Ok(ShopSecret::new(bytes))
}

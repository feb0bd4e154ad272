//! The relay to NATS: the node that holds its lease runs it. Commands never wait for it.

use super::{Health, Relaying};
use daybook_event_log::{EventLog, Leases};
use daybook_messaging::{Client, Relay, RelayOptions};
use std::{sync::Arc, time::Duration};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

const TASK: &str = "daybook relay";
const RETRY_PAUSE: Duration = Duration::from_secs(1);

/// Runs the relay whenever this node holds its lease, until `stopping`.
pub(crate) async fn keep_relaying(
    log: Arc<dyn EventLog>,
    (client, options): (Client, RelayOptions),
    leases: Arc<dyn Leases>,
    health: Arc<Health>,
    stopping: CancellationToken,
) {
    while let Some(lease) = stopping.run_until_cancelled(leases.acquire(TASK)).await {
        match lease {
            Ok(lease) => {
                let relay = Relay::start(log.clone(), client.clone(), options.clone());
                health.relay(Some(Relaying { relayed: relay.relayed(), trouble: relay.trouble() }));
                tracing::info!("this node relays to NATS now");
                let lost = stopping.run_until_cancelled(lease.lost()).await;
                relay.stop().await;
                health.relay(None);
                if lost.is_none() {
                    return;
                }
                tracing::warn!("the lease is lost: another node may relay now");
            }
            Err(error) => tracing::error!(%error, "the relay cannot run here; trying again"),
        }
        stopping.run_until_cancelled(sleep(RETRY_PAUSE)).await;
    }
}

//! Connecting to NATS, and knowing why there is no connection.

use crate::{MessagingError, NatsOptions};
use async_nats::{Client, ClientError, Event, Server};
use daybook_subscriptions::BackoffLimits;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// The pauses between two tries to connect.
const BACKOFF: BackoffLimits = BackoffLimits {
    shortest: Duration::from_millis(1),
    longest: Duration::from_secs(1),
    good_while: Duration::ZERO,
};

/// What is wrong with a connection; none: nothing.
pub type LastError = watch::Receiver<Option<String>>;

/// Connects, or keeps trying in the background if the server is not there yet: a client that lost its
/// server connects again by itself, however long it takes.
///
/// # Errors
/// Addresses, files and certificates that cannot be used.
pub async fn connect(options: &NatsOptions) -> Result<Client, MessagingError> {
    connect_watched(options).await.map(|(client, _)| client)
}

/// The same, and what is wrong with the connection at each moment.
///
/// # Errors
/// Addresses, files and certificates that cannot be used.
pub async fn connect_watched(options: &NatsOptions) -> Result<(Client, LastError), MessagingError> {
    let (addresses, connecting) = options.understood().await?;
    let place: Arc<str> = options.place().into();
    let waiting = format!("NATS at {place} has not answered yet; is nats-server running there?");
    let (sender, last_error) = watch::channel(Some(waiting));
    let sender = Arc::new(sender);
    let (failures, events) = (sender.clone(), sender);
    let where_ = place.clone();
    let client = connecting
        .name("daybook")
        .tls_client_config(options.tls()?)
        .retry_on_initial_connect()
        .max_reconnects(None)
        .connection_timeout(Duration::from_secs(5))
        .ping_interval(Duration::from_secs(5))
        .reconnect_delay_callback(pause)
        .reconnect_to_server_callback(move |servers, _| {
            if let Some(failure) = last_failure(&servers) {
                failures.send_replace(Some(explained(&where_, &failure)));
            }
            // Which one is tried next is left to the client.
            std::future::ready(None)
        })
        .event_callback(move |event| {
            events.send_if_modified(|last_error| changed(last_error, &place, &event));
            std::future::ready(())
        })
        .connect(addresses)
        .await
        .map_err(|error| MessagingError::Unreachable {
            address: options.place(),
            detail: error.to_string(),
        })?;
    Ok((client, last_error))
}

fn pause(attempts: usize) -> Duration {
    let before = u32::try_from(attempts.saturating_sub(1)).unwrap_or(u32::MAX);
    // Nodes that lost the same server do not come back together.
    BACKOFF.pause(before, std::process::id().into())
}

/// What the servers of a cluster failed with, each once.
fn last_failure(servers: &[Server]) -> Option<String> {
    let mut failures: Vec<&str> = servers.iter().filter_map(|server| server.last_error.as_deref()).collect();
    failures.sort_unstable();
    failures.dedup();
    (!failures.is_empty()).then(|| failures.join("; "))
}

/// Takes an event in; answers whether it changes what is known.
fn changed(last_error: &mut Option<String>, place: &str, event: &Event) -> bool {
    let now = match event {
        Event::Connected => None,
        Event::Disconnected => Some(format!("the connection to NATS at {place} is gone; connecting again")),
        // What is known says more than that it failed again.
        Event::ClientError(ClientError::Other(_)) if last_error.is_some() => return false,
        Event::ClientError(error) => Some(explained(place, &error.to_string())),
        Event::ServerError(error) => Some(explained(place, &error.to_string())),
        _ => return false,
    };
    match (&*last_error, &now) {
        (Some(_), None) => tracing::info!(place, "connected to NATS"),
        (None, Some(last_error)) => tracing::warn!(last_error, "commands go on; NATS is told later"),
        _ => {}
    }
    *last_error = now;
    true
}

/// A failure with what to do about it.
fn explained(place: &str, failure: &str) -> String {
    let lower = failure.to_lowercase();
    let is = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let advice = if is(&["authorization", "authentication", "permissions"]) {
        "check user, password, token, nkey or credentials, and what the server lets them do"
    } else if is(&["certificate", "unknownissuer", "tls", "handshake", "alert"]) {
        "check the certificates of the authorities to trust, that the server is named as its certificate has it, and whether it wants one of us"
    } else if is(&["dns", "lookup", "resolve"]) {
        "check the name of the host"
    } else {
        "is nats-server running there?"
    };
    format!("NATS at {place} cannot be used: {failure}; {advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_stay_bounded() {
        assert!(pause(0) <= BACKOFF.shortest && pause(1) <= BACKOFF.shortest);
        assert!(pause(5) > pause(3));
        assert!(pause(usize::MAX) <= BACKOFF.longest && pause(usize::MAX) > BACKOFF.longest / 2);
    }

    #[test]
    fn a_failure_comes_with_what_to_do_and_goes_with_the_next_connection() {
        let mut last_error = Some("not yet".to_owned());
        assert!(changed(&mut last_error, "nats://x", &Event::Connected) && last_error.is_none());
        let refused = Event::ClientError(ClientError::Other("authorization violation".to_owned()));
        assert!(changed(&mut last_error, "nats://x", &refused));
        assert!(
            last_error.as_deref().is_some_and(|said| said.contains("check user, password")),
            "{last_error:?}"
        );
        assert!(!changed(&mut last_error, "nats://x", &Event::Draining));
    }
}

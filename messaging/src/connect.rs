//! Connecting to NATS: addresses, credentials, TLS.

use crate::MessagingError;
use async_nats::{Client, ConnectOptions};
use std::{path::PathBuf, time::Duration};

/// Where NATS is and who we are there.
#[derive(Debug, Clone, Default)]
pub struct NatsOptions {
    /// One or more addresses separated by commas, for example `nats://10.0.0.1:4222,nats://10.0.0.2:4222`.
    /// `tls://` demands TLS; user and password may stand in the address.
    pub address: String,
    /// A credentials file (JWT and seed), if the server wants one.
    pub credentials: Option<PathBuf>,
    /// A file with the certificates of the authorities to trust, in PEM.
    pub ca: Option<PathBuf>,
}

/// Connects, or keeps trying in the background if the server is not there yet: a client that lost its
/// server connects again by itself, however long it takes.
pub async fn connect(options: &NatsOptions) -> Result<Client, MessagingError> {
    let shown = without_password(&options.address);
    let addresses = options
        .address
        .split(',')
        .map(|address| address.trim().parse::<async_nats::ServerAddr>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| MessagingError::InvalidAddress {
            address: shown.clone(),
            detail: error.to_string(),
        })?;
    let mut connecting = ConnectOptions::new()
        .name("daybook")
        .retry_on_initial_connect()
        .max_reconnects(None)
        .connection_timeout(Duration::from_secs(5))
        .ping_interval(Duration::from_secs(5));
    if let Some(path) = &options.credentials {
        connecting =
            connecting.credentials_file(path).await.map_err(|error| MessagingError::InvalidAddress {
                address: shown.clone(),
                detail: format!("credentials file {}: {error}", path.display()),
            })?;
    }
    if let Some(path) = &options.ca {
        connecting = connecting.add_root_certificates(path.clone());
    }
    connecting
        .connect(addresses)
        .await
        .map_err(|error| MessagingError::Unreachable { address: shown, detail: error.to_string() })
}

/// The address as it may stand in a log.
fn without_password(address: &str) -> String {
    let hide = |one: &str| match (one.find("://"), one.rfind('@')) {
        (Some(scheme), Some(at)) if at > scheme => format!("{}://…@{}", &one[..scheme], &one[at + 1..]),
        _ => one.to_owned(),
    };
    address.split(',').map(hide).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::without_password;

    #[test]
    fn passwords_are_not_shown() {
        let shown = without_password("nats://shop:s3cret@10.0.0.1:4222,nats://10.0.0.2");
        assert_eq!(shown, "nats://…@10.0.0.1:4222,nats://10.0.0.2");
    }
}

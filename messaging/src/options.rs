//! Where NATS is and who we are there. Takes secrets out of addresses, so that they stand in no log line.

use crate::MessagingError;
use async_nats::{ConnectOptions, ServerAddr};
use percent_encoding::percent_decode_str;
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// Where NATS is and who we are there.
#[derive(Clone, Default)]
pub struct NatsOptions {
    /// One or more addresses separated by commas, for example `nats://10.0.0.1:4222,nats://10.0.0.2:4222`.
    /// `tls://` demands TLS. `user:password@` or `token@` may stand before the first host; it counts for all of them.
    pub address: String,
    /// A user, with [`NatsOptions::password`].
    pub user: Option<String>,
    pub password: Option<String>,
    /// A token, in place of user and password.
    pub token: Option<String>,
    /// A file with the seed of an nkey.
    pub nkey: Option<PathBuf>,
    /// A credentials file (JWT and seed), if the server wants one.
    pub credentials: Option<PathBuf>,
    /// A file with the certificates of the authorities to trust, in PEM; none: those of the system.
    pub ca: Option<PathBuf>,
    /// Our own certificate with its key, both in PEM, if the server wants one.
    pub certificate: Option<(PathBuf, PathBuf)>,
}

/// Without secrets.
impl fmt::Debug for NatsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsOptions").field("address", &self.place()).finish_non_exhaustive()
    }
}

/// Who we are, as far as an address says so.
#[derive(Default)]
struct Named {
    user: Option<String>,
    password: Option<String>,
}

impl NatsOptions {
    /// The addresses as they may stand in a log.
    #[must_use]
    pub fn place(&self) -> String {
        let hide = |one: &str| match (one.find("://"), one.rfind('@')) {
            (Some(scheme), Some(at)) if at > scheme => format!("{}{}", &one[..scheme + 3], &one[at + 1..]),
            (None, Some(at)) => one[at + 1..].to_owned(),
            _ => one.to_owned(),
        };
        self.address.split(',').map(str::trim).map(hide).collect::<Vec<_>>().join(",")
    }

    /// The addresses without what is secret in them, and what to connect with.
    pub(crate) async fn understood(&self) -> Result<(Vec<ServerAddr>, ConnectOptions), MessagingError> {
        let (addresses, named) = self.addresses()?;
        let options = self.identified(ConnectOptions::new(), named).await?;
        Ok((addresses, options))
    }

    fn addresses(&self) -> Result<(Vec<ServerAddr>, Named), MessagingError> {
        let (mut addresses, mut named) = (Vec::new(), Named::default());
        for text in self.address.split(',').map(str::trim) {
            let parsed: ServerAddr = text.parse().map_err(|error| self.unusable(error))?;
            let mut url = parsed.into_inner();
            if url.host_str().is_none_or(str::is_empty) {
                return Err(self.unusable("it names no host"));
            }
            if named.user.is_none() && !url.username().is_empty() {
                named.user = Some(self.decoded(url.username())?);
                named.password = url.password().map(|password| self.decoded(password)).transpose()?;
            }
            if url.set_username("").and_then(|()| url.set_password(None)).is_err() {
                return Err(self.unusable("user and password cannot be told from the host"));
            }
            addresses.push(ServerAddr::from_url(url).map_err(|error| self.unusable(error))?);
        }
        Ok((addresses, named))
    }

    async fn identified(
        &self,
        options: ConnectOptions,
        named: Named,
    ) -> Result<ConnectOptions, MessagingError> {
        if let Some(path) = &self.credentials {
            let text = self.read("credentials file", path).await?;
            return options.credentials(&text).map_err(|error| self.file("credentials file", path, error));
        }
        if let Some(path) = &self.nkey {
            return Ok(options.nkey(self.read("nkey seed", path).await?.trim().to_owned()));
        }
        if let Some(token) = &self.token {
            return Ok(options.token(token.clone()));
        }
        let user = self.user.clone().or(named.user);
        let password = self.password.clone().or(named.password);
        Ok(match (user, password) {
            (Some(user), Some(password)) => options.user_and_password(user, password),
            // As other NATS clients have it: what stands alone before the host is a token.
            (Some(token), None) => options.token(token),
            (None, _) => options,
        })
    }

    async fn read(&self, what: &str, path: &Path) -> Result<String, MessagingError> {
        tokio::fs::read_to_string(path).await.map_err(|error| self.file(what, path, error))
    }

    fn decoded(&self, text: &str) -> Result<String, MessagingError> {
        let decoded = percent_decode_str(text).decode_utf8().map_err(|error| self.unusable(error))?;
        Ok(decoded.into_owned())
    }

    fn unusable(&self, error: impl fmt::Display) -> MessagingError {
        MessagingError::InvalidAddress { address: self.place(), detail: error.to_string() }
    }

    pub(crate) fn file(&self, what: &str, path: &Path, error: impl fmt::Display) -> MessagingError {
        MessagingError::UnusableFile {
            what: what.to_owned(),
            path: path.display().to_string(),
            detail: error.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::NatsOptions;

    fn at(address: &str) -> NatsOptions {
        NatsOptions { address: address.to_owned(), ..NatsOptions::default() }
    }

    #[test]
    fn passwords_are_not_shown() {
        let options = at("nats://shop:s3cret@10.0.0.1:4222, nats://10.0.0.2,t0ken@10.0.0.3");
        assert_eq!(options.place(), "nats://10.0.0.1:4222,nats://10.0.0.2,10.0.0.3");
        let shown = format!("{:?}", NatsOptions { password: Some("s3cret".to_owned()), ..options });
        assert!(!shown.contains("s3cret") && !shown.contains("t0ken"), "{shown}");
    }

    #[test]
    fn addresses_are_used_without_what_is_secret_in_them() {
        let (addresses, named) =
            at("tls://shop:p%40ss@10.0.0.1:4333,nats://10.0.0.2").addresses().expect("both are addresses");
        let shown: Vec<String> = addresses.iter().map(|address| format!("{address:?}")).collect();
        assert!(
            shown.iter().all(|address| !address.contains("p%40ss") && !address.contains("shop")),
            "{shown:?}"
        );
        assert!(addresses[0].tls_required() && addresses[0].port() == 4333);
        assert_eq!((named.user.as_deref(), named.password.as_deref()), (Some("shop"), Some("p@ss")));
    }

    #[test]
    fn an_address_that_is_none_is_named_without_its_password() {
        for wrong in ["nats://shop:s3cret@", "http://shop:s3cret@host", "nats://shop:s3cret@host:port"] {
            let error = at(wrong).addresses().map(|_| ()).expect_err("it is no address").to_string();
            assert!(!error.contains("s3cret"), "{error}");
        }
    }
}

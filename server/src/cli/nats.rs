//! The options of the NATS server that every event is relayed to, and our credentials there. Secrets are best given as environment
//! variables or files: what stands on a command line stands in the list of processes.

use crate::Nats;
use clap::Args;
use daybook_messaging::NatsOptions;
use std::path::PathBuf;

/// Options of the NATS server that every event is relayed to.
#[derive(Args)]
pub(super) struct NatsArgs {
    /// NATS servers with JetStream that are told of every event, separated by commas; tls:// demands TLS
    #[arg(long, env = "DAYBOOK_NATS", value_name = "URL,…", hide_env_values = true)]
    nats: Option<String>,

    /// User at NATS
    #[arg(long, env = "DAYBOOK_NATS_USER", value_name = "NAME", requires = "nats", hide_env_values = true)]
    nats_user: Option<String>,

    /// Password of that user; better given as the variable, which other users of the machine do not see
    #[arg(
        long,
        env = "DAYBOOK_NATS_PASSWORD",
        value_name = "TEXT",
        requires = "nats_user",
        hide_env_values = true
    )]
    nats_password: Option<String>,

    /// Token for NATS, in place of user and password; better given as the variable
    #[arg(
        long,
        env = "DAYBOOK_NATS_TOKEN",
        value_name = "TEXT",
        requires = "nats",
        conflicts_with = "nats_user",
        hide_env_values = true
    )]
    nats_token: Option<String>,

    /// File with the seed of our nkey for NATS
    #[arg(long, env = "DAYBOOK_NATS_NKEY", value_name = "FILE", requires = "nats")]
    nats_nkey: Option<PathBuf>,

    /// Credentials file for NATS (a JWT and its seed)
    #[arg(
        long,
        env = "DAYBOOK_NATS_CREDENTIALS",
        value_name = "FILE",
        requires = "nats",
        conflicts_with = "nats_nkey"
    )]
    nats_credentials: Option<PathBuf>,

    /// Certificates of the authorities to trust for NATS over TLS, in PEM [default: those of the system]
    #[arg(long, env = "DAYBOOK_NATS_CA", value_name = "FILE", requires = "nats")]
    nats_ca: Option<PathBuf>,

    /// Our own certificate for NATS over TLS, in PEM, if the server wants one
    #[arg(long, env = "DAYBOOK_NATS_CERT", value_name = "FILE", requires = "nats_key")]
    nats_cert: Option<PathBuf>,

    /// The key of our own certificate for NATS, in PEM
    #[arg(long, env = "DAYBOOK_NATS_KEY", value_name = "FILE", requires = "nats_cert")]
    nats_key: Option<PathBuf>,

    /// Copies that JetStream keeps of every event: 1, or 3 or 5 on a cluster of at least as many servers
    #[arg(long, env = "DAYBOOK_NATS_REPLICAS", value_name = "N", default_value_t = 1)]
    nats_replicas: usize,
}

impl NatsArgs {
    pub(super) fn options(self) -> Option<Nats> {
        let server = NatsOptions {
            address: self.nats?,
            user: self.nats_user,
            password: self.nats_password,
            token: self.nats_token,
            nkey: self.nats_nkey,
            credentials: self.nats_credentials,
            ca: self.nats_ca,
            certificate: self.nats_cert.zip(self.nats_key),
        };
        Some(Nats { server, replicas: self.nats_replicas })
    }
}

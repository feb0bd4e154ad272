//! What a client may ask of the interface at most, and who may read the whole record.

use crate::auth::AccessMode;
use std::time::Duration;

/// What a client may ask of the server at most.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Of a request's body, and of a line of a bulk request, in bytes.
    pub body_bytes: usize,
    /// How long a body, or the next line of a bulk request, may take to arrive.
    pub body_timeout: Duration,
    /// How long a request's head may take to arrive; also how long a connection may be idle.
    pub header_timeout: Duration,
    /// How long a client may take none of the answer before it is given up; ten times that if it takes very little.
    pub write_timeout: Duration,
    /// How long an answer may take to begin. Longer than the longest wait that a client may ask for.
    pub request_timeout: Duration,
    /// Connections at a time; more are answered 503 at once.
    pub connections: usize,
    /// Those of one client address; none: half of all.
    pub connections_per_client: Option<usize>,
    /// Names that the server answers to beside those of the loopback interface and its own address; `*`: any.
    pub allowed_hosts: Vec<String>,
    /// Origins, such as `https://admin.example`, whose pages may send commands, beside the server's own; `*`: any.
    pub allowed_origins: Vec<String>,
    /// Carts being made and checkouts under way at a time; beyond them new carts are refused.
    pub customers: usize,
    /// How long requests under way may take when the server stops.
    pub drain_timeout: Duration,
    /// How long a node that is to stop says that it is not ready, and serves on, before it takes no more connections.
    pub drain_grace: Duration,
    /// Lines of one bulk request under way at a time.
    pub bulk_concurrency: usize,
    /// Who is let in without a key.
    pub access: AccessMode,
    /// Who may read the whole record and its proofs without a key.
    pub record_for: RecordFor,
    /// Whether stock is taken of SKUs that no product has.
    pub takes_unlisted_stock: bool,
}

/// Who may read the whole record (`/events`, `/audit/…`, `/orders/{id}/proof`) and what counts events (`/metrics`, `/admin/…`,
/// the members of `/readyz`) without a key, where the shop is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecordFor {
    /// Who asks on the server's own machine, over the loopback interface.
    #[default]
    Loopback,
    /// Everybody who can reach the server.
    Anyone,
}

impl Limits {
    /// How many connections one client address may have.
    #[must_use]
    pub fn connections_of_one_client(&self) -> usize {
        self.connections_per_client.unwrap_or(self.connections.div_ceil(2)).clamp(1, self.connections.max(1))
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 1 << 20,
            body_timeout: Duration::from_secs(10),
            header_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(60),
            request_timeout: Duration::from_secs(40),
            connections: 8_192,
            connections_per_client: None,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            customers: 512,
            drain_timeout: Duration::from_secs(20),
            drain_grace: Duration::from_secs(1),
            bulk_concurrency: 256,
            access: AccessMode::default(),
            record_for: RecordFor::Loopback,
            takes_unlisted_stock: false,
        }
    }
}

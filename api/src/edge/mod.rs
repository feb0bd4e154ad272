//! What stands between the listener and a handler: metrics and time limit of a route, admission of customers, memory
//! for bodies, waits and other places that a client holds for long, long reads, the names that are answered, and what is answered to
//! the loopback interface only. Knows nothing of resources.

mod admission;
mod body_budget;
mod client;
mod client_budget;
mod layer;
mod loopback;
mod readers;
mod sites;
mod waits;

pub(crate) use admission::{Admission, Admitted, CustomerPermit};
pub(crate) use body_budget::{BodyBudget, HeldBytes};
pub(crate) use client::{Client, ClientAddress};
pub(crate) use client_budget::{ClientBudget, ClientPermit};

pub(crate) use layer::{FromBulkLine, RouteLayer, RouteMetrics, fallback, method_not_allowed, refused};
pub use loopback::RemotePeer;
pub(crate) use readers::Readers;
pub(crate) use sites::Sites;
pub(crate) use waits::{WaitEnd, Waits};

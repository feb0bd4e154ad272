//! What stands between the listener and a handler: metrics and time limit of a route, admission of customers, memory
//! for bodies, and what is answered to the loopback interface only. Knows nothing of resources.

mod admission;
mod body_budget;
mod layer;
mod loopback;

pub(crate) use admission::{Admission, Admitted, CustomerPermit};
pub(crate) use body_budget::BodyBudget;
pub(crate) use layer::{RouteLayer, RouteMetrics, fallback, method_not_allowed};
pub use loopback::RemotePeer;

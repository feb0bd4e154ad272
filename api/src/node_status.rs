//! What the program around this interface knows of its node. It is asked for by readiness and metrics; how the node
//! does its work stays with the program.

use daybook_engine::Engine;
use serde_json::{Map, Value};

/// The node as `/readyz` and `/metrics` show it.
pub trait NodeStatus: Send + Sync {
    /// What keeps the node from its work, in a sentence each. The read models are asked by the interface itself.
    fn missing(&self) -> Vec<String>;

    /// What the node does at the moment: further members of a ready node's `/readyz`.
    fn shown(&self) -> Map<String, Value>;

    /// The engine that runs the processes, if this node does at the moment.
    fn process_engine(&self) -> Option<Engine>;

    /// All metrics of the process, in the Prometheus text format.
    fn metrics(&self) -> String;
}

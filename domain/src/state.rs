//! The state of any aggregate: what the engine holds in its cache, and what a snapshot keeps.
//!
//! Decides without cqrs-es' event sink: the sink copies every event and takes an async lock that tokio's
//! cooperative budget can make wait in the middle of a decision. What is decided is the same, as a test shows.

use crate::{
    Command, Context, Event, Rejection, cart::Cart, inventory::Inventory, order::Order, payment::Payment,
    product::Product,
};

/// One aggregate, as its events have made it.
#[derive(Debug, Clone, PartialEq)]
pub enum AggregateState {
    Product(Product),
    Cart(Cart),
    Order(Order),
    Inventory(Inventory),
    Payment(Payment),
}

/// A snapshot that today's code cannot take over; the stream is folded from its events instead.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("no aggregate is called {0:?}")]
    UnknownAggregate(String),
    #[error("the snapshot of a {aggregate} does not fit this program's state")]
    Malformed { aggregate: String, source: serde_json::Error },
}

/// Whether a command, an event and a state are of one kind is decided by their stream's name.
const MIXED: &str = "commands and events reach only states of their own aggregate";

impl AggregateState {
    /// The state before the first event; none if no aggregate is called so.
    #[must_use]
    pub fn new(aggregate: &str) -> Option<Self> {
        Some(match aggregate {
            "product" => Self::Product(Product::default()),
            "cart" => Self::Cart(Cart::default()),
            "order" => Self::Order(Order::default()),
            "inventory" => Self::Inventory(Inventory::default()),
            "payment" => Self::Payment(Payment::default()),
            _ => return None,
        })
    }

    #[must_use]
    pub const fn aggregate(&self) -> &'static str {
        match self {
            Self::Product(_) => "product",
            Self::Cart(_) => "cart",
            Self::Order(_) => "order",
            Self::Inventory(_) => "inventory",
            Self::Payment(_) => "payment",
        }
    }

    /// Changes whenever a snapshot written before cannot be read any more, or would mean something else.
    #[must_use]
    pub const fn state_version(&self) -> u32 {
        match self {
            Self::Product(_) => Product::STATE_VERSION,
            Self::Cart(_) => Cart::STATE_VERSION,
            Self::Order(_) => Order::STATE_VERSION,
            Self::Inventory(_) => Inventory::STATE_VERSION,
            Self::Payment(_) => Payment::STATE_VERSION,
        }
    }

    /// Decides, and takes over what was decided. A refusal leaves the state untouched.
    ///
    /// # Panics
    /// If the command is for another kind of aggregate.
    pub fn handle(&mut self, command: Command, context: &Context) -> Result<Vec<Event>, Rejection> {
        macro_rules! decide {
            ($state:expr, $command:expr) => {{
                let events = $state.decide($command, context)?;
                for event in &events {
                    $state.evolve(event);
                }
                Ok(events.into_iter().map(Event::from).collect())
            }};
        }
        match (self, command) {
            (Self::Product(state), Command::Product(_, command)) => decide!(state, command),
            (Self::Cart(state), Command::Cart(_, command)) => decide!(state, command),
            (Self::Order(state), Command::Order(_, command)) => decide!(state, command),
            (Self::Inventory(state), Command::Inventory(_, command)) => decide!(state, command),
            (Self::Payment(state), Command::Payment(_, command)) => decide!(state, command),
            (state, command) => panic!("{MIXED}: {} met {}", state.aggregate(), command.name()),
        }
    }

    /// Takes over an event that was recorded.
    ///
    /// # Panics
    /// If the event is of another kind of aggregate.
    pub fn apply(&mut self, event: &Event) {
        match (self, event) {
            (Self::Product(state), Event::Product(event)) => state.evolve(event),
            (Self::Cart(state), Event::Cart(event)) => state.evolve(event),
            (Self::Order(state), Event::Order(event)) => state.evolve(event),
            (Self::Inventory(state), Event::Inventory(event)) => state.evolve(event),
            (Self::Payment(state), Event::Payment(event)) => state.evolve(event),
            (state, event) => panic!("{MIXED}: {} met {}", state.aggregate(), event.type_name()),
        }
    }

    /// The state as bytes, to be kept together with [`Self::state_version`] and the stream's version.
    #[must_use]
    pub fn to_snapshot(&self) -> Vec<u8> {
        match self {
            Self::Product(state) => serde_json::to_vec(state),
            Self::Cart(state) => serde_json::to_vec(state),
            Self::Order(state) => serde_json::to_vec(state),
            Self::Inventory(state) => serde_json::to_vec(state),
            Self::Payment(state) => serde_json::to_vec(state),
        }
        .expect("states have text keys and no failing serializers")
    }

    /// Reads what [`Self::to_snapshot`] wrote under the same state version.
    pub fn from_snapshot(aggregate: &str, bytes: &[u8]) -> Result<Self, SnapshotError> {
        match aggregate {
            "product" => serde_json::from_slice(bytes).map(Self::Product),
            "cart" => serde_json::from_slice(bytes).map(Self::Cart),
            "order" => serde_json::from_slice(bytes).map(Self::Order),
            "inventory" => serde_json::from_slice(bytes).map(Self::Inventory),
            "payment" => serde_json::from_slice(bytes).map(Self::Payment),
            _ => return Err(SnapshotError::UnknownAggregate(aggregate.to_owned())),
        }
        .map_err(|source| SnapshotError::Malformed { aggregate: aggregate.to_owned(), source })
    }
}

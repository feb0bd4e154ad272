//! Telling others: from the log to NATS JetStream to subscribers.

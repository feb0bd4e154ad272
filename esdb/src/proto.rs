//! The protocol's messages and services, generated of `proto/` by `build.rs`. Nothing is written by hand here.
#![expect(
    unused_qualifications,
    clippy::allow_attributes,
    clippy::allow_attributes_without_reason,
    reason = "generated"
)]

tonic::include_proto!("event_store.client");

pub mod server_features {
    tonic::include_proto!("event_store.client.server_features");
}

pub mod gossip {
    tonic::include_proto!("event_store.client.gossip");
}

pub mod streams {
    tonic::include_proto!("event_store.client.streams");
}

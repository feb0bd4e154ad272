//! What this node says of itself: its methods and its place in a cluster of one. Both are asked before anything else.

use crate::proto::Empty;
use crate::proto::gossip::gossip_server::Gossip;
use crate::proto::gossip::member_info::VNodeState;
use crate::proto::gossip::{ClusterInfo, EndPoint, MemberInfo};
use crate::proto::server_features::server_features_server::ServerFeatures;
use crate::proto::server_features::{SupportedMethod, SupportedMethods};
use crate::recorded::structured;
use std::net::SocketAddr;
use tonic::{Request, Response, Status};
use uuid::Uuid;

/// The version whose protocol this node speaks. Clients take it apart: it needs three numbers.
const SPEAKS: &str = "26.1.0";

/// Answers `ServerFeatures` and `Gossip`.
#[derive(Debug, Clone)]
pub(crate) struct Describe {
    instance: Uuid,
    address: SocketAddr,
}

impl Describe {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { instance: Uuid::new_v4(), address }
    }
}

#[tonic::async_trait]
impl ServerFeatures for Describe {
    async fn get_supported_methods(&self, _: Request<Empty>) -> Result<Response<SupportedMethods>, Status> {
        let method = |service: &str, method: &str, features: &[&str]| SupportedMethod {
            service_name: service.to_owned(),
            method_name: method.to_owned(),
            features: features.iter().map(|&feature| feature.to_owned()).collect(),
        };
        // Names are in lower case, because clients compare them so.
        let methods = vec![
            method("event_store.client.streams.streams", "read", &["position", "events"]),
            method("event_store.client.gossip.gossip", "read", &[]),
            method("event_store.client.server_features.serverfeatures", "getsupportedmethods", &[]),
        ];
        Ok(Response::new(SupportedMethods { methods, event_store_server_version: SPEAKS.to_owned() }))
    }
}

#[tonic::async_trait]
impl Gossip for Describe {
    async fn read(&self, _: Request<Empty>) -> Result<Response<ClusterInfo>, Status> {
        let end_point = EndPoint { address: self.address.ip().to_string(), port: self.address.port().into() };
        let member = MemberInfo {
            instance_id: Some(structured(self.instance)),
            time_stamp: 0,
            state: VNodeState::Leader.into(),
            is_alive: true,
            http_end_point: Some(end_point),
        };
        Ok(Response::new(ClusterInfo { members: vec![member] }))
    }
}

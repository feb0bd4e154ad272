//! The crate `eventstore`, a client that is not ours, reads and follows a log through the endpoint.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use daybook_esdb::Endpoint;
use daybook_event_log::{Append, EventLog, ExpectedVersion, MemoryLog, Metadata, NewEvent, StreamId};
use daybook_subscriptions::CancellationToken;
use eventstore::{
    Client, ReadAllOptions, ReadStreamOptions, StreamPosition, SubscribeToAllOptions,
    SubscribeToStreamOptions,
};
use std::sync::Arc;
use tokio::task::JoinHandle;
use uuid::Uuid;

const ORDER: &str = "order-00000000-0000-0000-0000-000000000001";
const CART: &str = "cart-00000000-0000-0000-0000-000000000002";

struct Node {
    log: Arc<MemoryLog>,
    client: Client,
    stop: CancellationToken,
    serving: JoinHandle<std::io::Result<()>>,
}

impl Node {
    async fn start() -> Self {
        let endpoint = Endpoint::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let (log, stop, address) = (Arc::new(MemoryLog::new()), CancellationToken::new(), endpoint.address());
        let serving = tokio::spawn(endpoint.serve(log.clone(), stop.clone()));
        let client = Client::new(format!("esdb://{address}?tls=false").parse().unwrap()).unwrap();
        Self { log, client, stop, serving }
    }

    async fn record(&self, stream: &str, types: &[&'static str]) {
        let events = types
            .iter()
            .map(|&event_type| NewEvent {
                event_id: Uuid::new_v4(),
                event_type: event_type.into(),
                schema_version: 1,
                metadata: Metadata { correlation_id: Uuid::from_u128(7), ..Metadata::default() },
                payload: br#"{"a":1}"#.as_slice().into(),
            })
            .collect();
        let append =
            Append { stream: StreamId::parse(stream).unwrap(), expected: ExpectedVersion::Any, events };
        self.log.append(vec![append]).await.unwrap()[0].as_ref().unwrap();
    }

    async fn read(&self, stream: &str, options: ReadStreamOptions) -> Vec<(u64, String)> {
        let mut read = self.client.read_stream(stream, &options).await.unwrap();
        let mut seen = Vec::new();
        while let Some(event) = read.next().await.unwrap() {
            let event = event.get_original_event();
            seen.push((event.revision, event.event_type.clone()));
        }
        seen
    }

    async fn read_all(&self, options: ReadAllOptions) -> Vec<u64> {
        let mut read = self.client.read_all(&options).await.unwrap();
        let mut seen = Vec::new();
        while let Some(event) = read.next().await.unwrap() {
            seen.push(event.get_original_event().position.commit);
        }
        seen
    }
}

fn named(seen: &[(u64, &str)]) -> Vec<(u64, String)> {
    seen.iter().map(|(revision, name)| (*revision, (*name).to_owned())).collect()
}

#[tokio::test]
async fn a_stream_is_read_both_ways_and_from_a_revision() {
    let node = Node::start().await;
    node.record(ORDER, &["A", "B", "C"]).await;
    let options = ReadStreamOptions::default;
    assert_eq!(node.read(ORDER, options()).await, named(&[(0, "A"), (1, "B"), (2, "C")]));
    let backwards = options().backwards().position(StreamPosition::End).max_count(2);
    assert_eq!(node.read(ORDER, backwards).await, named(&[(2, "C"), (1, "B")]));
    let from = options().position(StreamPosition::Position(1));
    assert_eq!(node.read(ORDER, from).await, named(&[(1, "B"), (2, "C")]));
    let missing = node.client.read_stream(CART, &options()).await;
    let missing = match missing {
        Ok(mut read) => read.next().await.map(|_| ()),
        Err(error) => Err(error),
    };
    assert!(matches!(missing, Err(eventstore::Error::ResourceNotFound)), "{missing:?}");
}

#[tokio::test]
async fn all_is_read_over_several_pages_both_ways() {
    let node = Node::start().await;
    for _ in 0..300 {
        node.record(ORDER, &["A"]).await;
        node.record(CART, &["B"]).await;
    }
    let everything = node.read_all(ReadAllOptions::default()).await;
    assert_eq!(everything, (1..=600).collect::<Vec<_>>());
    let backwards = ReadAllOptions::default().backwards().position(StreamPosition::End);
    assert_eq!(node.read_all(backwards).await, (1..=600).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn what_was_recorded_is_shown_as_it_is() {
    let node = Node::start().await;
    node.record(ORDER, &["A"]).await;
    let mut read = node.client.read_stream(ORDER, &ReadStreamOptions::default()).await.unwrap();
    let event = read.next().await.unwrap().unwrap();
    let event = event.get_original_event();
    assert_eq!(
        (event.stream_id.as_str(), event.is_json, event.data.as_ref()),
        (ORDER, true, br#"{"a":1}"#.as_slice())
    );
    let stored = node.log.find(event.id).await.unwrap().unwrap();
    assert_eq!(stored.event_type(), "A");
    let metadata: serde_json::Value = serde_json::from_slice(&event.custom_metadata).unwrap();
    assert_eq!(metadata["$correlationId"], Uuid::from_u128(7).to_string());
}

#[tokio::test]
async fn subscriptions_begin_behind_their_checkpoint_and_go_on_with_what_comes() {
    let node = Node::start().await;
    node.record(ORDER, &["A", "B"]).await;
    let after = SubscribeToStreamOptions::default().start_from(StreamPosition::Position(0));
    let mut stream = node.client.subscribe_to_stream(ORDER, &after).await;
    let mut all =
        node.client.subscribe_to_all(&SubscribeToAllOptions::default().position(StreamPosition::End)).await;
    assert_eq!(stream.next().await.unwrap().get_original_event().event_type, "B");
    // From the end, only what comes is seen. Since nobody hears when the subscription stands, events come until it has one;
    // waiting for it is not cut short, because the client would subscribe anew.
    let first = tokio::select! {
        event = all.next() => event.unwrap(),
        () = async { loop { node.record(CART, &["C"]).await; tokio::time::sleep(std::time::Duration::from_millis(50)).await } } => unreachable!(),
    };
    assert_eq!(first.get_original_event().event_type, "C");
    node.record(ORDER, &["D"]).await;
    let event = stream.next().await.unwrap();
    assert_eq!(
        (event.get_original_event().revision, event.get_original_event().event_type.as_str()),
        (2, "D")
    );
}

#[tokio::test]
async fn a_subscription_ends_with_an_error_when_the_node_stops() {
    let node = Node::start().await;
    node.record(ORDER, &["A"]).await;
    let mut all = node.client.subscribe_to_all(&SubscribeToAllOptions::default()).await;
    assert_eq!(all.next().await.unwrap().get_original_event().event_type, "A");
    node.stop.cancel();
    assert!(all.next().await.is_err());
    node.serving.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_is_not_served_is_said_and_the_node_goes_on() {
    let node = Node::start().await;
    node.record(ORDER, &["A"]).await;
    let refused = node
        .client
        .append_to_stream(ORDER, &Default::default(), eventstore::EventData::binary("X", Vec::new().into()))
        .await;
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(node.read_all(ReadAllOptions::default()).await, [1]);
    let open = Endpoint::bind("0.0.0.0:0".parse().unwrap()).await.unwrap_err().to_string();
    assert!(open.contains("loopback"), "{open}");
}

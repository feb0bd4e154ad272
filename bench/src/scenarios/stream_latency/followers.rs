//! Another program that follows the shop over NATS, as any program could: an ordered JetStream consumer.

use anyhow::{Context as _, ensure};
use async_nats::jetstream::{
    self,
    consumer::{DeliverPolicy, pull::OrderedConfig},
};
use daybook_messaging::{POSITION_HEADER, STREAM_NAME};
use futures::StreamExt as _;
use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::sync::watch;

/// Notes when each event came.
pub(super) struct Follower {
    last: watch::Receiver<u64>,
    came: Rc<RefCell<Came>>,
}

#[derive(Default)]
struct Came {
    /// By position − 1.
    at: Vec<Instant>,
    /// The first that came twice or out of order.
    wrong: Option<(u64, u64)>,
}

impl Follower {
    pub(super) async fn start(url: &str) -> anyhow::Result<Self> {
        let client = async_nats::connect(url).await?;
        let stream = jetstream::new(client).get_stream(STREAM_NAME).await.context("the shop's stream")?;
        let config = OrderedConfig { deliver_policy: DeliverPolicy::All, ..OrderedConfig::default() };
        let mut messages = stream.create_consumer(config).await?.messages().await?;
        let (sender, last) = watch::channel(0);
        let came: Rc<RefCell<Came>> = Rc::default();
        let noted = came.clone();
        tokio::task::spawn_local(async move {
            while let Some(Ok(message)) = messages.next().await {
                let header = message.headers.as_ref().and_then(|headers| headers.get(POSITION_HEADER));
                let position: u64 = header.and_then(|text| text.as_str().parse().ok()).unwrap_or(0);
                let mut came = noted.borrow_mut();
                came.at.push(Instant::now());
                let expected = came.at.len() as u64;
                if position != expected && came.wrong.is_none() {
                    came.wrong = Some((position, expected));
                }
                sender.send_replace(position);
            }
        });
        Ok(Self { last, came })
    }

    /// When the event at `position` came; waits for it.
    pub(super) async fn has(&self, position: u64) -> anyhow::Result<Instant> {
        let mut last = self.last.clone();
        let wait = last.wait_for(|last| *last >= position);
        tokio::time::timeout(Duration::from_secs(60), wait)
            .await
            .context("an event did not come over NATS")??;
        let came = self.came.borrow();
        came.at.get(usize::try_from(position)? - 1).copied().context("an event was left out")
    }

    /// Every event up to `head` came once and in order.
    pub(super) fn whole(&self, head: u64) -> anyhow::Result<()> {
        let came = self.came.borrow();
        ensure!(came.wrong.is_none(), "instead of the event expected came another: {:?}", came.wrong);
        ensure!(
            came.at.len() as u64 == head,
            "{} events came over NATS, {head} are in the log",
            came.at.len()
        );
        Ok(())
    }
}

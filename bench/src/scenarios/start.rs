//! Start on a large log: from starting the program until it is ready to serve, with read models in place.

use super::Effort;
use crate::{
    machine,
    report::Report,
    server::{self, Server},
    shop,
};
use bytes::Bytes;
use daybook_domain::{Event, Quantity, inventory::StockReceived};
use daybook_event_log::{
    Append, EmbeddedLog, EmbeddedOptions, EventLog, ExpectedVersion, Metadata, NewEvent, StreamId,
};
use std::{collections::VecDeque, path::Path, time::Duration};
use uuid::Uuid;

const SKUS: u64 = 200_000;

pub(super) async fn run(effort: Effort) -> anyhow::Result<Report> {
    let folder = server::folder()?;
    let data = folder.path().join("shop");
    let events = effort.scale(10_000_000);
    // An empty shop first, so that the folder is a data directory.
    drop(Server::start(&data).await?.0);
    fill(&data.join("log"), events).await?;
    // The first start builds the read models; the ones measured find them.
    let (server, first) = Server::start(&data).await?;
    shop::settle(&server).await?;
    drop(server);
    let mut starts = Vec::new();
    let mut rss = 0;
    for _ in 0..5 {
        let (server, took) = Server::start(&data).await?;
        rss = machine::process(server.pid()).map_or(0, |(rss, _)| rss);
        let head = shop::head(&mut server.client().await?).await?;
        anyhow::ensure!(head >= events, "the server is ready at {head} of {events} events");
        starts.push(took);
    }
    starts.sort_unstable();
    let ms = |duration: Duration| duration.as_secs_f64() * 1_000.0;
    let mut report = Report::bare("start", "starts", true, 1_000.0 / ms(starts[2]));
    (report.p50_ms, report.p99_ms, report.p999_ms, report.max_ms) =
        (ms(starts[2]), ms(starts[4]), ms(starts[4]), ms(starts[4]));
    report.add("events", events);
    report.add("first_start_with_rebuild_ms", ms(first));
    report.add("server_rss_mib", rss);
    Ok(report)
}

/// Deliveries for many SKUs, as the engine would have written them.
async fn fill(folder: &Path, events: u64) -> anyhow::Result<()> {
    let log = EmbeddedLog::open(folder, EmbeddedOptions::default())?;
    let mut waiting = VecDeque::new();
    for first in (0..events).step_by(2_000) {
        let group = (first..events.min(first + 2_000)).map(delivery).collect::<anyhow::Result<Vec<_>>>()?;
        waiting.push_back(log.append(group));
        if waiting.len() > 4
            && let Some(answer) = waiting.pop_front()
        {
            answer.await?.into_iter().collect::<Result<Vec<_>, _>>()?;
        }
    }
    for answer in waiting {
        answer.await?.into_iter().collect::<Result<Vec<_>, _>>()?;
    }
    log.close().await?;
    Ok(())
}

fn delivery(number: u64) -> anyhow::Result<Append> {
    let sku = shop::sku(number % SKUS);
    let event = Event::from(daybook_domain::inventory::InventoryEvent::StockReceived(StockReceived {
        sku: sku.parse()?,
        location: "MAIN".parse()?,
        quantity: Quantity::new(10)?,
        reference: Some(format!("delivery {number}")),
        on_hand: i64::try_from(10 * (number / SKUS + 1))?,
    }));
    let event = NewEvent {
        event_id: Uuid::from_u64_pair(0x0199_0000_0000_7000, number | 1 << 63),
        event_type: event.type_name().into(),
        schema_version: event.schema_version(),
        metadata: Metadata { occurred_at_ns: 1_700_000_000_000_000_000, ..Metadata::default() },
        payload: Bytes::from(event.encode()),
    };
    Ok(Append {
        stream: StreamId::new("inventory", sku)?,
        expected: ExpectedVersion::Any,
        events: vec![event],
    })
}

//! Products and their stock, written into a log as the engine would have written them: the domain decides on the
//! commands, and ids, metadata and payloads are of the engine's kind and size. A hundred times faster than asking a
//! server, and the same records.

use super::Articles;
use crate::shop;
use anyhow::Context as _;
use bytes::Bytes;
use daybook_domain::{
    Actor, AggregateState, Command, Context, ProductId, Quantity, Sku, Timestamp,
    inventory::{InventoryCommand, ReceiveStock},
    product::{ClaimedSkus, ProductCommand, ProductStatus, PutProduct},
    skuowner::{ClaimSku, SkuClaim, SkuOwnerCommand},
};
use daybook_event_log::{
    Append, EmbeddedLog, EmbeddedOptions, EventLog, ExpectedVersion, Metadata, NewEvent, StreamId,
};
use std::{collections::VecDeque, path::Path};
use uuid::Uuid;

/// Products of one group commit.
const GROUP: u64 = 500;
/// Groups under way at once.
const UNDER_WAY: usize = 4;
/// 2026-01-01, so that a shop made twice is the same twice.
const AT_NS: i64 = 1_767_225_600_000_000_000;
pub(super) const STOCK: u32 = 900_000;

/// Appends products 0 to `count` and a delivery of each.
pub(super) async fn products(folder: &Path, count: u64) -> anyhow::Result<()> {
    let log = EmbeddedLog::open(folder, EmbeddedOptions::default())?;
    let articles = Articles::get()?;
    let context = Context { now: Timestamp::from_nanos(AT_NS), actor: Actor::System("benchmark".to_owned()) };
    let mut waiting = VecDeque::new();
    for first in (0..count).step_by(usize::try_from(GROUP)?) {
        let mut group = Vec::with_capacity(3 * usize::try_from(GROUP)?);
        for number in first..count.min(first + GROUP) {
            for (kind, command) in commands(articles, number)?.into_iter().enumerate() {
                group.push(append(number * 3 + kind as u64, command, &context)?);
            }
        }
        waiting.push_back(log.append(group));
        if waiting.len() > UNDER_WAY
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

fn commands(articles: &Articles, number: u64) -> anyhow::Result<[Command; 3]> {
    let product_id: ProductId = format!("P{number}").parse()?;
    let (spec, status) = (articles.product(number)?, ProductStatus::Published);
    let sku: Sku = shop::sku(number).parse()?;
    let claim = SkuClaim { product_id: product_id.clone(), product_version: 0 };
    let claim = SkuOwnerCommand::ClaimSku(ClaimSku { sku: sku.clone(), claim, replaces: None });
    let claimed = Some(ClaimedSkus { skus: vec![sku.clone()], product_version: 0 });
    let put =
        ProductCommand::PutProduct(PutProduct { product_id: product_id.clone(), spec, status, claimed });
    let receive = InventoryCommand::ReceiveStock(ReceiveStock {
        sku: sku.clone(),
        location: "MAIN".parse()?,
        quantity: Quantity::new(STOCK)?,
        reference: Some(format!("delivery {number}")),
    });
    Ok([
        Command::SkuOwner(sku.clone(), claim),
        Command::Product(product_id, put),
        Command::Inventory(sku, receive),
    ])
}

/// What the domain decides on `command`, the first of its stream.
fn append(number: u64, command: Command, context: &Context) -> anyhow::Result<Append> {
    let stream = StreamId::parse(&command.stream_name())?;
    let mut state = AggregateState::new(command.aggregate()).context("a known aggregate")?;
    let events = state.handle(command, context)?;
    let command_id = Uuid::from_u64_pair(0x0199_0000_0000_7000, number | 1 << 63);
    let metadata = Metadata {
        occurred_at_ns: AT_NS,
        command_id,
        correlation_id: command_id,
        causation_id: command_id,
        request_hash: number.wrapping_mul(0x9e37_79b9_7f4a_7c15),
        actor: context.actor.to_string(),
    };
    let events = events.iter().enumerate().map(|(index, event)| NewEvent {
        event_id: Uuid::from_u64_pair(0x0199_0000_0000_8000 | index as u64, number | 1 << 63),
        event_type: event.type_name().into(),
        schema_version: event.schema_version(),
        metadata: metadata.clone(),
        payload: Bytes::from(event.encode()),
    });
    Ok(Append { stream, expected: ExpectedVersion::NoStream, events: events.collect() })
}

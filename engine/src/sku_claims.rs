//! Puts products: the SKUs that a product begins to offer are claimed in their own streams before the event that lists
//! them, so that of two products that want a SKU one is refused by name, on any number of nodes.
//!
//! The product says which SKUs have to be claimed, at which of its versions, and accepts the claims at that version
//! only. So a claim can be told to be over by looking at the product that made it: it has gone on, and does not offer
//! the SKU. Only where the product stands still it is not known whether it is about to list the SKU or whether the program
//! stopped between the two steps; then time decides.

use crate::{CommandError, CommandRequest, Engine, Outcome, shard::load_all, shared::EngineShared};
use daybook_domain::{
    AggregateState, Command, Decider, ProductId, Rejection, Sku,
    product::{ClaimedSkus, Product, ProductCommand, ProductRejection},
    skuowner::{ClaimSku, SkuClaim, SkuOwner, SkuOwnerCommand, SkuOwnerRejection},
};
use daybook_event_log::StreamId;
use futures::future::try_join_all;
use uuid::Uuid;

/// How often it is tried again because something changed meanwhile.
const ATTEMPTS: u32 = 5;
/// After this time a claim that led to nothing counts as left behind: several times as long as a command may wait for
/// its turn.
const LEFT_BEHIND_AFTER_NS: i64 = 120_000_000_000;

/// The product that the command puts, if it puts one.
pub(crate) const fn product_put(command: &Command) -> Option<&ProductId> {
    match command {
        Command::Product(id, ProductCommand::PutProduct(_)) => Some(id),
        _ => None,
    }
}

/// Executes a `PutProduct`.
pub(crate) async fn put_product(
    engine: &Engine,
    shared: &EngineShared,
    product_id: ProductId,
    request: CommandRequest,
) -> Result<Outcome, CommandError> {
    let mut next = request.clone();
    for _ in 0..ATTEMPTS {
        let answer = engine.submit(next).await;
        let Err(CommandError::Rejected(Rejection::Product(ProductRejection::SkusNotClaimed {
            skus,
            product_version,
        }))) = answer
        else {
            return answer;
        };
        let claim = SkuClaim { product_id: product_id.clone(), product_version };
        let claims = skus.iter().map(|sku| claim_sku(engine, shared, &request, sku, &claim));
        try_join_all(claims).await?;
        next = request.clone();
        if let Command::Product(_, ProductCommand::PutProduct(put)) = &mut next.command {
            put.claimed = Some(ClaimedSkus { skus, product_version });
        }
    }
    Err(contended(stream::<Product>(&product_id)?))
}

async fn claim_sku(
    engine: &Engine,
    shared: &EngineShared,
    request: &CommandRequest,
    sku: &Sku,
    claim: &SkuClaim,
) -> Result<(), CommandError> {
    let mut replaces = None;
    let or_itself = |id: Uuid| if id.is_nil() { request.command_id } else { id };
    for _ in 0..ATTEMPTS {
        let command = ClaimSku { sku: sku.clone(), claim: claim.clone(), replaces: replaces.take() };
        let command = Command::SkuOwner(sku.clone(), SkuOwnerCommand::ClaimSku(command));
        let answer = engine.submit(CommandRequest {
            expected_version: None,
            occurred_at: request.occurred_at,
            correlation_id: or_itself(request.correlation_id),
            causation_id: request.command_id,
            deadline: request.deadline,
            priority: request.priority,
            // Not derived: a claim that was made once may be over, so that its repetition would prove nothing.
            ..CommandRequest::new(command, Uuid::now_v7(), request.actor.clone())
        });
        let refused = match answer.await {
            Ok(_) => return Ok(()),
            Err(refused) => refused,
        };
        let CommandError::Rejected(Rejection::SkuOwner(SkuOwnerRejection::SkuTaken {
            product_id,
            product_version,
            ..
        })) = &refused
        else {
            return Err(refused);
        };
        let other = SkuClaim { product_id: product_id.clone(), product_version: *product_version };
        if !is_over(shared, sku, &other).await? {
            return Err(refused);
        }
        replaces = Some(other);
    }
    Err(contended(stream::<SkuOwner>(sku)?))
}

const fn contended(stream: StreamId) -> CommandError {
    CommandError::Contended { stream, attempts: ATTEMPTS }
}

fn stream<D: Decider>(id: &D::Id) -> Result<StreamId, CommandError> {
    StreamId::new(D::NAME, id).map_err(|error| CommandError::Invalid { reason: error.to_string() })
}

/// Whether the product that made the claim neither offers the SKU nor will do so by this claim.
async fn is_over(shared: &EngineShared, sku: &Sku, claim: &SkuClaim) -> Result<bool, CommandError> {
    let product = stream::<Product>(&claim.product_id)?;
    let loaded = load_all(&shared.log, &shared.snapshots, vec![product], 0).await;
    for (_, product) in loaded {
        let product = product?;
        let AggregateState::Product(state) = &product.state else { continue };
        if state.offers(sku) {
            return Ok(false);
        }
        if product.version.get() > claim.product_version {
            return Ok(true);
        }
    }
    left_behind(shared, sku).await
}

/// Whether the last claim of the SKU was made so long ago that nobody is about to list it.
async fn left_behind(shared: &EngineShared, sku: &Sku) -> Result<bool, CommandError> {
    let stream = stream::<SkuOwner>(sku)?;
    let last = shared.log.stream_version(&stream).await?;
    let claimed = shared.log.read_stream(&stream, last, 1).await?;
    let now = shared.options.clock.now().as_nanos();
    Ok(claimed.first().is_some_and(|event| now.saturating_sub(event.recorded_at_ns()) > LEFT_BEHIND_AFTER_NS))
}

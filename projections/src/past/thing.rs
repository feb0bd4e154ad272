//! What can be shown as it was, and the JSON it is shown in.

use super::{Past, PastError};
use crate::Row;
use daybook_domain::{CartId, OrderId, PaymentId, ProductId, Sku};
use daybook_event_log::{EventLog, InvalidStreamId, Position, StreamId, Version};
use serde::Deserialize;

/// One thing of the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Thing {
    Order(OrderId),
    Stock(Sku),
    Cart(CartId),
    Product(ProductId),
    Payment(PaymentId),
}

/// A thing as it was, in the JSON that the interface shows it in today.
#[derive(Debug, Clone)]
pub struct Shown {
    pub json: Vec<u8>,
    /// Its version then.
    pub version: u64,
    /// The log position of its last change then.
    pub position: u64,
}

/// What every view ends with.
#[derive(Deserialize)]
struct Tail {
    version: u64,
    position: u64,
}

impl Thing {
    /// What people call it.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Order(_) => "order",
            Self::Stock(_) => "stock",
            Self::Cart(_) => "cart",
            Self::Product(_) => "product",
            Self::Payment(_) => "payment",
        }
    }

    /// The stream that makes it.
    pub fn stream(&self) -> Result<StreamId, InvalidStreamId> {
        match self {
            Self::Order(id) => StreamId::new("order", id),
            Self::Stock(sku) => StreamId::new("inventory", sku),
            Self::Cart(id) => StreamId::new("cart", id),
            Self::Product(id) => StreamId::new("product", id),
            Self::Payment(id) => StreamId::new("payment", id),
        }
    }

    /// Where its story begins, for somebody who asked for a point before that; none if there is no such thing.
    pub async fn begins(&self, log: &dyn EventLog) -> Result<Option<Position>, PastError> {
        let first = log.read_stream(&self.stream()?, Version::new(1), 1).await?;
        Ok(first.first().map(|event| event.position()))
    }
}

impl Past<'_> {
    /// The thing as it was; none if there was none yet.
    pub async fn show(&self, thing: &Thing) -> Result<Option<Shown>, PastError> {
        let row = match thing {
            Thing::Order(id) => self.order(*id).await?,
            Thing::Stock(sku) => self.stock(sku).await?,
            Thing::Product(id) => self.product(id).await?,
            Thing::Payment(id) => self.payment(*id).await?,
            Thing::Cart(id) => {
                let Some(page) = self.cart_page(*id).await? else { return Ok(None) };
                let (version, position) = (page.cart.version, page.cart.position);
                return Ok(Some(Shown { json: page.to_json(), version, position }));
            }
        };
        row.map(shown).transpose()
    }
}

fn shown(row: Row) -> Result<Shown, PastError> {
    let Tail { version, position } = row.parse()?;
    Ok(Shown { json: row.json().to_vec(), version, position })
}

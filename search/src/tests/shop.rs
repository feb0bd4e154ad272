//! A small shop to search in: feeds events to a projection as the runner would, and reads the answers.

use super::super::{Search, SearchConfig, SearchError, SearchPage, SearchProjection, SearchRequest};
use daybook_domain::{
    Event, Money, ProductId, Quantity, Sku,
    inventory::{InventoryEvent, StockCounted},
    product::{
        AttributeValue, PricesChanged, ProductArchived, ProductCreated, ProductEvent, ProductPublished,
        ProductRevised, ProductSpec, ProductStatus, SkuPrices, Variant,
    },
};
use daybook_event_log::Position;
use daybook_projections::Flush;
use daybook_read_store::Checkpoint;
use std::{collections::BTreeMap, path::Path};

pub(super) struct Shop {
    pub(super) projection: SearchProjection,
    pub(super) position: u64,
}

pub(super) fn id(text: &str) -> ProductId {
    text.parse().unwrap()
}

pub(super) fn sku(text: &str) -> Sku {
    text.parse().unwrap()
}

pub(super) fn gbp(minor: i64) -> Money {
    Money::new(minor, "GBP".parse().unwrap())
}

/// A product with one variant, whose SKU is the product's id.
pub(super) fn spec(name: &str, title: &str, brand: &str, category: &[&str], price: i64) -> ProductSpec {
    ProductSpec {
        title: title.to_owned(),
        description: String::new(),
        brand: (!brand.is_empty()).then(|| brand.to_owned()),
        category: category.iter().map(|&name| name.to_owned()).collect(),
        attributes: BTreeMap::new(),
        media: Vec::new(),
        variants: vec![Variant {
            sku: sku(name),
            options: BTreeMap::new(),
            prices: vec![gbp(price)],
            barcodes: Vec::new(),
        }],
        tax_class: None,
    }
}

pub(super) fn with(mut spec: ProductSpec, key: &str, value: AttributeValue) -> ProductSpec {
    spec.attributes.insert(key.to_owned(), value);
    spec
}

pub(super) fn text(value: &str) -> AttributeValue {
    AttributeValue::Text(value.to_owned())
}

pub(super) fn created(name: &str, spec: ProductSpec) -> Event {
    ProductCreated { product_id: id(name), status: ProductStatus::Published, spec }.into_event()
}

pub(super) fn counted(name: &str, on_hand: i64) -> Event {
    let location = "LDN".parse().unwrap();
    Event::Inventory(InventoryEvent::StockCounted(StockCounted {
        sku: sku(name),
        location,
        previous: 0,
        on_hand,
    }))
}

pub(super) fn quantity(units: u32) -> Quantity {
    Quantity::new(units).unwrap()
}

/// Wraps a product event.
pub(super) trait IntoEvent {
    fn into_event(self) -> Event;
}

macro_rules! product_events {
    ($($name:ident),+) => {
        $(impl IntoEvent for $name {
            fn into_event(self) -> Event {
                Event::Product(ProductEvent::$name(self))
            }
        })+
    };
}
product_events!(ProductCreated, ProductRevised, PricesChanged, ProductPublished, ProductArchived);

pub(super) fn repriced(name: &str, minor: i64) -> Event {
    let prices = |minor| vec![SkuPrices { sku: sku(name), prices: vec![gbp(minor)] }];
    PricesChanged { product_id: id(name), changed: prices(minor), previous: prices(0) }.into_event()
}

/// Small caches and buffers; tests commit by hand.
pub(super) fn config() -> SearchConfig {
    SearchConfig { writer_memory_bytes: 15 << 20, commit_interval_ms: 3_600_000, ..Default::default() }
}

impl Shop {
    pub(super) fn open(dir: &Path) -> Self {
        let projection = SearchProjection::open(dir, &config(), Search::default()).unwrap();
        let position = projection.index().position().get();
        Self { projection, position }
    }

    /// Takes events without committing.
    pub(super) fn feed(&mut self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.position += 1;
            self.projection.take(self.position, &event).unwrap();
        }
        self.projection.flush_to(at(self.position), Flush::WhenDue).unwrap();
        daybook_projections::Projection::committed(&mut self.projection);
    }

    /// Takes events and commits.
    pub(super) fn record(&mut self, events: impl IntoIterator<Item = Event>) {
        self.feed(events);
        self.projection.flush_to(at(self.position), Flush::Now).unwrap();
    }

    pub(super) fn search(&self, request: &SearchRequest) -> Result<SearchPage, SearchError> {
        let answer = self.projection.index().search(request)?;
        Ok(serde_json::from_slice(&answer.body).unwrap())
    }

    /// The page for words alone.
    pub(super) fn find(&self, q: &str) -> SearchPage {
        self.search(&SearchRequest { q: q.to_owned(), ..Default::default() }).unwrap()
    }

    /// The ids found by words alone, best first.
    pub(super) fn ids(&self, q: &str) -> Vec<String> {
        ids(&self.find(q))
    }
}

pub(super) fn ids(page: &SearchPage) -> Vec<String> {
    page.hits.iter().map(|hit| hit.id.to_string()).collect()
}

/// A checkpoint at `position`, of a log that nobody asks for.
pub(super) fn at(position: u64) -> Checkpoint {
    Checkpoint { position: Position::new(position), ..Checkpoint::default() }
}

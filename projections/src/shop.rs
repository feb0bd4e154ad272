//! The shop's own read models: which there are, and how to ask them.

use crate::{
    Definition, Live, Options, ReadModels, Row, RunnerError, StoreError,
    cart::{CartProjection, Carts},
    catalog::Catalog,
    order::{OrderProjection, Orders},
    payment::{PaymentProjection, Payments},
    search::Search,
    stock::{Stock, StockProjection},
};
use daybook_event_log::{EventLog, Position};
use std::{path::Path, sync::Arc};

/// The queries of the shop's read models.
#[derive(Clone)]
pub(crate) struct Shop {
    catalog: Catalog,
    carts: Carts,
    orders: Orders,
    stock: Stock,
    payments: Payments,
    search: Option<Search>,
}

impl ReadModels {
    /// Opens the shop's read models in `dir`, which is made if it is not there. They answer from what is
    /// there; nothing moves until [`ReadModels::start`].
    pub fn open(dir: &Path, options: Options) -> Result<Self, StoreError> {
        Self::open_with(dir, options, Vec::new())
    }

    /// The same with further projections beside the shop's own.
    pub fn open_with(dir: &Path, options: Options, more: Vec<Definition>) -> Result<Self, StoreError> {
        let (catalog, ask_catalog) = Catalog::define();
        let (search, searching) = match options.search.clone() {
            Some(config) => {
                let search = Search::default();
                let definition = search.definition(config);
                (Some(search), Some(definition))
            }
            None => (None, None),
        };
        let own = [
            catalog,
            Definition::new(|_| Ok(CartProjection::default())),
            Definition::new(|_| Ok(OrderProjection::default())),
            Definition::new(|_| Ok(StockProjection::default())),
            Definition::new(|_| Ok(PaymentProjection::default())),
        ];
        Self::assemble(
            dir,
            options,
            own.into_iter().chain(searching).chain(more).collect(),
            |live: &dyn Fn(&str) -> Live| Shop {
                catalog: ask_catalog(live("catalog")),
                carts: Carts { live: live("cart") },
                orders: Orders { live: live("order") },
                stock: Stock { live: live("stock") },
                payments: Payments { live: live("payment") },
                search,
            },
        )
    }

    /// The shop's read models (without search) as they were after `until` (or are at the log's end), filled
    /// into `dir`: another directory than the one that is kept current.
    pub async fn replay(
        log: Arc<dyn EventLog>,
        until: Option<Position>,
        dir: &Path,
    ) -> Result<Self, RunnerError> {
        let models = Self::open(dir, Options { search: None, ..Options::default() })?;
        models.catch_up(&log, until).await?;
        Ok(models)
    }

    /// Every row of a read model as stored, by key: to compare two fillings. Needs no running.
    pub fn rows(&self, name: &str) -> Result<Vec<(Vec<u8>, Row)>, RunnerError> {
        let Some(generation) = self.seat(name)?.live.current() else { return Ok(Vec::new()) };
        Ok(generation.all()?)
    }

    /// Products, offers and prices.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        &self.inner.shop.catalog
    }

    #[must_use]
    pub fn carts(&self) -> &Carts {
        &self.inner.shop.carts
    }

    #[must_use]
    pub fn orders(&self) -> &Orders {
        &self.inner.shop.orders
    }

    /// Stock and what moved it.
    #[must_use]
    pub fn stock(&self) -> &Stock {
        &self.inner.shop.stock
    }

    /// None where [`Options::search`] is.
    #[must_use]
    pub fn search(&self) -> Option<&Search> {
        self.inner.shop.search.as_ref()
    }

    #[must_use]
    pub fn payments(&self) -> &Payments {
        &self.inner.shop.payments
    }
}

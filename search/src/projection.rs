//! The write side's front: events in, rows and index entries out. Runs on the runner's thread.

use super::{
    Search, SearchConfig, SearchIndexError,
    availability::Availability,
    index::SearchIndex,
    names::Names,
    row::{ProductRow, SkuRow},
    rows::Rows,
    schema::FORMAT,
    writer::{Commit, SearchWriter},
};
use ahash::AHashSet;
use daybook_domain::{
    Event, Interests, ProductId, Sku,
    inventory::{Inventory, InventoryEvent},
    product::{Product, ProductEvent, ProductSpec, ProductStatus},
};
use daybook_event_log::Position;
use daybook_projections::{ApplyError, DecodedEvent, Flush, Projection};
use daybook_read_store::{Checkpoint, StoreError, Tx};
use parking_lot::RwLock;
use std::{
    fs,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

/// Stale products that are not kept waiting for the timer: they cost memory.
const MAX_STALE: usize = 20_000;
/// Committing may take this share of the time at most, one part in so many.
const COMMIT_SHARE: u32 = 4;
const ROWS_INTERVAL: Duration = Duration::from_secs(1);

/// Follows product and inventory events into a search index.
pub struct SearchProjection {
    rows: Rows,
    writer: SearchWriter,
    index: Arc<SearchIndex>,
    search: Search,
    /// Positions applied since the runner's last commit: after a discarded batch they come again.
    in_batch: AHashSet<u64>,
    applied: Checkpoint,
    commit_interval: Duration,
    last_commit: Instant,
    commit_took: Duration,
    last_rows: Instant,
    rows_changed: bool,
}

impl SearchProjection {
    /// Opens what is in `dir`, or begins there. Indexes what a crash left stale before it returns.
    pub fn open(dir: &Path, config: &SearchConfig, search: Search) -> Result<Self, SearchIndexError> {
        fs::create_dir_all(dir)?;
        let (rows_dir, index_dir) = (dir.join("rows"), dir.join("index"));
        let mut rows = open_rows(&rows_dir)?;
        let (mut writer, commit) = SearchWriter::open(&index_dir, config)?;
        match commit {
            Some(commit) if commit.lineage != rows.lineage => {
                tracing::warn!("the search index belongs to other rows and is made again from these");
                writer.clear()?;
                rows.mark_all_stale()?;
            }
            Some(commit) if commit.position > rows.checkpoint.position.get() => {
                tracing::warn!("the search rows have lost what the index has; both are made again");
                drop(rows);
                fs::remove_dir_all(&rows_dir)?;
                rows = Rows::open(&rows_dir)?;
                writer.clear()?;
            }
            Some(_) => {}
            None => rows.mark_all_stale()?,
        }
        let names = RwLock::new(Names::default());
        let view = writer.view(None, &names)?;
        let checkpoint = rows.checkpoint;
        let index = Arc::new(SearchIndex::new(view, names, config, checkpoint.position));
        let now = Instant::now();
        let mut opened = Self {
            rows,
            writer,
            index,
            search,
            in_batch: AHashSet::new(),
            applied: checkpoint,
            commit_interval: Duration::from_millis(config.commit_interval_ms),
            last_commit: now,
            commit_took: Duration::ZERO,
            last_rows: now,
            rows_changed: false,
        };
        opened.commit()?;
        Ok(opened)
    }

    /// The read side.
    #[must_use]
    pub fn index(&self) -> &Arc<SearchIndex> {
        &self.index
    }

    /// Takes in one event. One that comes again changes nothing: within a batch because the batch was
    /// discarded, later because a parked event's retry was interrupted.
    pub(super) fn take(&mut self, position: u64, event: &Event) -> Result<(), ApplyError> {
        let is_late = position <= self.applied.position.get();
        if (is_late && self.rows.late.contains(&position)) || !self.in_batch.insert(position) {
            return Ok(());
        }
        let result = match event {
            Event::Product(event) => self.product(position, event),
            Event::Inventory(event) => self.inventory(event).map_err(failed),
            _ => return Ok(()),
        };
        self.rows_changed = true;
        if result.is_err() {
            self.in_batch.remove(&position);
        } else if is_late {
            self.rows.late.insert(position);
        }
        result
    }

    fn product(&mut self, position: u64, event: &ProductEvent) -> Result<(), ApplyError> {
        match event {
            ProductEvent::ProductCreated(e) => {
                let (spec, availability) = (e.spec.clone(), Vec::new());
                let row = ProductRow { status: e.status, spec, created: position, availability };
                self.link(&e.product_id, None, Some(&e.spec)).map_err(failed)?;
                *self.rows.change_product(&e.product_id).map_err(failed)? = Some(row);
                self.changed(&e.product_id, false)
            }
            ProductEvent::ProductRevised(e) => {
                let before = self.row(&e.product_id)?.spec.clone();
                self.link(&e.product_id, Some(&before), Some(&e.spec)).map_err(failed)?;
                self.revise(&e.product_id, |row| row.spec = e.spec.clone())
            }
            ProductEvent::PricesChanged(e) => {
                self.revise(&e.product_id, |row| row.set_prices(e.changed.clone()))
            }
            ProductEvent::ProductPublished(e) => self.set_status(&e.product_id, ProductStatus::Published),
            ProductEvent::ProductUnpublished(e) => self.set_status(&e.product_id, ProductStatus::Draft),
            ProductEvent::ProductArchived(e) => self.set_status(&e.product_id, ProductStatus::Archived),
        }
    }

    fn set_status(&mut self, id: &ProductId, status: ProductStatus) -> Result<(), ApplyError> {
        self.revise(id, |row| row.status = status)
    }

    fn revise(&mut self, id: &ProductId, change: impl FnOnce(&mut ProductRow)) -> Result<(), ApplyError> {
        let row = self.row(id)?;
        let was_shown = row.status == ProductStatus::Published;
        change(row);
        self.changed(id, was_shown)
    }

    /// The row, to be changed.
    fn row(&mut self, id: &ProductId) -> Result<&mut ProductRow, ApplyError> {
        if self.rows.product(id).map_err(failed)?.is_none() {
            return Err(ApplyError::missing("product", id));
        }
        let row = self.rows.change_product(id).map_err(failed)?;
        row.as_mut().ok_or_else(|| ApplyError::missing("product", id))
    }

    fn changed(&mut self, id: &ProductId, was_shown: bool) -> Result<(), ApplyError> {
        let availability = self.availability(id).map_err(failed)?;
        let row = self.row(id)?;
        row.availability = availability;
        if was_shown || row.status == ProductStatus::Published {
            self.rows.stale.insert(id.clone());
        }
        Ok(())
    }

    /// Of each variant, in their order.
    fn availability(&mut self, id: &ProductId) -> Result<Vec<Availability>, SearchIndexError> {
        let Some(row) = self.rows.product(id)? else { return Ok(Vec::new()) };
        let skus: Vec<Sku> = row.spec.variants.iter().map(|variant| variant.sku.clone()).collect();
        let mut all = Vec::with_capacity(skus.len());
        for sku in &skus {
            all.push(self.rows.sku(sku)?.map(SkuRow::availability).unwrap_or_default());
        }
        Ok(all)
    }

    /// Notes which SKUs the product no longer sells, and which it does.
    fn link(
        &mut self,
        id: &ProductId,
        before: Option<&ProductSpec>,
        after: Option<&ProductSpec>,
    ) -> Result<(), SearchIndexError> {
        for variant in before.iter().flat_map(|spec| &spec.variants) {
            self.rows.change_sku(&variant.sku)?.owners.retain(|owner| owner != id);
        }
        for variant in after.iter().flat_map(|spec| &spec.variants) {
            let owners = &mut self.rows.change_sku(&variant.sku)?.owners;
            if !owners.contains(id) {
                owners.push(id.clone());
            }
        }
        Ok(())
    }

    fn inventory(&mut self, event: &InventoryEvent) -> Result<(), SearchIndexError> {
        let row = self.rows.change_sku(event.sku())?;
        let before = row.availability();
        row.apply(event);
        if row.availability() == before {
            return Ok(());
        }
        for id in row.owners.clone() {
            let availability = self.availability(&id)?;
            if self.rows.product(&id)?.as_ref().is_some_and(|row| row.availability != availability)
                && let Some(row) = self.rows.change_product(&id)?
            {
                row.availability = availability;
                if row.status == ProductStatus::Published {
                    self.rows.stale.insert(id);
                }
            }
        }
        Ok(())
    }

    /// Stores rows and index up to the last applied event, and shows the result.
    pub(super) fn commit(&mut self) -> Result<(), SearchIndexError> {
        let started = Instant::now();
        self.store_rows(true)?;
        if !self.rows.stale.is_empty() || self.index.view().number == 1 {
            self.commit_index()?;
        }
        self.last_commit = Instant::now();
        self.commit_took = self.last_commit - started;
        metrics::histogram!("daybook_search_commit_seconds").record(self.commit_took.as_secs_f64());
        Ok(())
    }

    pub(super) fn store_rows(&mut self, sync: bool) -> Result<(), SearchIndexError> {
        self.rows.write(self.applied, sync)?;
        self.rows_changed = false;
        self.last_rows = Instant::now();
        Ok(())
    }

    fn commit_index(&mut self) -> Result<(), SearchIndexError> {
        let stale: Vec<ProductId> = self.rows.stale.iter().cloned().collect();
        for id in &stale {
            let row = self.rows.product(id)?.as_ref();
            self.writer.replace(id, row)?;
        }
        let (lineage, position) = (self.rows.lineage.clone(), self.rows.checkpoint.position.get());
        self.writer.commit(&Commit { format: FORMAT, lineage, position })?;
        let before = self.index.view();
        let view = self.writer.view(Some(&before), &self.index.names)?;
        self.index.show(view);
        self.rows.clear_stale()
    }

    fn is_due(&self, when: Flush) -> bool {
        let visible = self.index.position().get();
        let since = self.last_commit.elapsed();
        // However many wait, half of the time is left for other work.
        let applied = self.applied.position.get();
        let is_awaited = since >= self.commit_took && self.index.waiting.is_between(visible, applied);
        when == Flush::Now
            || is_awaited
            || self.rows.stale.len() >= MAX_STALE
            || since >= self.commit_interval.max(self.commit_took * COMMIT_SHARE)
    }

    pub(super) fn flush_to(&mut self, up_to: Checkpoint, when: Flush) -> Result<Position, SearchIndexError> {
        if up_to.position > self.applied.position {
            self.applied = up_to;
        }
        if !self.rows.stale.is_empty() && self.is_due(when) {
            self.commit()?;
        } else if when == Flush::Now || self.rows_changed && self.last_rows.elapsed() >= ROWS_INTERVAL {
            self.store_rows(when == Flush::Now)?;
        }
        if self.rows.stale.is_empty() {
            self.index.visible.send_replace(self.applied.position);
        }
        Ok(self.index.position())
    }
}

/// Opens the rows; unreadable ones are thrown away, to be made again from the log.
fn open_rows(dir: &Path) -> Result<Rows, SearchIndexError> {
    match Rows::open(dir) {
        Err(reason) if reason.is_damage() => {
            tracing::warn!(dir = %dir.display(), %reason, "the search rows are unusable and are made again");
            fs::remove_dir_all(dir)?;
            Rows::open(dir)
        }
        opened => opened,
    }
}

fn failed(error: SearchIndexError) -> ApplyError {
    ApplyError::Store(error.into())
}

impl Projection for SearchProjection {
    const NAME: &'static str = "search";
    const VERSION: u32 = FORMAT;
    const INTERESTS: Interests = Interests::all_of::<Product>().and(Interests::all_of::<Inventory>());

    fn apply(&mut self, event: &DecodedEvent<'_>, _tx: &mut Tx<'_>) -> Result<(), ApplyError> {
        self.take(event.position(), event.event)
    }

    fn flush(&mut self, up_to: Checkpoint, when: Flush, _tx: &mut Tx<'_>) -> Result<Position, StoreError> {
        Ok(self.flush_to(up_to, when)?)
    }

    fn committed(&mut self) {
        self.in_batch.clear();
    }

    fn own_checkpoint(&self) -> Option<Checkpoint> {
        Some(self.rows.checkpoint)
    }

    fn went_live(&mut self) {
        self.search.switch_to(Arc::clone(&self.index));
    }
}

//! Large shops that are made once and stay: products written into the log, then orders placed with a running server
//! until there are as many events as wanted. A tenth of the events as products, the rest are orders.
//!
//! A prepared shop is read in place; who wants to write takes a copy.

use super::fill;
use crate::{
    folder,
    load::{self, Shape},
    machine, scenarios,
    server::Server,
    shop,
};
use anyhow::ensure;
use serde::{Deserialize, Serialize};
use std::{
    path::{Path, PathBuf},
    process::Command,
    rc::Rc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

/// Raise it whenever shops made before are not what would be made now.
const VERSION: u32 = 1;

/// How much is in a shop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Size {
    pub(crate) products: u64,
    /// At least so many.
    pub(crate) events: u64,
}

/// A shop that stays.
#[derive(Serialize, Deserialize)]
pub(crate) struct Prepared {
    version: u32,
    pub(crate) size: Size,
    /// How long it took to make, with its read models.
    pub(crate) made_in_s: f64,
    #[serde(skip)]
    pub(crate) data: PathBuf,
}

impl Size {
    /// A shop of so many events, with a tenth as many products.
    pub(crate) const fn of_events(events: u64) -> Self {
        Self { products: events / 10, events }
    }

    /// Products with their stock, and nothing bought yet.
    pub(crate) const fn of_products(products: u64) -> Self {
        Self { products, events: 2 * products }
    }
}

impl Prepared {
    /// The shop of that size, made if it is not there.
    pub(crate) async fn of(size: Size) -> anyhow::Result<Self> {
        let folder = folder::kept(&format!("shop-{}-products-{}-events", size.products, size.events))?;
        let note = folder.join("prepared.json");
        let data = folder.join("shop");
        if let Ok(text) = std::fs::read(&note)
            && let Ok(known) = serde_json::from_slice::<Self>(&text)
            && known.version == VERSION
        {
            return Ok(Self { data, ..known });
        }
        // A kilobyte an event and as much again for what is made of it, at the most.
        let needs_gib = (size.events * 2_000) >> 30;
        let free_gib = machine::free_gib()?;
        ensure!(
            needs_gib + 2 < free_gib,
            "{needs_gib} GiB are needed below {}, {free_gib} are free",
            folder.display()
        );
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        let start = Instant::now();
        eprintln!(
            "making a shop of {} products and {} events; it stays for later runs",
            size.products, size.events
        );
        make(&data, size).await?;
        let prepared = Self { version: VERSION, size, made_in_s: start.elapsed().as_secs_f64(), data };
        std::fs::write(&note, serde_json::to_vec(&prepared)?)?;
        Ok(prepared)
    }
}

async fn make(data: &Path, size: Size) -> anyhow::Result<()> {
    // An empty shop first, so that the folder is a data directory.
    Server::start(data).await?.0.stop()?;
    fill::products(&data.join("log"), size.products).await?;
    let (server, _) = Server::start(data).await?;
    shop::settle_within(&server, Duration::from_secs(3_600)).await?;
    let operation = Rc::new(scenarios::order_of_two_lines(size.products));
    let mut first = 0;
    while shop::head(&mut server.client().await?).await? < size.events {
        let shape = Shape::closed(128, Duration::ZERO, Duration::from_secs(2));
        let measured = load::run(server.address, &shape, first, operation.clone()).await?;
        ensure!(measured.operations > 0, "no order came through: {:?}", measured.first_error);
        first += 1 << 32;
    }
    shop::settle_within(&server, Duration::from_secs(600)).await?;
    server.stop()
}

/// A copy of a prepared shop, to be written to.
pub(crate) fn copy_of(prepared: &Prepared) -> anyhow::Result<(TempDir, PathBuf)> {
    let folder = folder::for_run()?;
    let data = folder.path().join("shop");
    let status = Command::new("cp").args(["-a", "--reflink=auto"]).arg(&prepared.data).arg(&data).status()?;
    ensure!(status.success(), "copying {} failed", prepared.data.display());
    Ok((folder, data))
}

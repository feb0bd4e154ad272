//! The bundled year, imported once and kept: what replays, exports and audits are measured with.

use super::import::import;
use crate::{folder, server::Server, shop};
use anyhow::{Context as _, ensure};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// A shop with the year in it, and no server running.
pub(super) struct Year {
    pub(super) data: PathBuf,
    pub(super) events: u64,
}

impl Year {
    pub(super) async fn get() -> anyhow::Result<Self> {
        let folder = folder::kept("year")?;
        let (data, note) = (folder.join("shop"), folder.join("events"));
        if let Ok(text) = std::fs::read_to_string(&note) {
            return Ok(Self { data, events: text.parse().context("reading how many events the year has")? });
        }
        if data.exists() {
            std::fs::remove_dir_all(&data)?;
        }
        eprintln!("importing the year; it stays for later runs");
        import(&folder)?;
        let (server, _) = Server::start(&data).await?;
        shop::settle(&server).await?;
        let events = shop::head(&mut server.client().await?).await?;
        signed(&server, events).await?;
        server.stop()?;
        std::fs::write(&note, events.to_string())?;
        Ok(Self { data, events })
    }
}

/// Waits until the audit tree covers everything.
async fn signed(server: &Server, events: u64) -> anyhow::Result<()> {
    let (mut client, start) = (server.client().await?, Instant::now());
    loop {
        let answer = client.get("/audit/checkpoint").await?;
        let size = String::from_utf8_lossy(answer.body).lines().nth(1).and_then(|line| line.parse().ok());
        if size == Some(events) {
            return Ok(());
        }
        ensure!(start.elapsed() < Duration::from_secs(60), "{size:?} of {events} events were signed");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

//! The server under test: this program started again as `daybook serve`, in a process of its own, on a free
//! port. Stops with this program's own end, or when told to.

use crate::{load::Client, machine::Process, metrics::Metrics};
use anyhow::{Context as _, bail};
use serde_json::Value;
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Called by this name, this program is `daybook`.
pub(crate) const AS_DAYBOOK: &str = "daybook";
/// Called by this name, it is `daybook-replay`.
pub(crate) const AS_REPLAY: &str = "daybook-replay";
/// A first start on a large log fills the read models.
const READY_WITHIN: Duration = Duration::from_secs(1_800);

/// A command that runs this program under another name, with the arguments that follow.
pub(crate) fn program(name: &str) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg0(name).stdin(Stdio::null());
    Ok(command)
}

/// `daybook-replay` on a data directory, answering JSON.
pub(crate) fn replay_tool(data: &Path) -> anyhow::Result<Command> {
    let mut tool = program(AS_REPLAY)?;
    tool.arg("--json").arg("--data").arg(data);
    Ok(tool)
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts `daybook serve` on `data` and waits until it is ready. Also says how long that took.
    pub(crate) async fn start(data: &Path) -> anyhow::Result<(Self, Duration)> {
        Self::start_with(data, &[]).await
    }

    /// As [`Self::start`], with further options.
    pub(crate) async fn start_with(data: &Path, options: &[&str]) -> anyhow::Result<(Self, Duration)> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let start = Instant::now();
        let output = data.with_extension("server.log");
        let log = std::fs::File::create(&output)?;
        let child = program(AS_DAYBOOK)?
            .args(["serve", "--data"])
            .arg(data)
            .args(["--listen", &address.to_string()])
            .args(options)
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting the server")?;
        let mut server = Self { child, address };
        while start.elapsed() < READY_WITHIN {
            if server.is_ready().await {
                return Ok((server, start.elapsed()));
            }
            if let Some(status) = server.child.try_wait()? {
                let said = std::fs::read_to_string(&output).unwrap_or_default();
                bail!("the server ended with {status}: {said}");
            }
            // One part in a hundred of the time it takes, so that asking does not keep it from getting ready.
            let pause = start.elapsed() / 100;
            tokio::time::sleep(pause.clamp(Duration::from_millis(2), Duration::from_millis(500))).await;
        }
        bail!("the server was not ready within {READY_WITHIN:?}")
    }

    async fn is_ready(&self) -> bool {
        let Ok(mut client) = Client::connect(self.address).await else { return false };
        client.get("/readyz").await.is_ok_and(|answer| answer.status == 200)
    }

    pub(crate) fn process(&self) -> Process {
        Process(self.child.id())
    }

    pub(crate) async fn client(&self) -> anyhow::Result<Client> {
        Client::connect(self.address).await
    }

    pub(crate) async fn metrics(&self) -> anyhow::Result<Metrics> {
        Metrics::of(self.address).await
    }

    /// When `/readyz` first showed that, whether ready or not.
    pub(crate) async fn shows(
        &self,
        within: Duration,
        wished: impl Fn(&Value) -> bool,
    ) -> anyhow::Result<Instant> {
        let (mut client, start) = (self.client().await?, Instant::now());
        loop {
            let ready = client.get("/readyz").await?.json()?;
            if wished(&ready) {
                return Ok(Instant::now());
            }
            anyhow::ensure!(start.elapsed() < within, "the server does not come to it: {ready}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Stops it as an operator would, and waits until it has.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        Command::new("kill").arg(self.child.id().to_string()).status()?;
        let status = self.child.wait()?;
        anyhow::ensure!(status.success(), "the server stopped with {status}");
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The benchmark is over; there is nobody left to tell. (A server that was stopped is gone already.)
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

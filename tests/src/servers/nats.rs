//! A real nats-server with JetStream, started from the binary of this machine; every test takes its own.

use super::{Guarded, User, free_port};
use anyhow::{Context as _, bail};
use parking_lot::Mutex;
use std::{
    net::{Ipv4Addr, SocketAddr, TcpStream},
    path::{Path, PathBuf},
    time::Duration,
};

/// A server that can be stopped, killed, wiped, set back and started again on the same port.
pub struct NatsServer {
    folder: PathBuf,
    port: u16,
    process: Mutex<Option<Guarded>>,
}

impl NatsServer {
    /// Starts a server of its own.
    pub async fn start() -> anyhow::Result<Self> {
        let server = Self::not_yet_started()?;
        server.start_again().await?;
        Ok(server)
    }

    /// A server that will be started later; its address is known already.
    pub fn not_yet_started() -> anyhow::Result<Self> {
        let folder = User::unprivileged("nobody")?.folder("daybook-nats-")?;
        Ok(Self { folder, port: free_port()?, process: Mutex::new(None) })
    }

    /// Starts it, on the port and the store it has.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        let arguments = [
            "-a",
            "127.0.0.1",
            "-p",
            &self.port.to_string(),
            "-js",
            "-sd",
            &self.store().display().to_string(),
        ]
        .map(str::to_owned);
        let process =
            Guarded::start(User::unprivileged("nobody")?, &self.folder, "KILL", &binary()?, &arguments)?;
        *self.process.lock() = Some(process);
        for _ in 0..600 {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
            if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        bail!("nats-server did not start on port {}", self.port)
    }

    /// Kills it with SIGKILL and keeps its store.
    pub fn kill(&self) -> anyhow::Result<()> {
        let process = self.process.lock().take();
        process.map_or(Ok(()), Guarded::stop)
    }

    /// Removes everything it stored; it must not be running.
    pub fn wipe(&self) -> anyhow::Result<()> {
        std::fs::remove_dir_all(self.store()).context("removing the store")
    }

    /// Keeps a copy of its store aside; it must not be running.
    pub fn keep_copy(&self) -> anyhow::Result<()> {
        copy_folder(&self.store(), &self.folder.join("copy"))
    }

    /// Puts the store back to the copy: everything since is forgotten. It must not be running.
    pub fn set_back(&self) -> anyhow::Result<()> {
        self.wipe()?;
        std::fs::rename(self.folder.join("copy"), self.store()).context("putting the copy back")
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    fn store(&self) -> PathBuf {
        self.folder.join("store")
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        drop(self.process.lock().take());
        // The guard has removed it already, unless the server was killed to be started again.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Copies with owners and modes, since the server may run as another user than we do.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    let status =
        std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().context("running cp")?;
    anyhow::ensure!(status.success(), "cp -a failed");
    Ok(())
}

fn binary() -> anyhow::Result<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()).collect();
    folders.push(PathBuf::from("/usr/sbin"));
    folders
        .iter()
        .map(|folder| folder.join("nats-server"))
        .find(|path| path.is_file())
        .context("nats-server is not installed; tests/run installs it: apt-get install nats-server")
}

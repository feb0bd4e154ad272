//! The server under test: this program started again as `daybook serve`, in a process of its own, on a free
//! port and a folder that goes away afterwards.

use crate::client::Client;
use anyhow::{Context as _, bail};
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Called by this name, this program is `daybook`.
pub(crate) const AS_DAYBOOK: &str = "daybook";

/// A command that runs `daybook` with the arguments that follow.
pub(crate) fn daybook() -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg0(AS_DAYBOOK).stdin(Stdio::null());
    Ok(command)
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts `daybook serve` on `data` and waits until it is ready. Also says how long that took.
    pub(crate) async fn start(data: &Path) -> anyhow::Result<(Self, Duration)> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let start = Instant::now();
        let log = std::fs::File::create(data.with_extension("server.log"))?;
        let child = daybook()?
            .args(["serve", "--data"])
            .arg(data)
            .args(["--listen", &address.to_string()])
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("starting the server")?;
        let mut server = Self { child, address };
        while start.elapsed() < Duration::from_secs(120) {
            if let Ok(mut client) = Client::connect(address).await
                && client.get("/readyz").await.is_ok_and(|answer| answer.status == 200)
            {
                return Ok((server, start.elapsed()));
            }
            if let Some(status) = server.child.try_wait()? {
                bail!(
                    "the server ended with {status}; its output is in {}",
                    data.with_extension("server.log").display()
                );
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        bail!("the server was not ready within two minutes")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) async fn client(&self) -> anyhow::Result<Client> {
        Client::connect(self.address).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The benchmark is over; there is nobody left to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A folder for one run, on the disk that is to be measured (`DAYBOOK_BENCH_DIR`, else the target folder).
pub(crate) fn folder() -> anyhow::Result<tempfile::TempDir> {
    let base = match std::env::var_os("DAYBOOK_BENCH_DIR") {
        Some(base) => PathBuf::from(base),
        None => {
            std::env::current_exe()?.parent().context("this program stands in no folder")?.join("bench-data")
        }
    };
    std::fs::create_dir_all(&base)?;
    Ok(tempfile::Builder::new().prefix("run-").tempdir_in(base)?)
}

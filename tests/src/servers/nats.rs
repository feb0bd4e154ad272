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
    /// Beside address, port and store.
    arguments: Mutex<Vec<String>>,
    process: Mutex<Option<Guarded>>,
}

/// Whom nats-server runs as.
pub fn user() -> anyhow::Result<User> {
    User::unprivileged("nobody")
}

impl NatsServer {
    /// Starts a server of its own, with JetStream.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(&["-js"]).await
    }

    /// Starts a server with these arguments beside its address, port and store; `-js` turns JetStream on.
    pub async fn start_with(arguments: &[&str]) -> anyhow::Result<Self> {
        let server = Self::not_yet_started()?;
        server.set_arguments(arguments);
        server.start_again().await?;
        Ok(server)
    }

    /// Starts a server with a configuration; JetStream's store is named in it by `STORE`.
    pub async fn start_configured(configuration: &str) -> anyhow::Result<Self> {
        let server = Self::not_yet_started()?;
        server.configure(configuration)?;
        server.start_again().await?;
        Ok(server)
    }

    /// A server with JetStream that will be started later; its address is known already.
    pub fn not_yet_started() -> anyhow::Result<Self> {
        let arguments = Mutex::new(vec!["-js".to_owned()]);
        Ok(Self {
            folder: user()?.folder("daybook-nats-")?,
            port: free_port()?,
            arguments,
            process: Mutex::new(None),
        })
    }

    /// What it is started with from the next time on.
    pub fn set_arguments(&self, arguments: &[&str]) {
        *self.arguments.lock() = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    }

    /// What it is configured with from the next time on.
    pub fn configure(&self, configuration: &str) -> anyhow::Result<()> {
        let path = self.folder.join("nats.conf");
        std::fs::write(&path, configuration.replace("STORE", &self.store().display().to_string()))?;
        user()?.own(&path)?;
        self.set_arguments(&["-c", &path.display().to_string()]);
        Ok(())
    }

    /// Starts it, on the port and the store it has.
    pub async fn start_again(&self) -> anyhow::Result<()> {
        let port = self.port.to_string();
        let mut arguments = ["-a", "127.0.0.1", "-p", &port].map(str::to_owned).to_vec();
        arguments.extend(self.arguments.lock().iter().cloned());
        if !arguments.iter().any(|argument| argument == "-c") {
            arguments.extend(["-sd".to_owned(), self.store().display().to_string()]);
        }
        let process = Guarded::start(user()?, &self.folder, "KILL", &binary()?, &arguments)?;
        *self.process.lock() = Some(process);
        for _ in 0..600 {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
            if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let output = std::fs::read_to_string(self.folder.join("output.txt")).unwrap_or_default();
        bail!("nats-server did not start on port {}: {output}", self.port)
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

    pub fn port(&self) -> u16 {
        self.port
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

/// Several servers that keep copies of each other's streams.
pub struct NatsCluster {
    pub servers: Vec<NatsServer>,
}

impl NatsCluster {
    /// Starts `count` servers that know each other.
    pub async fn start(count: usize) -> anyhow::Result<Self> {
        let servers =
            (0..count).map(|_| NatsServer::not_yet_started()).collect::<anyhow::Result<Vec<_>>>()?;
        let routes = servers.iter().map(|_| Ok(format!("nats://127.0.0.1:{}", free_port()?)));
        let routes = routes.collect::<anyhow::Result<Vec<String>>>()?;
        for (server, own) in servers.iter().zip(&routes) {
            let name = format!("nats-{}", server.port);
            let all = routes.join(",");
            let cluster =
                ["-js", "-n", &name, "--cluster_name", "daybook", "--cluster", own, "--routes", &all];
            server.set_arguments(&cluster);
        }
        futures::future::try_join_all(servers.iter().map(NatsServer::start_again)).await?;
        Ok(Self { servers })
    }

    /// The addresses of all of them, separated by commas.
    pub fn url(&self) -> String {
        self.servers.iter().map(NatsServer::url).collect::<Vec<_>>().join(",")
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

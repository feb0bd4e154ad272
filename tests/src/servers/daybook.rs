//! A real `daybook serve`, the binary built beside the tests, on a port and a data directory of its own.

use super::free_port;
use anyhow::{Context as _, bail};
use parking_lot::Mutex;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

/// A node that can be killed and started again.
pub struct Node {
    folder: tempfile::TempDir,
    port: u16,
    options: Vec<String>,
    /// Settings that are better not seen in the list of processes.
    environment: Vec<(String, String)>,
    process: Mutex<Option<Child>>,
    client: reqwest::Client,
}

/// An answer: its status and its body, null if that is not JSON.
pub type Answer = (u16, Value);

impl Node {
    /// Starts a node with these further options, and waits until it is ready.
    pub async fn start(options: &[&str]) -> anyhow::Result<Self> {
        let node = Self::start_unready(options)?;
        node.ready().await?;
        Ok(node)
    }

    /// Starts a node and does not wait.
    pub fn start_unready(options: &[&str]) -> anyhow::Result<Self> {
        Self::start_unready_in(&[], options)
    }

    /// Starts a node with these variables in its environment, and does not wait.
    pub fn start_unready_in(environment: &[(&str, &str)], options: &[&str]) -> anyhow::Result<Self> {
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let client = reqwest::Client::builder().timeout(Duration::from_secs(40)).build()?;
        let (folder, port) = (tempfile::tempdir()?, free_port()?);
        let node = Self { folder, port, options, environment, process: Mutex::new(None), client };
        node.start_again()?;
        Ok(node)
    }

    /// Starts it with the port and the data it had.
    pub fn start_again(&self) -> anyhow::Result<()> {
        let log =
            std::fs::File::options().create(true).append(true).open(self.folder.path().join("log.txt"))?;
        let process = Command::new(binary()?)
            .args(["serve", "--listen", &format!("127.0.0.1:{}", self.port), "--data"])
            .arg(self.folder.path().join("data"))
            .args(&self.options)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()?;
        *self.process.lock() = Some(process);
        Ok(())
    }

    /// Ends it with SIGKILL.
    pub fn kill(&self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.lock().take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Ends it with SIGTERM and waits until it has ended well.
    pub async fn stop(&self) -> anyhow::Result<()> {
        let Some(mut process) = self.process.lock().take() else { return Ok(()) };
        let asked = Command::new("kill").args(["-TERM", &process.id().to_string()]).status()?;
        anyhow::ensure!(asked.success(), "the node could not be asked to stop");
        for _ in 0..1_200 {
            if let Some(status) = process.try_wait()? {
                anyhow::ensure!(status.success(), "the node ended with {status}\n{}", self.log());
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        process.kill()?;
        bail!("the node does not stop\n{}", self.log())
    }

    /// The arguments it runs with, as everybody on the machine can see them.
    pub fn seen_arguments(&self) -> anyhow::Result<String> {
        let process = self.process.lock().as_ref().map(Child::id).context("it is not running")?;
        let seen = std::fs::read(format!("/proc/{process}/cmdline"))?;
        Ok(String::from_utf8_lossy(&seen).replace('\0', " "))
    }

    /// Waits until what `/readyz` answers, ready or not, is as wished, and answers it.
    pub async fn shows(&self, wished: impl Fn(&Value) -> bool) -> anyhow::Result<Value> {
        let mut last = Value::Null;
        for _ in 0..1_200 {
            if let Ok((_, body)) = self.get("/readyz").await {
                if wished(&body) {
                    return Ok(body);
                }
                last = body;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the node never shows it: {last}\n{}", self.log())
    }

    /// Waits until the node is ready and answers what it said then.
    pub async fn ready(&self) -> anyhow::Result<Value> {
        let mut last = String::new();
        for _ in 0..1_200 {
            match self.get("/readyz").await {
                Ok((200, body)) => return Ok(body),
                Ok((_, body)) => last = body.to_string(),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the node is not ready: {last}\n{}", self.log())
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log.txt")).unwrap_or_default()
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        let answer = self.client.get(self.url(path)).send().await?;
        Ok((answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null)))
    }

    /// An answer's status and body as they are.
    pub async fn text(&self, path: &str) -> anyhow::Result<(u16, String)> {
        let answer = self.client.get(self.url(path)).send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// Sends a command; the key makes it happen once however often it is sent.
    pub async fn post(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.client.post(self.url(path)), key, body).await
    }

    pub async fn put(&self, path: &str, key: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(self.client.put(self.url(path)), key, body).await
    }

    async fn send(
        &self,
        request: reqwest::RequestBuilder,
        key: &str,
        body: &Value,
    ) -> anyhow::Result<Answer> {
        let request = request.header("content-type", "application/json").header("idempotency-key", key);
        let answer = request.body(body.to_string()).send().await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        Ok((status, serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// Where it listens: `http://127.0.0.1:port`.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn url(&self, path: &str) -> String {
        self.address() + path
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.lock().take() {
            // Whether it was still there changes nothing.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

/// Runs `daybook` with these arguments to its end.
pub fn run(arguments: &[&str]) -> anyhow::Result<Output> {
    Command::new(binary()?).args(arguments).output().context("running daybook")
}

/// The binary, in the folder above the one this test program is in.
fn binary() -> anyhow::Result<PathBuf> {
    let here = std::env::current_exe()?;
    let built = here.ancestors().nth(2).map(|folder| folder.join("daybook"));
    built.filter(|path| Path::is_file(path)).context("daybook is not built; run cargo build -p daybook first")
}

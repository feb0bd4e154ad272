//! A shop as its users meet it: the real `daybook` program on a free port with a data directory of its own,
//! started, killed and started again. What is asked of it is in `vocabulary.rs`, what it answers in `answer.rs`.

mod answer;
mod day;
mod process;
mod vocabulary;

pub use answer::Answer;
pub use day::{Day, assert_same_views};
pub use process::{Ended, Process, daybook};
pub use vocabulary::{cart_body, text};

use parking_lot::RwLock;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;

/// A start may take this long, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running shop. Killed, and its directory removed, when dropped.
pub struct TestShop {
    /// First, so that it ends before its folder goes.
    process: Option<Process>,
    folder: TempDir,
    data: PathBuf,
    arguments: Vec<String>,
    client: ShopClient,
}

/// Asks a shop, wherever it listens now. Cheap to clone; all clones follow a restart.
#[derive(Clone)]
pub struct ShopClient {
    pub http: reqwest::Client,
    address: Arc<RwLock<String>>,
}

impl TestShop {
    /// A shop in an empty directory, ready.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// The same, with more arguments for `daybook serve`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let folder = TempDir::new().expect("a temporary directory can be made");
        let data = folder.path().join("data");
        Self::start_in(folder, data, arguments).await
    }

    /// A shop in `data`; `folder` goes with it.
    pub async fn start_in(folder: TempDir, data: PathBuf, arguments: &[&str]) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(40)).no_proxy();
        let http = http.build().expect("a client without TLS can be made");
        let client = ShopClient { http, address: Arc::default() };
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut shop = Self { process: None, folder, data, arguments, client };
        shop.restart().await;
        shop
    }

    /// Starts the stopped or killed shop again, and waits until it is ready.
    pub async fn restart(&mut self) {
        assert!(self.process.is_none(), "it is running");
        let process = Process::serve(&self.data, &self.output(), &self.arguments);
        let process = self.process.insert(process);
        *self.client.address.write() = process.address(PATIENCE).await;
        for _ in 0..PATIENCE.as_millis() / 10 {
            if self.client.try_get("/readyz").await.is_ok_and(|answer| answer.status == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never became ready:\n{}", self.told());
    }

    /// Ends the process with -9, wherever it is.
    pub fn kill(&mut self) {
        self.process.take().expect("it is running").kill();
    }

    /// Asks the process to end; fails the test unless it ends well.
    pub async fn stop(&mut self) {
        let ended = self.process.take().expect("it is running").stop(PATIENCE).await;
        assert_eq!(ended.code, Some(0), "{}", self.told());
    }

    /// Begins to stop the process, which goes on with what is under way; see [`TestShop::stopped`].
    pub fn ask_to_stop(&self) {
        self.process.as_ref().expect("it is running").signal("TERM");
    }

    /// Waits for the process, which was asked to stop, to end well.
    pub async fn stopped(&mut self) {
        let ended = self.process.take().expect("it is running").ended(PATIENCE).await;
        assert_eq!(ended.code, Some(0), "{}", self.told());
    }

    #[must_use]
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// What the process wrote, all starts together.
    #[must_use]
    pub fn told(&self) -> String {
        std::fs::read_to_string(self.output()).unwrap_or_default()
    }

    fn output(&self) -> PathBuf {
        self.folder.path().join("output.txt")
    }

    #[must_use]
    pub fn client(&self) -> ShopClient {
        self.client.clone()
    }
}

impl std::ops::Deref for TestShop {
    type Target = ShopClient;

    fn deref(&self) -> &ShopClient {
        &self.client
    }
}

impl ShopClient {
    /// `http://127.0.0.1:port`
    #[must_use]
    pub fn address(&self) -> String {
        self.address.read().clone()
    }
}

//! A shop as its users meet it: the real `daybook` program on a free port with a data directory of its own,
//! started, killed and started again. What is asked of it is in `vocabulary.rs`, what it answers in `answer.rs`.

mod answer;
pub mod books;
mod buyer;
mod day;
mod on;
mod process;
mod vocabulary;

pub use answer::Answer;
pub use buyer::{Buyer, Purchase, ask_again_as_before};
pub use day::{Day, assert_same_views};
pub use on::On;
pub use process::{Ended, Process, daybook};
pub use vocabulary::{cart_body, text};

use daybook_event_log::{EmbeddedLog, EventLog};
use daybook_event_log_postgres::{PostgresLog, PostgresOptions};
use parking_lot::RwLock;
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
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
    /// Where its events are, if not in its directory.
    store: Option<String>,
}

/// Asks a shop, wherever it listens now. Cheap to clone; all clones follow a restart.
#[derive(Clone)]
pub struct ShopClient {
    pub http: reqwest::Client,
    /// Of one node, or of several that do the same.
    addresses: Arc<RwLock<Vec<String>>>,
    /// Which of them is asked.
    turn: Arc<AtomicUsize>,
}

impl TestShop {
    /// A shop in an empty directory, ready.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A shop on an empty store of that kind, ready.
    pub async fn start_on(on: On) -> Self {
        Self::start_on_with(on, &[]).await
    }

    /// The same, with more arguments for `daybook serve`.
    pub async fn start_on_with(on: On, arguments: &[&str]) -> Self {
        let Some(store) = on.new_store().await else { return Self::start_with(arguments).await };
        let mut shop = Self::start_with(&[arguments, &["--store", &store]].concat()).await;
        shop.store = Some(store);
        shop
    }

    /// The same, with more arguments for `daybook serve`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let folder = TempDir::new().expect("a temporary directory can be made");
        let data = folder.path().join("data");
        Self::start_in(folder, data, arguments).await
    }

    /// A shop in `data`; `folder` goes with it.
    pub async fn start_in(folder: TempDir, data: PathBuf, arguments: &[&str]) -> Self {
        let client = ShopClient::of(Vec::new());
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut shop = Self { process: None, folder, data, arguments, client, store: None };
        shop.restart().await;
        shop
    }

    /// Starts the stopped or killed shop again, and waits until it is ready.
    pub async fn restart(&mut self) {
        assert!(self.process.is_none(), "it is running");
        let process = Process::serve(&self.data, &self.output(), &self.arguments);
        let process = self.process.insert(process);
        *self.client.addresses.write() = vec![process.address(PATIENCE).await];
        self.ready().await;
    }

    /// Waits until it says that it is ready.
    pub async fn ready(&self) {
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

    /// Its event log, to be read; a shop on files must not be running.
    pub async fn log(&self) -> Arc<dyn EventLog> {
        match &self.store {
            None => {
                Arc::new(EmbeddedLog::open_read_only(self.data.join("log")).expect("its log can be read"))
            }
            Some(url) => {
                Arc::new(PostgresLog::connect(PostgresOptions::new(url)).await.expect("its log can be read"))
            }
        }
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
    /// Asks nodes at these addresses, one after the other where one does not answer.
    #[must_use]
    pub fn of(addresses: Vec<String>) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(40)).no_proxy();
        let http = http.build().expect("a client without TLS can be made");
        Self { http, addresses: Arc::new(RwLock::new(addresses)), turn: Arc::default() }
    }

    /// `http://127.0.0.1:port`
    #[must_use]
    pub fn address(&self) -> String {
        let addresses = self.addresses.read();
        addresses[self.turn.load(Ordering::Relaxed) % addresses.len()].clone()
    }

    /// The next node is asked from now on.
    pub fn ask_the_next(&self) {
        self.turn.fetch_add(1, Ordering::Relaxed);
    }
}

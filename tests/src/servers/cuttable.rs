//! A line to a server that can be slow, can be cut or fall silent at any moment, or right after the server has
//! answered and before the answer arrives: the moment in which a client cannot know whether its commit went through.

use parking_lot::Mutex;
use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::broadcast,
};

/// Forwards a port to a server's.
pub struct Cuttable {
    port: u16,
    server_port: u16,
    shared: Arc<Shared>,
    accepting: tokio::task::AbortHandle,
}

#[derive(Clone, Copy)]
enum Trouble {
    Cut,
    Silence,
}

struct Shared {
    cut: broadcast::Sender<Trouble>,
    /// The answer to a request that holds these bytes is lost, once.
    lose: Mutex<Option<Vec<u8>>>,
    lost: AtomicU64,
    /// Every answer takes so much longer.
    slower: Mutex<Duration>,
    /// What a server says, and what arrives instead, as long.
    instead: Mutex<Option<(&'static str, &'static str)>>,
}

impl Cuttable {
    pub async fn to(server_port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            cut: broadcast::Sender::new(1),
            lose: Mutex::new(None),
            lost: AtomicU64::new(0),
            slower: Mutex::default(),
            instead: Mutex::default(),
        });
        let accepting = tokio::spawn(accept(listener, server_port, shared.clone())).abort_handle();
        Ok(Self { port, server_port, shared, accepting })
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn server_port(&self) -> u16 {
        self.server_port
    }

    /// Cuts every connection.
    pub fn cut(&self) {
        // Without a connection there is nobody to tell.
        let _ = self.shared.cut.send(Trouble::Cut);
    }

    /// Lets every connection that is open now fall silent without being closed.
    pub fn silence(&self) {
        let _ = self.shared.cut.send(Trouble::Silence);
    }

    /// The server's answer to the next request that holds `mark` does not arrive; the connection is cut instead.
    pub fn lose_answer_to(&self, mark: &str) {
        *self.shared.lose.lock() = Some(mark.as_bytes().to_owned());
    }

    /// Every answer takes so much longer from now on.
    pub fn slow_down(&self, by: Duration) {
        *self.shared.slower.lock() = by;
    }

    /// Where the server says `this`, `that` arrives from now on.
    pub fn say_instead(&self, this: &'static str, that: &'static str) {
        assert_eq!(this.len(), that.len(), "messages have their length in front");
        *self.shared.instead.lock() = Some((this, that));
    }

    pub fn answers_lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Cuttable {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, server_port: u16, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = shared.clone();
        tokio::spawn(async move {
            let mut cut = shared.cut.subscribe();
            let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server_port)).await else { return };
            let (mut client, mut server) = (client, server);
            let trouble = tokio::select! {
                _ = forward(&mut client, &mut server, &shared) => Trouble::Cut,
                trouble = cut.recv() => trouble.unwrap_or(Trouble::Cut),
            };
            if let Trouble::Silence = trouble {
                std::future::pending::<()>().await;
            }
        });
    }
}

async fn forward(client: &mut TcpStream, server: &mut TcpStream, shared: &Shared) -> std::io::Result<()> {
    let (mut from_client, mut to_client) = client.split();
    let (mut from_server, mut to_server) = server.split();
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut losing = false;
    loop {
        tokio::select! {
            read = from_client.read(&mut asked) => {
                let request = &asked[..read?];
                if request.is_empty() {
                    return Ok(());
                }
                losing |= shared.is_marked(request);
                to_server.write_all(request).await?;
            }
            read = from_server.read(&mut answered) => {
                let answer = &mut answered[..read?];
                if answer.is_empty() {
                    return Ok(());
                }
                let slower = *shared.slower.lock();
                tokio::time::sleep(slower).await;
                shared.put_instead(answer);
                if losing && ends_in_ready(answer) {
                    shared.lost.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
                to_client.write_all(answer).await?;
            }
        }
    }
}

impl Shared {
    fn put_instead(&self, answer: &mut [u8]) {
        let Some((this, that)) = *self.instead.lock() else { return };
        let found = answer.windows(this.len()).position(|window| window == this.as_bytes());
        if let Some(at) = found {
            answer[at..at + this.len()].copy_from_slice(that.as_bytes());
        }
    }

    fn is_marked(&self, request: &[u8]) -> bool {
        let mut lose = self.lose.lock();
        let marked =
            lose.as_ref().is_some_and(|mark| request.windows(mark.len()).any(|window| window == mark));
        if marked {
            *lose = None;
        }
        marked
    }
}

/// Whether a PostgreSQL server has said all it had to say, outside of a transaction: `ReadyForQuery`, idle.
fn ends_in_ready(answer: &[u8]) -> bool {
    answer.ends_with(&[b'Z', 0, 0, 0, 5, b'I'])
}

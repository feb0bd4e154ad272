//! A small HTTP/1.1 client over one kept-alive connection. It shares two cores with the server it measures, so
//! it does as little as it can: requests are written into one buffer, answers are read in place and not copied.
//! It is no general client, and it has one request at a time under way.

use super::answer::{Answer, Head, read_head};
use anyhow::{Context as _, bail};
use std::{
    fmt::Display,
    io::{ErrorKind, Write as _},
    net::SocketAddr,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    /// The request's body, written first because its length stands before it.
    body: Vec<u8>,
    out: Vec<u8>,
    input: Vec<u8>,
    /// The last answer's body where it came in chunks.
    joined: Vec<u8>,
    /// From sending a request until its answer is there whole.
    waiting: bool,
    /// Further lines of the head of every request with a body.
    headers: &'static str,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        let (body, out) = (Vec::with_capacity(512), Vec::with_capacity(1_024));
        let input = Vec::with_capacity(8_192);
        Ok(Self { stream, body, out, input, joined: Vec::new(), waiting: false, headers: "" })
    }

    /// Adds header lines, each with its line end, to every request with a body.
    pub(crate) fn with_headers(mut self, headers: &'static str) -> Self {
        self.headers = headers;
        self
    }

    /// Connects again if the last answer was not waited for, or the server has closed the connection since.
    pub(crate) async fn renew(&mut self, address: SocketAddr) -> anyhow::Result<()> {
        let silent = self.stream.try_read(&mut [0]).is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        if self.waiting || !silent {
            *self = Self::connect(address).await?.with_headers(self.headers);
        }
        Ok(())
    }

    pub(crate) async fn get(&mut self, path: impl Display) -> anyhow::Result<Answer<'_>> {
        self.out.clear();
        write!(self.out, "GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n")?;
        self.exchange().await
    }

    /// Sends a JSON body under an idempotency key.
    pub(crate) async fn post(
        &mut self,
        path: impl Display,
        key: impl Display,
        body: impl Display,
    ) -> anyhow::Result<Answer<'_>> {
        self.command("POST", path, key, body).await
    }

    pub(crate) async fn command(
        &mut self,
        method: &str,
        path: impl Display,
        key: impl Display,
        body: impl Display,
    ) -> anyhow::Result<Answer<'_>> {
        self.send(method, path, key, "application/json", body).await
    }

    /// Sends many commands as JSON Lines; the answer has a line for each.
    pub(crate) async fn bulk(&mut self, lines: impl Display) -> anyhow::Result<Answer<'_>> {
        self.send("POST", "/commands", "", "application/jsonl", lines).await
    }

    async fn send(
        &mut self,
        method: &str,
        path: impl Display,
        key: impl Display,
        kind: &str,
        body: impl Display,
    ) -> anyhow::Result<Answer<'_>> {
        self.body.clear();
        self.out.clear();
        write!(self.body, "{body}")?;
        let (length, headers) = (self.body.len(), self.headers);
        write!(
            self.out,
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: {key}\r\nContent-Type: {kind}\r\n\
             Content-Length: {length}\r\n{headers}\r\n"
        )?;
        self.out.extend_from_slice(&self.body);
        self.exchange().await
    }

    async fn exchange(&mut self) -> anyhow::Result<Answer<'_>> {
        self.waiting = true;
        self.stream.write_all(&self.out).await?;
        self.input.clear();
        let mut searched = 0;
        let head = loop {
            self.fill().await?;
            if let Some(head) = read_head(&self.input, searched)? {
                break head;
            }
            searched = self.input.len().saturating_sub(3);
        };
        let Head { status, bytes, length } = head;
        let Some(length) = length else {
            self.join_chunks(bytes).await?;
            self.waiting = false;
            return Ok(Answer { status, body: &self.joined });
        };
        while self.input.len() < bytes + length {
            self.fill().await?;
        }
        if self.input.len() > bytes + length {
            bail!("the server sent more than it was asked for");
        }
        self.waiting = false;
        Ok(Answer { status, body: &self.input[bytes..] })
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        if self.input.capacity() - self.input.len() < 1_024 {
            self.input.reserve(self.input.len().max(8_192));
        }
        if self.stream.read_buf(&mut self.input).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }

    /// Reads a chunked body whose first chunk begins at `at`.
    async fn join_chunks(&mut self, mut at: usize) -> anyhow::Result<()> {
        self.joined.clear();
        loop {
            let end = loop {
                match self.input[at..].windows(2).position(|pair| pair == b"\r\n") {
                    Some(end) => break at + end,
                    None => self.fill().await?,
                }
            };
            let size = usize::from_str_radix(std::str::from_utf8(&self.input[at..end])?.trim(), 16)?;
            at = end + 2;
            while self.input.len() < at + size + 2 {
                self.fill().await?;
            }
            self.joined.extend_from_slice(&self.input[at..at + size]);
            at += size + 2;
            if size == 0 {
                return Ok(());
            }
        }
    }
}

//! A small HTTP/1.1 client over one kept-alive connection. It shares two cores with the server it measures,
//! so it does as little as it can; it is no general client.

use anyhow::{Context as _, bail};
use bytes::{Buf as _, BytesMut};
use std::{io::Write as _, net::SocketAddr};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// One connection; one request at a time.
pub(crate) struct Client {
    stream: TcpStream,
    out: Vec<u8>,
    input: BytesMut,
}

/// An answer; the body is only kept where asked for.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connecting to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, out: Vec::with_capacity(4_096), input: BytesMut::with_capacity(65_536) })
    }

    pub(crate) async fn get(&mut self, path: &str) -> anyhow::Result<Answer> {
        self.request("GET", path, "", None).await
    }

    /// Sends a JSON body under an idempotency key.
    pub(crate) async fn post(&mut self, path: &str, key: &str, body: &[u8]) -> anyhow::Result<Answer> {
        self.request("POST", path, key, Some(body)).await
    }

    pub(crate) async fn request(
        &mut self,
        method: &str,
        path: &str,
        key: &str,
        body: Option<&[u8]>,
    ) -> anyhow::Result<Answer> {
        self.out.clear();
        write!(self.out, "{method} {path} HTTP/1.1\r\nHost: localhost\r\n")?;
        if !key.is_empty() {
            write!(self.out, "Idempotency-Key: {key}\r\n")?;
        }
        if let Some(body) = body {
            write!(self.out, "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len())?;
            self.out.extend_from_slice(body);
        } else {
            self.out.extend_from_slice(b"\r\n");
        }
        self.stream.write_all(&self.out).await?;
        self.answer().await
    }

    async fn answer(&mut self) -> anyhow::Result<Answer> {
        loop {
            if let Some(head) = parse_head(&self.input)? {
                self.input.advance(head.bytes);
                let body = match head.length {
                    Some(length) => self.exactly(length).await?,
                    None => self.chunks().await?,
                };
                return Ok(Answer { status: head.status, body });
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        if self.stream.read_buf(&mut self.input).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }

    async fn exactly(&mut self, length: usize) -> anyhow::Result<Vec<u8>> {
        while self.input.len() < length {
            self.fill().await?;
        }
        let body = self.input[..length].to_vec();
        self.input.advance(length);
        Ok(body)
    }

    async fn chunks(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let line = loop {
                if let Some(end) = self.input.windows(2).position(|pair| pair == b"\r\n") {
                    break end;
                }
                self.fill().await?;
            };
            let size = usize::from_str_radix(std::str::from_utf8(&self.input[..line])?.trim(), 16)?;
            self.input.advance(line + 2);
            body.extend(self.exactly(size).await?);
            self.exactly(2).await?;
            if size == 0 {
                return Ok(body);
            }
        }
    }
}

struct Head {
    status: u16,
    /// None: the body comes in chunks.
    length: Option<usize>,
    bytes: usize,
}

fn parse_head(input: &[u8]) -> anyhow::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; 48];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(bytes) = response.parse(input)? else { return Ok(None) };
    let status = response.code.context("an answer without a status")?;
    let mut length = (status == 204 || status == 304).then_some(0);
    let mut chunked = false;
    for header in response.headers.iter() {
        if header.name.eq_ignore_ascii_case("content-length") {
            length = Some(std::str::from_utf8(header.value)?.trim().parse()?);
        }
        chunked |= header.name.eq_ignore_ascii_case("transfer-encoding");
    }
    if length.is_none() && !chunked {
        bail!("an answer of unknown length");
    }
    Ok(Some(Head { status, length, bytes }))
}

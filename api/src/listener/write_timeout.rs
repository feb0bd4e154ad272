//! Write timeout: a TCP stream whose writes fail when the client takes nothing of the answer for too long, or less than a
//! thousand bytes a second over ten times that. (Reading is bounded elsewhere: heads by hyper, bodies by their reader.)

use parking_lot::Mutex;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

pub(super) struct WriteTimeout {
    /// Shared with whoever wants to know whether the client has left.
    stream: Arc<Mutex<TcpStream>>,
    limit: Duration,
    /// Set while a write is waiting for the client.
    waiting: Option<Pin<Box<Sleep>>>,
    /// Until when the client has to have taken more; none: it has taken all.
    due: Option<Instant>,
    /// How many bytes move that by a second.
    least_bytes_per_s: u32,
}

/// How many times the limit a client is ahead at most, and has when it falls behind.
const LIMITS_AHEAD: u32 = 10;
/// Less than the slowest line has, and enough that no answer takes hours.
const LEAST_BYTES_PER_S: u32 = 1_000;

impl WriteTimeout {
    pub(super) fn new(stream: Arc<Mutex<TcpStream>>, limit: Duration) -> Self {
        Self { stream, limit, waiting: None, due: None, least_bytes_per_s: LEAST_BYTES_PER_S }
    }

    fn bounded(&mut self, written: Poll<io::Result<usize>>, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let (limit, now) = (self.limit, Instant::now());
        let furthest = now + limit * LIMITS_AHEAD;
        if written.is_ready() {
            self.waiting = None;
            if let (Some(due), Poll::Ready(Ok(bytes))) = (&mut self.due, &written) {
                let bytes = u32::try_from(*bytes).unwrap_or(u32::MAX);
                let earned = Duration::from_secs(1) * bytes / self.least_bytes_per_s;
                *due = furthest.min(*due + earned);
            }
            return written;
        }
        let due = *self.due.get_or_insert(furthest);
        let pause = limit.min(due.saturating_duration_since(now));
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(sleep(pause)));
        ready!(waiting.as_mut().poll(cx));
        waiting.as_mut().reset(now + limit);
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the client does not take the answer")))
    }
}

impl AsyncRead for WriteTimeout {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream.lock()).poll_read(cx, buffer)
    }
}

impl AsyncWrite for WriteTimeout {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *self.stream.lock()).poll_write(cx, bytes);
        self.bounded(written, cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut *self.stream.lock()).poll_write_vectored(cx, slices);
        self.bounded(written, cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.lock().is_write_vectored()
    }

    /// Asked when all that was ready is written.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.due = None;
        Pin::new(&mut *self.stream.lock()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream.lock()).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::{TcpListener, TcpSocket},
    };

    /// A connection that holds little on its way; the server's side first.
    async fn narrow() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let client = TcpSocket::new_v4().expect("a socket");
        client.set_recv_buffer_size(4 << 10).expect("a small buffer");
        let address = listener.local_addr().expect("it is bound");
        let (client, accepted) = tokio::join!(client.connect(address), listener.accept());
        (accepted.expect("a connection").0, client.expect("a connection"))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_takes_too_little_at_a_time_is_given_up_though_it_takes_something_each_time() {
        let (server, mut client) = narrow().await;
        let reading = tokio::spawn(async move {
            let mut taken = vec![0; 2 << 10];
            while client.read(&mut taken).await.is_ok_and(|count| count > 0) {
                sleep(Duration::from_millis(5)).await;
            }
        });
        let mut stream = WriteTimeout::new(Arc::new(Mutex::new(server)), Duration::from_millis(400));
        stream.least_bytes_per_s = u32::MAX;
        // More than buffers hold; it would take a minute.
        let failed = stream.write_all(&vec![b'x'; 24 << 20]).await.expect_err("it takes too little");
        assert_eq!(failed.kind(), io::ErrorKind::TimedOut);
        reading.abort();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_takes_all_in_time_may_take_any_number_of_answers() {
        let (server, mut client) = narrow().await;
        let reading = tokio::spawn(async move {
            let mut taken = Vec::new();
            client.read_to_end(&mut taken).await.map(|_| taken.len())
        });
        let limit = Duration::from_secs(20);
        let mut stream = WriteTimeout::new(Arc::new(Mutex::new(server)), limit);
        for _ in 0..4 {
            stream.write_all(&vec![b'x'; 256 << 10]).await.expect("it is taken");
            stream.flush().await.expect("it is taken");
            assert!(stream.due.is_none(), "the next answer has a time of its own");
        }
        stream.shutdown().await.expect("it is taken");
        assert_eq!(reading.await.expect("it does not panic").ok(), Some(1 << 20));
    }
}

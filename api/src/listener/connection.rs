//! A connection's socket as hyper sees it. When hyper is done with it, it is handed back, so that it can be closed with
//! a lingering close; and what hyper refuses with an empty answer is refused with a problem.
//!
//! Clients that take nothing are `write_timeout.rs`, closing is `lingering_close.rs`.

use super::{refusal, write_timeout::WriteTimeout};
use parking_lot::Mutex;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Where a socket is found again.
pub(super) type HandedBack = Arc<Mutex<Option<Released>>>;

/// A connection that hyper is done with.
pub(super) struct Released {
    pub(super) stream: WriteTimeout,
    /// Whether the client sent something that was not answered.
    pub(super) has_unanswered_bytes: bool,
}

pub(super) struct Connection {
    /// None only while it is dropped.
    socket: Option<Released>,
    back: HandedBack,
    /// What is still to be written in place of hyper's own refusal.
    instead: Vec<u8>,
}

impl Connection {
    pub(super) fn new(stream: WriteTimeout) -> (Self, HandedBack) {
        let back = HandedBack::default();
        let socket = Some(Released { stream, has_unanswered_bytes: false });
        (Self { socket, back: back.clone(), instead: Vec::new() }, back)
    }

    fn socket(&mut self) -> io::Result<&mut Released> {
        self.socket.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Writes the rest of the refusal.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let Some(socket) = self.socket.as_mut() else { return Poll::Ready(Ok(())) };
            let written = ready!(Pin::new(&mut socket.stream).poll_write(cx, &self.instead))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        *self.back.lock() = self.socket.take();
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let socket = self.socket()?;
        let read = Pin::new(&mut socket.stream).poll_read(cx, buffer);
        socket.has_unanswered_bytes |= buffer.filled().len() > before;
        read
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.as_mut().poll_write_vectored(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_instead(cx))?;
        if let [only] = slices
            && let Some(problem) = refusal::in_place_of(only)
        {
            self.instead = problem;
            return Poll::Ready(Ok(only.len()));
        }
        let socket = self.socket()?;
        socket.has_unanswered_bytes = false;
        Pin::new(&mut socket.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.as_ref().is_some_and(|socket| socket.stream.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        Pin::new(&mut self.socket()?.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        Pin::new(&mut self.socket()?.stream).poll_shutdown(cx)
    }
}

//! A connection's socket as hyper sees it. When hyper is done with it, it is handed back, so that the client can be
//! parted from in good manners; and what hyper refuses with an empty answer is refused with a problem.
//!
//! Waiting for clients that take nothing is `write_timeout.rs`, parting is `lingering_close.rs`.

use super::{refusal, write_timeout::Stall};
use parking_lot::Mutex;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Where a socket is found again.
pub(super) type HandedBack = Arc<Mutex<Option<Left>>>;

/// A connection that hyper has left.
pub(super) struct Left {
    pub(super) stream: Stall,
    /// Whether the client said something that was not answered.
    pub(super) heard: bool,
}

pub(super) struct Wire {
    /// None only while it is dropped.
    left: Option<Left>,
    back: HandedBack,
    /// What is still to be said in place of hyper's own refusal.
    instead: Vec<u8>,
}

impl Wire {
    pub(super) fn new(stream: Stall) -> (Self, HandedBack) {
        let back = HandedBack::default();
        let left = Some(Left { stream, heard: false });
        (Self { left, back: back.clone(), instead: Vec::new() }, back)
    }

    fn left(&mut self) -> io::Result<&mut Left> {
        self.left.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Says what is to be said instead, to its end.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.instead.is_empty() {
            let Some(left) = self.left.as_mut() else { return Poll::Ready(Ok(())) };
            let written = ready!(Pin::new(&mut left.stream).poll_write(cx, &self.instead))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.instead.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        *self.back.lock() = self.left.take();
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let left = self.left()?;
        let read = Pin::new(&mut left.stream).poll_read(cx, buffer);
        left.heard |= buffer.filled().len() > before;
        read
    }
}

impl AsyncWrite for Wire {
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
        let left = self.left()?;
        left.heard = false;
        Pin::new(&mut left.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.left.as_ref().is_some_and(|left| left.stream.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        Pin::new(&mut self.left()?.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_instead(cx))?;
        Pin::new(&mut self.left()?.stream).poll_shutdown(cx)
    }
}

//! The body of an answer, with the mark that its request is under way until all of it is written or given up.

use super::places::RequestUnderWay;
use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

pub(super) struct HeldBody {
    body: Body,
    _under_way: RequestUnderWay,
}

impl HeldBody {
    pub(super) fn new(body: Body, under_way: RequestUnderWay) -> Self {
        Self { body, _under_way: under_way }
    }
}

impl HttpBody for HeldBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

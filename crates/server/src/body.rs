//! The body of a response: bytes, events, or what a function or the host streams. One type: the usual response needs no box.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use hyper::body::{Body as HttpBody, Frame, SizeHint};
use tokio::sync::mpsc::Receiver;

use crate::{clocks::Active, events::EventStream, stream::StreamBody};

pub(crate) enum Body {
    Full(Bytes),
    Events(Box<EventStream>, Option<Active>),
    Stream(Box<StreamBody>, Option<Active>),
    Host(Receiver<Bytes>, Option<Active>),
}

/// The function failed in the middle of its response: the connection ends, so that the client knows.
#[derive(Debug, thiserror::Error)]
#[error("the function failed while its response was on its way")]
pub(crate) struct Cut;

impl Body {
    pub(crate) fn empty() -> Self {
        Self::Full(Bytes::new())
    }

    /// The request is being answered until the body has ended: its connection is not taken for an idle one.
    pub(crate) fn hold(&mut self, request: Active) {
        match self {
            Self::Full(_) => {}
            Self::Events(_, active) | Self::Stream(_, active) | Self::Host(_, active) => *active = Some(request),
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match self.get_mut() {
            Self::Full(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Full(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Events(events, _) => Poll::Ready(ready!(events.poll_next(cx)).map(|event| Ok(Frame::data(event)))),
            Self::Stream(stream, _) => Poll::Ready(ready!(stream.poll_next(cx)).map(|bytes| bytes.map(Frame::data))),
            Self::Host(pieces, _) => Poll::Ready(ready!(pieces.poll_recv(cx)).map(|piece| Ok(Frame::data(piece)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Full(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Events(..) | Self::Stream(..) | Self::Host(..) => SizeHint::default(),
        }
    }
}

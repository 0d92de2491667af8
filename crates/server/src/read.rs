//! Reads a request's body within a size and a time.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};

use crate::{reply::Failure, room::Room};

/// The whole body. Memory grows with what has arrived, not with what was announced. After an error the rest stays unread,
/// and the connection ends.
pub(crate) async fn read(body: Incoming, limit: usize, within: Duration, room: &Arc<Room>) -> Result<Bytes, Failure> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Failure::too_large(limit));
    }
    let mut whole = pin!(collect(body, limit, room));
    // Most bodies have come with their heads.
    if let Poll::Ready(result) = poll_fn(|cx| Poll::Ready(whole.as_mut().poll(cx))).await {
        return result;
    }
    match tokio::time::timeout(within, whole).await {
        Ok(result) => result,
        Err(_) => Err(Failure::too_slow()),
    }
}

async fn collect(mut body: Incoming, limit: usize, room: &Arc<Room>) -> Result<Bytes, Failure> {
    // Most bodies are one frame, which needs no copy.
    let Some(first) = next(&mut body).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() && first.len() <= limit {
        return Ok(first);
    }
    let mut held = room.enter();
    let mut fits = held.grow(first.len());
    let mut whole = BytesMut::from(first);
    while whole.len() <= limit {
        if !fits {
            return Err(Failure::unavailable("Too many large requests at once"));
        }
        match next(&mut body).await? {
            Some(more) => {
                fits = held.grow(more.len());
                whole.extend_from_slice(&more);
            }
            None => return Ok(held.keep(whole.freeze())),
        }
    }
    Err(Failure::too_large(limit))
}

async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Failure> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
            Some(Err(error)) => {
                return Err(Failure::invalid_content(format!("Could not read the request body: {error}")));
            }
        }
    }
}

//! Reads a request's body within a size and a time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::{
    HeaderMap,
    body::{Body, Incoming},
    header::EXPECT,
};

use crate::reply::Failure;

/// A client that is still sending when it is answered gets a reset instead of the answer, so what is too large is read
/// to its end and thrown away, up to this many times the limit.
const DISCARD_FACTOR: usize = 4;

/// The whole body. Memory grows with what has arrived, not with what was announced.
pub(crate) async fn read(
    body: Incoming,
    headers: &HeaderMap,
    limit: usize,
    within: Duration,
) -> Result<Bytes, Failure> {
    let announced = body.size_hint().lower();
    if announced > limit as u64 && headers.contains_key(EXPECT) {
        // The client waits for a word before it sends.
        return Err(Failure::too_large(limit));
    }
    match tokio::time::timeout(within, collect(body, limit)).await {
        Ok(result) => result,
        Err(_) => Err(Failure::too_slow()),
    }
}

async fn collect(mut body: Incoming, limit: usize) -> Result<Bytes, Failure> {
    // Most bodies are one frame, which needs no copy.
    let Some(first) = next(&mut body).await? else { return Ok(Bytes::new()) };
    if body.is_end_stream() && first.len() <= limit {
        return Ok(first);
    }
    let mut whole = BytesMut::from(first);
    let mut total = whole.len();
    while let Some(more) = next(&mut body).await? {
        total += more.len();
        if total <= limit {
            whole.extend_from_slice(&more);
        } else if total / DISCARD_FACTOR > limit {
            break;
        }
    }
    if total > limit { Err(Failure::too_large(limit)) } else { Ok(whole.freeze()) }
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

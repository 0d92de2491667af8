//! Everything the server doesn't know itself: the host answers.

use std::{net::SocketAddr, sync::Arc};

use bytes::Bytes;
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Body as _, Incoming},
    header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING},
    http::request::Parts,
};

use crate::{
    body::Body,
    host::{ControlRequest, ControlResponse, HostError},
    once::may_repeat,
    read::read,
    reply::{Failure, REQUEST_ID},
    request_id::RequestId,
    worker::Worker,
};

/// A control call's body that needs no place among the uploads.
const SMALL_BODY: u64 = 1 << 20;

pub(crate) async fn control(worker: &Worker, remote: SocketAddr, request: Request<Incoming>) -> Response<Body> {
    let id = RequestId::new();
    match answer(worker, remote, request).await.and_then(|answer| respond(worker, answer)) {
        Ok(mut response) => {
            response.headers_mut().entry(REQUEST_ID).or_insert_with(|| id.to_header());
            response
        }
        Err(failure) => failure.respond(id),
    }
}

async fn answer(worker: &Worker, remote: SocketAddr, request: Request<Incoming>) -> Result<ControlResponse, Failure> {
    let limits = &worker.gateway.limits;
    let (head, body) = request.into_parts();
    may_repeat(&head.method, &head.headers)?;
    let _upload = match body.size_hint().upper() {
        Some(length) if length <= SMALL_BODY => None,
        _ => Some(worker.gateway.uploads.enter().await.ok_or_else(busy)?),
    };
    let body = read(body, limits.max_control_bytes, limits.upload_timeout, &worker.gateway.room).await?;
    ask_host(worker, remote, &head, body, None).await
}

fn busy() -> Failure {
    Failure::unavailable("Too many control calls wait")
}

/// The host's answer; `invokes`: whether the request may invoke that function (204), and nothing else.
pub(crate) async fn ask_host(
    worker: &Worker,
    remote: SocketAddr,
    head: &Parts,
    body: Bytes,
    invokes: Option<String>,
) -> Result<ControlResponse, Failure> {
    let request = ControlRequest {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        headers: pairs(&head.headers),
        body,
        remote_address: remote.to_string(),
        invokes,
    };
    let permit = worker.gateway.control.enter().await;
    let permit = permit.ok_or_else(busy)?;
    let (host, limit) = (Arc::clone(&worker.host), worker.gateway.limits.control_timeout);
    let call = tokio::task::spawn_local(async move {
        let result = tokio::time::timeout(limit, (host.control)(request)).await;
        drop(permit);
        result
    });
    match call.await {
        Ok(Ok(Ok(response))) => Ok(response),
        Ok(Ok(Err(HostError(message)))) => Err(Failure::internal(message)),
        Ok(Err(_)) => Err(Failure::late("The control call took too long")),
        Err(error) => Err(Failure::internal(format!("The control call was dropped: {error}"))),
    }
}

fn pairs(headers: &HeaderMap) -> Vec<(String, String)> {
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect()
}

/// The host's response; framing stays with the server.
pub(crate) fn respond(worker: &Worker, answer: ControlResponse) -> Result<Response<Body>, Failure> {
    let malformed = |what: String| Failure::internal(format!("The host's response is malformed: {what}"));
    let status = StatusCode::from_u16(answer.status)
        .ok()
        .filter(|status| !status.is_informational())
        .ok_or_else(|| malformed(format!("status {}", answer.status)))?;
    let body = match answer.stream {
        None => Body::Full(answer.body),
        Some(id) => {
            let pieces = worker.gateway.streams.body(id);
            Body::Host(pieces.ok_or_else(|| malformed(format!("stream {id}")))?, None)
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in &answer.headers {
        let header = HeaderName::from_bytes(name.as_bytes()).ok().zip(HeaderValue::from_str(value).ok());
        let (name, value) = header.ok_or_else(|| malformed(format!("header {name:?}")))?;
        if ![CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING].contains(&name) {
            response.headers_mut().append(name, value);
        }
    }
    Ok(response)
}

//! An invocation over HTTP: checks the request, runs the function here, and asks the host when that does not end well.

use std::{rc::Rc, sync::Arc, sync::atomic::Ordering::Relaxed, time::Instant};

use bytes::Bytes;
use hyper::{
    HeaderMap, Method, Request, Response,
    body::Incoming,
    header::{HeaderName, HeaderValue},
};
use serde_json::value::RawValue;
use swarmlambda_executor::Invocation;

use crate::{
    body::Body,
    gateway::Gateway,
    host::{Ending, HostError, MissRequest, MissResponse, Outcome},
    read::read,
    receipt::{EDGE, Receipt, TRIES, Tries},
    reply::Failure,
    request_id::RequestId,
    target::{self, Target},
    worker::Worker,
};

const LOG_TYPE: HeaderName = HeaderName::from_static("x-amz-log-type");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("x-amz-client-context");
const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
const FAILOVER: HeaderName = HeaderName::from_static("x-swarm-failover");
const NO_EVENT: Bytes = Bytes::from_static(b"{}");

/// What the headers of an invocation ask for.
struct Asked {
    log_tail: bool,
    client_context: Option<String>,
    failover: Option<String>,
}

/// Answers an invocation. The caller has seen that this is the path of one.
pub(crate) async fn invoke(worker: &Rc<Worker>, request: Request<Incoming>) -> Response<Body> {
    let started = Instant::now();
    let gateway = &*worker.gateway;
    let _in_flight = gateway.counters.invocation();
    let id = RequestId::new();
    let response = match answer(worker, request, id, started).await {
        Ok(response) => response,
        Err(failure) => {
            let mut response = failure.respond(id);
            response.headers_mut().insert(EDGE, gateway.name_header.clone());
            response
        }
    };
    gateway.counters.answered(started.elapsed());
    response
}

async fn answer(
    worker: &Rc<Worker>,
    request: Request<Incoming>,
    id: RequestId,
    started: Instant,
) -> Result<Response<Body>, Failure> {
    let gateway = &*worker.gateway;
    let (head, body) = request.into_parts();
    if head.method != Method::POST {
        return Err(Failure::method_not_allowed("POST"));
    }
    let segment = target::segment(head.uri.path()).unwrap_or_default();
    let Target { name, qualifier } =
        target::parse(segment, head.uri.query()).map_err(|bad| Failure::invalid_parameter(bad.0))?;
    let asked = Asked::parse(&head.headers)?;
    let payload = read(body, gateway.limits.max_event_bytes, gateway.limits.body_timeout).await?;
    let payload = event(payload)?;
    let request_id = id.to_text();
    let outcome = match gateway.table.get(&name, qualifier.as_deref()) {
        Some(entry) => {
            let (request_id, payload) = (request_id.clone(), payload.clone());
            let client_context = asked.client_context.clone();
            entry.invoke(Invocation { request_id, payload, deadline: None, client_context }).await
        }
        None => Outcome::absent(started.elapsed()),
    };
    let mut tries = Tries::new();
    tries.push(&gateway.name, outcome.class, outcome.duration);
    let receipt = Receipt { name: &name, id, edge: gateway.name_header.clone(), tries, log_tail: asked.log_tail };
    if outcome.class == Ending::Ok {
        return Ok(receipt.respond(outcome));
    }
    let miss = MissRequest {
        name: name.clone().into_owned(),
        qualifier: qualifier.map(|qualifier| qualifier.into_owned()),
        request_id,
        payload,
        client_context: asked.client_context,
        failover: asked.failover,
        local: outcome,
    };
    Ok(Box::pin(fail_over(worker, miss, receipt)).await)
}

/// Lets the host find a better ending, and answers with what came of it.
async fn fail_over(worker: &Rc<Worker>, request: MissRequest, mut receipt: Receipt<'_>) -> Response<Body> {
    match ask_host(worker, request).await {
        Ok(MissResponse { edge, tries, outcome }) => {
            receipt.tries.extend(&tries);
            if let Ok(edge) = HeaderValue::from_str(&edge) {
                receipt.edge = edge;
            }
            receipt.respond(outcome)
        }
        Err(failure) => {
            let mut response = failure.respond(receipt.id);
            response.headers_mut().insert(EDGE, receipt.edge);
            response.headers_mut().insert(TRIES, receipt.tries.into_header());
            response
        }
    }
}

async fn ask_host(worker: &Worker, request: MissRequest) -> Result<MissResponse, Failure> {
    let gateway: &Gateway = &worker.gateway;
    gateway.counters.misses.fetch_add(1, Relaxed);
    let permit = gateway.miss.enter().await;
    let permit = permit.ok_or_else(|| Failure::unavailable("Too many invocations wait for another edge"))?;
    let (host, limit) = (Arc::clone(&worker.host), gateway.limits.miss_timeout);
    // The host works on when the client goes away, so its place is taken as long as it works.
    let call = tokio::task::spawn_local(async move {
        let result = tokio::time::timeout(limit, (host.miss)(request)).await;
        drop(permit);
        result
    });
    match call.await {
        Ok(Ok(Ok(response))) => Ok(response),
        Ok(Ok(Err(HostError(message)))) => Err(Failure::internal(message)),
        Ok(Err(_)) => Err(Failure::late("The invocation took too long")),
        Err(error) => Err(Failure::internal(format!("The invocation was dropped: {error}"))),
    }
}

/// The event: the body if it is JSON, checked without building anything; `{}` if there is none.
fn event(body: Bytes) -> Result<Bytes, Failure> {
    if body.is_empty() {
        return Ok(NO_EVENT);
    }
    match serde_json::from_slice::<&RawValue>(&body) {
        Ok(_) => Ok(body),
        Err(error) => Err(Failure::invalid_content(format!("Could not parse request body into json: {error}"))),
    }
}

impl Asked {
    fn parse(headers: &HeaderMap) -> Result<Self, Failure> {
        if let Some(kind) = headers.get(INVOCATION_TYPE)
            && kind != "RequestResponse"
        {
            return Err(Failure::invalid_parameter(format!(
                "X-Amz-Invocation-Type {kind:?} is not supported: only \"RequestResponse\" is"
            )));
        }
        Ok(Self {
            log_tail: headers.get(LOG_TYPE).is_some_and(|kind| kind == "Tail"),
            client_context: headers.get(CLIENT_CONTEXT).map(client_context).transpose()?,
            failover: headers.get(FAILOVER).map(failover).transpose()?,
        })
    }
}

fn client_context(value: &HeaderValue) -> Result<String, Failure> {
    base64_simd::STANDARD
        .decode_to_vec(value.as_bytes())
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|text| serde_json::from_str::<&RawValue>(text).is_ok())
        .ok_or_else(|| Failure::invalid_content("X-Amz-Client-Context must be JSON in Base64"))
}

fn failover(value: &HeaderValue) -> Result<String, Failure> {
    match value.to_str() {
        Ok(text @ ("any" | "safe" | "never")) => Ok(text.to_owned()),
        _ => Err(Failure::invalid_parameter(format!("X-Swarm-Failover {value:?} must be any, safe or never"))),
    }
}

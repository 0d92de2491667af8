//! Who answers a request: the hot table, the server itself, the UI's assets, or the host.

use std::{
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::atomic::Ordering::Relaxed,
};

use bytes::Bytes;
use hyper::{
    Method, Request, Response, StatusCode, Uri,
    body::Incoming,
    header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_LENGTH, HeaderValue, ORIGIN, VARY},
};

use crate::{
    asked::is_asynchronous, body::Body, control::control, door::ACME_CHALLENGE, gateway::Gateway, invoke::invoke,
    reply, reply::Failure, request_id::RequestId, stream::stream, target, web, worker::Worker,
};

pub(crate) async fn dispatch(worker: &Rc<Worker>, remote: SocketAddr, request: Request<Incoming>) -> Response<Body> {
    worker.gateway.counters.requests.fetch_add(1, Relaxed);
    if target::segment(request.uri().path()).is_some() {
        if is_asynchronous(request.headers()) {
            return Box::pin(control(worker, remote, request)).await;
        }
        return invoke(worker, request).await;
    }
    if target::streaming_segment(request.uri().path()).is_some() {
        return Box::pin(stream(worker, request)).await;
    }
    let head = request.method() == Method::HEAD;
    // Under every name, before any function's route.
    if request.uri().path().starts_with(ACME_CHALLENGE) {
        let response = Box::pin(control(worker, remote, request)).await;
        return if head { without_body(response) } else { response };
    }
    if web::is_for_functions(&worker.gateway, &request) {
        let response = Box::pin(web::web(worker, remote, request)).await;
        return if head { without_body(response) } else { response };
    }
    let response = match known(&worker.gateway, &request) {
        Some(response) => response,
        None if web::is_for_routes(&worker.gateway, &request) => Box::pin(web::web(worker, remote, request)).await,
        None => Box::pin(control(worker, remote, request)).await,
    };
    if head { without_body(response) } else { response }
}

/// `None`: for the host.
fn known(gateway: &Gateway, request: &Request<Incoming>) -> Option<Response<Body>> {
    let answer = match request.uri().path() {
        "/healthz" => health,
        "/cluster" => cluster,
        "/events" => events,
        _ => return gateway.assets.respond(request),
    };
    let allowed = request.method() == Method::GET || request.method() == Method::HEAD;
    let response = if allowed { answer(gateway) } else { Err(Failure::method_not_allowed("GET, HEAD")) };
    let response = response.unwrap_or_else(|failure| failure.respond(RequestId::new()));
    Some(readable_by_neighbours(request.headers().get(ORIGIN), response))
}

/// The page of an edge that died goes on by what another edge tells. Its origin is an address near us, or localhost; a
/// page of the web has a name, and may not look into the mesh behind its reader's browser.
fn readable_by_neighbours(origin: Option<&HeaderValue>, mut response: Response<Body>) -> Response<Body> {
    if let Some(origin) = origin.filter(|origin| is_neighbour(origin)) {
        response.headers_mut().insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        response.headers_mut().append(VARY, HeaderValue::from_static("origin"));
    }
    response
}

fn is_neighbour(origin: &HeaderValue) -> bool {
    let Some(uri) = origin.to_str().ok().and_then(|text| text.parse::<Uri>().ok()) else { return false };
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host.parse::<IpAddr>().is_ok_and(|address| match address {
            IpAddr::V4(v4) => v4.is_loopback() || v4.is_private(),
            IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local(),
        })
}

fn health(gateway: &Gateway) -> Result<Response<Body>, Failure> {
    Ok(uncached(gateway.health()))
}

fn cluster(gateway: &Gateway) -> Result<Response<Body>, Failure> {
    let snapshot = gateway.events.snapshot.load_full();
    let snapshot = snapshot.ok_or_else(|| Failure::unavailable("This edge is starting"))?;
    Ok(uncached(reply::json(StatusCode::OK, Bytes::clone(&snapshot))))
}

fn events(gateway: &Gateway) -> Result<Response<Body>, Failure> {
    let stream = gateway.events.subscribe(&gateway.limits);
    Ok(stream.ok_or_else(|| Failure::unavailable("Too many listeners, or this edge is closing"))?.respond())
}

fn uncached(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The response to `HEAD`: the headers of the response to `GET`.
fn without_body(mut response: Response<Body>) -> Response<Body> {
    if let Body::Full(bytes) = response.body() {
        let length = bytes.len();
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    *response.body_mut() = Body::empty();
    response
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::is_neighbour;

    #[test]
    fn pages_of_near_addresses_may_look_and_pages_of_the_web_may_not() {
        let near = ["http://127.0.0.1:8788", "http://localhost:8788", "http://[::1]:8788", "http://192.168.1.7:8787"];
        let far = [
            "http://example.com",
            "http://8.8.8.8",
            "https://127.0.0.1.example.com",
            "null",
            "http://localhost.example.com",
            "",
        ];
        assert!(near.iter().all(|origin| is_neighbour(&HeaderValue::from_static(origin))));
        assert!(!far.iter().any(|origin| is_neighbour(&HeaderValue::from_static(origin))));
    }
}

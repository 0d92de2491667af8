//! Functions as HTTP servers: under `/fn/{name}/…`, `http://{name}.lambda.mesh/…`, their function URLs, and routes. A request
//! becomes an event of API Gateway's payload format, and what the function answers becomes a response. One that streams
//! reaches the client as it is produced.

mod answer;
mod cors;
mod event;
mod sites;

use std::{borrow::Cow, collections::BTreeMap, future::poll_fn, net::SocketAddr, rc::Rc, sync::Arc};

use bytes::Bytes;
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::Incoming,
    header::{ALLOW, HOST, HeaderValue},
    http::request::Parts,
};

pub(crate) use self::sites::{Given, Sites};
use self::{
    answer::{Answer, message, whole},
    cors::Cors,
    event::{Arrival, Format},
    sites::Routed,
};
use crate::{
    asked::Asked as Headers,
    body::Body,
    control::ask_host,
    gateway::Gateway,
    host::Ending,
    invoke::Call,
    read::read,
    receipt::EDGE,
    recent::Via,
    reply::{Failure, REQUEST_ID},
    request_id::RequestId,
    stream::{Begun, Counted, Noted, StreamBody, ended},
    target::{self, Target},
    worker::Worker,
};

const PREFIX: &str = "/fn/";
const URL: &str = "lambda-url";

/// By what a request names its function.
#[derive(Debug, PartialEq, Eq)]
enum Place<'a> {
    /// A name, perhaps with a qualifier, percent-encoded; and the path that the function sees.
    Function(&'a str, &'a str),
    /// A function URL's id.
    Url(&'a str),
}

/// Whether functions or routes answer this.
pub(crate) fn is_for_functions<T>(gateway: &Gateway, request: &Request<T>) -> bool {
    let path = request.uri().path();
    let sites = gateway.sites.load();
    place(&sites, path, request.headers()).is_some() || (path == "/" && sites.take_root(request.method()))
}

/// Whether a route may answer what is nothing of the edge's own.
pub(crate) fn is_for_routes<T>(gateway: &Gateway, request: &Request<T>) -> bool {
    gateway.sites.load().take(request.uri().path())
}

fn place<'a>(sites: &Sites, path: &'a str, headers: &'a HeaderMap) -> Option<Place<'a>> {
    if let Some(rest) = path.strip_prefix(PREFIX) {
        let at = rest.find('/').unwrap_or(rest.len());
        return (at > 0).then(|| Place::Function(&rest[..at], if at == rest.len() { "/" } else { &rest[at..] }));
    }
    let host = headers.get(HOST)?.to_str().ok()?;
    let mut labels = sites.labels(host.split(':').next()?)?.split('.');
    match (labels.next()?, labels.next(), labels.next(), labels.next()) {
        (name, None, ..) => Some(Place::Function(name, path)),
        (id, Some(URL), Some(_), None) => Some(Place::Url(id)),
        _ => None,
    }
}

/// Answers such a request.
pub(crate) async fn web(worker: &Rc<Worker>, remote: SocketAddr, request: Request<Incoming>) -> Response<Body> {
    let id = RequestId::new();
    let counted = Counted::new(&worker.gateway);
    answer(worker, remote, request, id, counted).await.unwrap_or_else(|failure| {
        let mut response = failure.respond(id);
        response.headers_mut().insert(EDGE, worker.gateway.name_header.clone());
        response
    })
}

/// What a request asks of which function.
struct Asked<'a> {
    target: Target<'a>,
    path: &'a str,
    api_id: String,
    route_key: String,
    path_parameters: BTreeMap<String, String>,
    format: Format,
    signed: bool,
    streams: bool,
    cors: Option<Cors>,
}

impl<'a> Asked<'a> {
    fn of(target: Target<'a>, path: &'a str) -> Self {
        Self {
            api_id: target.name.clone().into_owned(),
            target,
            path,
            route_key: "$default".to_owned(),
            path_parameters: BTreeMap::new(),
            format: Format::V2,
            signed: false,
            streams: true,
            cors: None,
        }
    }

    /// Or the response that says that there is no such function.
    fn find(gateway: &Gateway, head: &'a Parts) -> Result<Result<Self, Response<Body>>, Failure> {
        let sites = gateway.sites.load();
        let owned = |name: &str, qualifier: &Option<String>| Target {
            name: Cow::Owned(name.to_owned()),
            qualifier: qualifier.clone().map(Cow::Owned),
        };
        let path = head.uri.path();
        Ok(Ok(match place(&sites, path, &head.headers) {
            Some(Place::Function(segment, path)) => {
                let target = target::parse(segment, None).map_err(|bad| Failure::invalid_parameter(bad.0))?;
                let url = if target.qualifier.is_none() { sites.url_of(&target.name) } else { None };
                let (signed, cors) = url.map_or((false, None), |url| (url.signed, url.cors.clone()));
                Self { signed, cors, ..Self::of(target, path) }
            }
            Some(Place::Url(id)) => {
                let Some(url) = sites.url(id) else { return Ok(Err(message(StatusCode::NOT_FOUND, "Not Found"))) };
                Self {
                    api_id: id.to_owned(),
                    signed: url.signed,
                    streams: url.streams,
                    cors: url.cors.clone(),
                    ..Self::of(owned(&url.function, &url.qualifier), path)
                }
            }
            None => {
                let cors = sites.cors.clone();
                if let Some(response) = cors.as_ref().and_then(|cors| cors.preflight(&head.method, &head.headers)) {
                    return Ok(Err(response));
                }
                let refusal = match sites.route(&head.method, path) {
                    Routed::To(route, path_parameters) => {
                        return Ok(Ok(Self {
                            api_id: "routes".to_owned(),
                            route_key: route.key.clone(),
                            path_parameters,
                            format: route.format,
                            cors,
                            ..Self::of(owned(&route.function, &route.qualifier), path)
                        }));
                    }
                    Routed::Nowhere => message(StatusCode::NOT_FOUND, "Not Found"),
                    Routed::Method(allow) => {
                        let mut response = message(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
                        response.headers_mut().extend(HeaderValue::try_from(allow).ok().map(|allow| (ALLOW, allow)));
                        response
                    }
                };
                return Ok(Err(with_cors(refusal, cors.as_ref(), &head.headers)));
            }
        }))
    }
}

async fn answer(
    worker: &Rc<Worker>,
    remote: SocketAddr,
    request: Request<Incoming>,
    id: RequestId,
    counted: Counted,
) -> Result<Response<Body>, Failure> {
    let gateway = &*worker.gateway;
    let (head, body) = request.into_parts();
    let mut asked = match Asked::find(gateway, &head)? {
        Ok(asked) => asked,
        Err(mut response) => {
            response.headers_mut().insert(REQUEST_ID, id.to_header());
            response.headers_mut().insert(EDGE, gateway.name_header.clone());
            return Ok(response);
        }
    };
    if let Some(mut response) = asked.cors.as_ref().and_then(|cors| cors.preflight(&head.method, &head.headers)) {
        response.headers_mut().insert(REQUEST_ID, id.to_header());
        return Ok(response);
    }
    let body = read(body, gateway.limits.max_event_bytes, gateway.limits.body_timeout, &gateway.room).await?;
    if asked.signed
        && let Some(refusal) = refused(worker, remote, &head, &body, &asked.target).await?
    {
        return Ok(with_cors(refusal, asked.cors.as_ref(), &head.headers));
    }
    asked.target.qualifier = gateway.table.version(&asked.target.name, asked.target.qualifier);
    let Asked { target, path, api_id, route_key, path_parameters, format, streams, cors, .. } = asked;
    let arrival =
        Arrival { head: &head, path, body: &body, remote, id, api_id: &api_id, route_key: &route_key, path_parameters };
    let event = arrival.event(format).map_err(|error| Failure::internal(error.to_string()))?;
    let headers = Headers::find(&head.headers);
    let seen = (headers.origin(Via::Http), counted.started);
    let call = Call::of(target, event.into(), headers.failover()?, headers.once(&head, &body)?, id, seen);
    let mut response = executed(worker, &call, streams, counted).await?;
    response.headers_mut().insert(REQUEST_ID, id.to_header());
    Ok(with_cors(response, cors.as_ref(), &head.headers))
}

async fn executed(
    worker: &Rc<Worker>,
    call: &Call<'_>,
    streams: bool,
    counted: Counted,
) -> Result<Response<Body>, Failure> {
    let gateway = &*worker.gateway;
    let mut receipt = call.receipt(gateway);
    let begun = Begun::of(call, worker, counted.started).await;
    let mut response = match begun {
        Begun::Streams(begin, streaming) => {
            receipt.tries.push_named(&gateway.name, "streams", counted.started.elapsed());
            let noted = Noted::new(call, receipt.tries.as_str(), &counted);
            let stream = Box::new(StreamBody::raw(streaming, noted, counted));
            let body = if streams { Some(Body::Stream(stream, None)) } else { collected(stream, gateway).await };
            let answer = begin.prelude.as_deref().and_then(|prelude| serde_json::from_str(prelude.get()).ok());
            let answer = answer.unwrap_or_else(|| Answer::of_type(begin.content_type));
            body.map_or_else(|| message(StatusCode::BAD_GATEWAY, "Internal Server Error"), |body| answer.respond(body))
        }
        Begun::Ended(local) => {
            let outcome = match ended(worker, call, local, &mut receipt).await {
                Ok(outcome) => outcome,
                Err(failure) => return Ok(receipt.refuse(&failure)),
            };
            match outcome.class {
                Ending::Ok => whole(&outcome.payload),
                Ending::Absent => message(StatusCode::NOT_FOUND, "Not Found"),
                Ending::Refused => message(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
                Ending::Unreachable => message(StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
                Ending::Timeout => message(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out"),
                Ending::Error | Ending::Crashed => message(StatusCode::BAD_GATEWAY, "Internal Server Error"),
            }
        }
    };
    receipt.stamp(response.headers_mut());
    Ok(response)
}

/// All that a function streams; `None`: it failed, or it is more than a buffered response may be.
async fn collected(mut stream: Box<StreamBody>, gateway: &Gateway) -> Option<Body> {
    let mut all = Vec::new();
    while let Some(part) = poll_fn(|cx| stream.poll_next(cx)).await {
        all.extend_from_slice(&part.ok()?);
        if all.len() > gateway.limits.max_event_bytes {
            return None;
        }
    }
    Some(Body::Full(all.into()))
}

/// Asks the host whether the request is signed by somebody who may invoke; the response when not.
async fn refused(
    worker: &Worker,
    remote: SocketAddr,
    head: &Parts,
    body: &Bytes,
    target: &Target<'_>,
) -> Result<Option<Response<Body>>, Failure> {
    let reference =
        target.qualifier.as_ref().map_or_else(|| target.name.to_string(), |alias| format!("{}:{alias}", target.name));
    let answer = ask_host(worker, remote, head, body.clone(), Some(reference)).await?;
    if answer.status == 204 { Ok(None) } else { crate::control::respond(worker, answer).map(Some) }
}

fn with_cors(mut response: Response<Body>, cors: Option<&Cors>, given: &HeaderMap) -> Response<Body> {
    if let Some(cors) = cors {
        cors.stamp(given, response.headers_mut());
    }
    response
}

/// Which function URLs and routes there are, from the host's JSON.
pub(crate) fn parse_sites(json: &str) -> Result<Arc<Sites>, serde_json::Error> {
    Ok(Arc::new(serde_json::from_str::<Given>(json)?.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sites: &Sites, host: &'static str, path: &str) -> String {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static(host))]);
        format!("{:?}", place(sites, path, &headers))
    }

    #[test]
    fn finds_functions_by_path_and_by_host() {
        let sites = Sites::default();
        assert_eq!(found(&sites, "localhost", "/fn/a/b/c"), r#"Some(Function("a", "/b/c"))"#);
        assert_eq!(found(&sites, "localhost", "/fn/a"), r#"Some(Function("a", "/"))"#);
        assert_eq!(found(&sites, "localhost", "/fn/"), "None");
        assert_eq!(found(&sites, "a.lambda.mesh:8790", "/x"), r#"Some(Function("a", "/x"))"#);
        assert_eq!(found(&sites, "abc.lambda-url.us-east-1.lambda.mesh", "/x"), r#"Some(Url("abc"))"#);
        assert_eq!(found(&sites, "lambda.mesh", "/x"), "None");
        assert_eq!(found(&sites, "a.fn.example.org", "/x"), "None");
    }

    #[test]
    fn finds_functions_under_the_zone_of_the_mesh() {
        let given = serde_json::json!({ "urls": [], "routes": [], "reserved": [], "zone": "example.org", "hosts": ["edge.example.org"] });
        let sites: Sites = serde_json::from_value::<Given>(given).unwrap().into();
        assert_eq!(found(&sites, "a.example.org", "/x"), r#"Some(Function("a", "/x"))"#);
        assert_eq!(found(&sites, "abc.lambda-url.us-east-1.example.org:8443", "/x"), r#"Some(Url("abc"))"#);
        assert_eq!(found(&sites, "a.lambda.mesh", "/x"), r#"Some(Function("a", "/x"))"#);
        for host in ["example.org", "edge.example.org", "a.badexample.org", "a.example.org.evil"] {
            assert_eq!(found(&sites, host, "/x"), "None", "{host}");
        }
    }
}

//! Functions as HTTP servers, under `/fn/{name}/…` and `http://{name}.lambda.mesh/…`: a request becomes an event of API Gateway's
//! payload format 2.0, and what the function answers becomes a response. One that streams reaches the client as it is produced.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    net::SocketAddr,
    rc::Rc,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, COOKIE, HOST, HeaderName, HeaderValue, SET_COOKIE, USER_AGENT},
    http::request::Parts,
};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};

use crate::{
    body::Body,
    host::{Ending, Outcome},
    invoke::{Call, fail_over},
    read::read,
    receipt::EDGE,
    reply::{Failure, JSON, REQUEST_ID},
    request_id::RequestId,
    stream::{Begun, Counted, StreamBody, Streaming},
    target,
    worker::Worker,
};

const PREFIX: &str = "/fn/";
const ZONE: &str = ".lambda.mesh";
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Which function a request is for, and the path that the function sees.
pub(crate) fn place<'a>(path: &'a str, headers: &'a HeaderMap) -> Option<(&'a str, &'a str)> {
    if let Some(rest) = path.strip_prefix(PREFIX) {
        let at = rest.find('/').unwrap_or(rest.len());
        return (at > 0).then(|| (&rest[..at], if at == rest.len() { "/" } else { &rest[at..] }));
    }
    let host = headers.get(HOST)?.to_str().ok()?;
    let name = host.split(':').next()?.strip_suffix(ZONE)?;
    (!name.contains('.')).then_some((name, path))
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

async fn answer(
    worker: &Rc<Worker>,
    remote: SocketAddr,
    request: Request<Incoming>,
    id: RequestId,
    counted: Counted,
) -> Result<Response<Body>, Failure> {
    let gateway = &*worker.gateway;
    let (head, body) = request.into_parts();
    let (segment, path) = place(head.uri.path(), &head.headers).unwrap_or_default();
    let mut target = target::parse(segment, None).map_err(|bad| Failure::invalid_parameter(bad.0))?;
    target.qualifier = gateway.table.version(&target.name, target.qualifier);
    let body = read(body, gateway.limits.max_event_bytes, gateway.limits.body_timeout).await?;
    let event = serde_json::to_vec(&Event::new(&head, &target.name, path, &body, remote, id));
    let event = event.map_err(|error| Failure::internal(error.to_string()))?;
    let call = Call::of(target, event.into(), id);
    let mut receipt = call.receipt(gateway);
    let begun = match call.entry(gateway) {
        Some(entry) => Streaming::start(entry, call.invocation()).begun().await,
        None => Begun::Ended(Outcome::absent(counted.started.elapsed())),
    };
    let mut response = match begun {
        Begun::Streams(begin, streaming) => {
            receipt.tries.push_named(&gateway.name, "streams", counted.started.elapsed());
            let body = Body::Stream(Box::new(StreamBody::raw(streaming, counted)));
            let answer = begin.prelude.as_deref().and_then(|prelude| serde_json::from_str(prelude.get()).ok());
            answer.unwrap_or_else(|| Answer { content_type: begin.content_type, ..Answer::default() }).respond(body)
        }
        Begun::Ended(mut outcome) => {
            receipt.tries.push(&gateway.name, outcome.class, outcome.duration);
            if outcome.class != Ending::Ok {
                outcome = match fail_over(worker, &call, outcome, &mut receipt).await {
                    Ok(outcome) => outcome,
                    Err(failure) => return Ok(receipt.refuse(&failure)),
                };
            }
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
    response.headers_mut().insert(REQUEST_ID, id.to_header());
    receipt.stamp(response.headers_mut());
    Ok(response)
}

/// The event: format 2.0 of API Gateway's Lambda integrations, as function URLs have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'a str,
    route_key: &'a str,
    raw_path: Cow<'a, str>,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: Context<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'a str,
    api_id: &'a str,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: String,
    route_key: &'a str,
    stage: &'a str,
    time: String,
    time_epoch: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: Cow<'a, str>,
    protocol: &'a str,
    source_ip: String,
    user_agent: Cow<'a, str>,
}

impl<'a> Event<'a> {
    fn new(head: &'a Parts, name: &'a str, path: &'a str, body: &'a Bytes, remote: SocketAddr, id: RequestId) -> Self {
        let text = |name: &HeaderName| head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let host = head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let domain = host.split(':').next().unwrap_or_default();
        let raw_path = decode(path);
        let query = head.uri.query().unwrap_or_default();
        let (content, is_base64_encoded) = text_of(&head.headers, body);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Behind a proxy on this machine the client is whom the proxy names.
        let forwarded = text(&FORWARDED_FOR).filter(|_| remote.ip().is_loopback());
        let source = forwarded.and_then(|list| Some(list.rsplit(',').next()?.trim().to_owned()));
        Self {
            version: "2.0",
            route_key: "$default",
            raw_path: raw_path.clone(),
            raw_query_string: query,
            cookies: cookies(&head.headers),
            headers: headers(&head.headers),
            query_string_parameters: parameters(query),
            request_context: Context {
                account_id: "anonymous",
                api_id: name,
                domain_name: domain,
                domain_prefix: domain.split('.').next().unwrap_or_default(),
                http: Http {
                    method: head.method.as_str(),
                    path: raw_path,
                    protocol: if head.version == hyper::Version::HTTP_2 { "HTTP/2.0" } else { "HTTP/1.1" },
                    source_ip: source.unwrap_or_else(|| remote.ip().to_string()),
                    user_agent: text(&USER_AGENT).unwrap_or_default(),
                },
                request_id: id.to_text(),
                route_key: "$default",
                stage: "$default",
                time: access_log_time(now.as_secs()),
                time_epoch: now.as_millis() as u64,
            },
            body: (!body.is_empty()).then_some(content),
            is_base64_encoded,
        }
    }
}

fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// By lower-case name, several of one name joined; cookies stand apart.
fn headers(given: &HeaderMap) -> BTreeMap<&str, String> {
    let mut all = BTreeMap::<&str, String>::new();
    for (name, value) in given.iter().filter(|(name, _)| **name != COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        all.entry(name.as_str())
            .and_modify(|all| *all = format!("{all},{value}"))
            .or_insert_with(|| value.into_owned());
    }
    all
}

fn cookies(given: &HeaderMap) -> Vec<String> {
    let lines = given.get_all(COOKIE).iter().map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
    lines
        .flat_map(|line| line.split("; ").map(str::to_owned).collect::<Vec<_>>())
        .filter(|one| !one.is_empty())
        .collect()
}

fn parameters(query: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::<String, String>::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let plain = |text: &str| decode(&text.replace('+', " ")).into_owned();
        let value = plain(value);
        all.entry(plain(name)).and_modify(|all| *all = format!("{all},{value}")).or_insert(value);
    }
    all
}

/// A body as text when its type says so and it is; else in Base64.
fn text_of<'a>(headers: &HeaderMap, body: &'a Bytes) -> (Cow<'a, str>, bool) {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("application/octet-stream");
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = kind.starts_with("text/")
        || matches!(kind.as_str(), "application/json" | "application/javascript" | "application/xml")
        || kind.ends_with("+json")
        || kind.ends_with("+xml");
    match std::str::from_utf8(body) {
        Ok(text) if is_text || body.is_empty() => (Cow::Borrowed(text), false),
        _ => (Cow::Owned(base64_simd::STANDARD.encode_to_string(body)), true),
    }
}

/// `24/Nov/2026:14:03:05 +0000`.
fn access_log_time(seconds: u64) -> String {
    let time = UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    // `Tue, 24 Nov 2026 14:03:05 GMT`.
    let http = httpdate::fmt_http_date(time);
    let mut words = http.split(' ').skip(1);
    let mut next = || words.next().unwrap_or_default();
    format!("{}/{}/{}:{} +0000", next(), next(), next(), next())
}

/// What a function answers with, if it says more than the body.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer<'a> {
    status_code: Option<Value>,
    headers: BTreeMap<String, Value>,
    multi_value_headers: BTreeMap<String, Vec<Value>>,
    cookies: Vec<String>,
    #[serde(borrow)]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
    #[serde(skip)]
    content_type: Option<String>,
}

/// The response to a result that came as a whole.
fn whole(payload: &Bytes) -> Response<Body> {
    #[derive(Deserialize)]
    struct Marked<'a> {
        #[serde(rename = "statusCode", borrow)]
        _status: &'a RawValue,
    }
    // A list would do for a structure, too.
    if payload.starts_with(b"{") && serde_json::from_slice::<Marked<'_>>(payload).is_ok() {
        let Ok(mut answer) = serde_json::from_slice::<Answer<'_>>(payload) else {
            return message(StatusCode::BAD_GATEWAY, "Internal Server Error");
        };
        let body = answer.body.take().unwrap_or_default();
        let content = if answer.is_base64_encoded {
            base64_simd::forgiving_decode_to_vec(body.as_bytes()).ok()
        } else {
            Some(body.into_owned().into_bytes())
        };
        return match content {
            Some(content) => answer.respond(Body::Full(content.into())),
            None => message(StatusCode::BAD_GATEWAY, "Internal Server Error"),
        };
    }
    // No status: a JSON answer, or a text as it is.
    let content = serde_json::from_slice::<String>(payload).map_or_else(|_| payload.clone(), Bytes::from);
    Answer::default().respond(Body::Full(content))
}

impl Answer<'_> {
    fn respond(self, body: Body) -> Response<Body> {
        let status = match self.status_code {
            None => Some(StatusCode::OK),
            Some(Value::Number(number)) => {
                number.as_u64().and_then(|code| StatusCode::from_u16(code.try_into().ok()?).ok())
            }
            Some(Value::String(text)) => text.parse().ok().and_then(|code| StatusCode::from_u16(code).ok()),
            Some(_) => None,
        };
        let Some(status) = status.filter(|status| status.as_u16() >= 200) else {
            return message(StatusCode::BAD_GATEWAY, "Internal Server Error");
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        for (name, value) in &self.headers {
            add(headers, name, value, false);
        }
        for (name, value) in
            self.multi_value_headers.iter().flat_map(|(name, all)| all.iter().map(move |one| (name, one)))
        {
            add(headers, name, value, true);
        }
        for cookie in self.cookies {
            add(headers, SET_COOKIE.as_str(), &Value::String(cookie), true);
        }
        let default = self.content_type.and_then(|kind| HeaderValue::try_from(kind).ok()).unwrap_or(JSON);
        headers.entry(CONTENT_TYPE).or_insert(default);
        response
    }
}

/// A header of the function's; what can't be one, or is the connection's, is left out.
fn add(headers: &mut HeaderMap, name: &str, value: &Value, more: bool) {
    const HOP: [&str; 4] = ["connection", "content-length", "keep-alive", "transfer-encoding"];
    let text = match value {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        Value::Null => return,
        other => Cow::Owned(other.to_string()),
    };
    let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(text.as_bytes())) else { return };
    if HOP.contains(&name.as_str()) {
        return;
    }
    if more {
        headers.append(name, value);
    } else {
        headers.insert(name, value);
    }
}

fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = crate::reply::json(status, serde_json::json!({ "message": text }).to_string().into());
    if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(hyper::header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_time_of_an_access_log() {
        assert_eq!(access_log_time(1_795_529_785), "24/Nov/2026:14:16:25 +0000");
    }

    #[test]
    fn finds_functions_by_path_and_by_host() {
        let mut headers = HeaderMap::new();
        assert_eq!(place("/fn/a/b/c", &headers), Some(("a", "/b/c")));
        assert_eq!(place("/fn/a", &headers), Some(("a", "/")));
        assert_eq!(place("/fn/", &headers), None);
        headers.insert(HOST, HeaderValue::from_static("a.lambda.mesh:8790"));
        assert_eq!(place("/x", &headers), Some(("a", "/x")));
        headers.insert(HOST, HeaderValue::from_static("lambda.mesh"));
        assert_eq!(place("/x", &headers), None);
    }

    #[test]
    fn joins_what_is_there_twice() {
        assert_eq!(parameters("a=1&a=%202&b&c=x+y")["a"], "1, 2");
        assert_eq!(parameters("c=x+y")["c"], "x y");
    }
}

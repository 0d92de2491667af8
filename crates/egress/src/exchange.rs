//! One request of a function: its hops, each checked, and what came back, piece by piece.

use crate::{Egress, Failure, Policy};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::sync::mpsc;
use url::{Host, Url};

/// The Fetch Standard's limit.
const MAX_REDIRECTS: usize = 20;
/// The longest piece of a body that is handed over at once.
const MAX_CHUNK_BYTES: usize = 256 * 1024;

/// What the client sets itself, or what belongs to one connection only.
const OURS: [HeaderName; 8] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Redirect {
    #[default]
    Follow,
    /// The redirect itself is the answer.
    Manual,
    Error,
}

#[derive(Debug)]
pub struct Request {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    pub redirect: Redirect,
}

#[derive(Debug)]
pub struct Head {
    pub status: u16,
    pub status_text: String,
    /// Of the last hop.
    pub url: String,
    pub redirected: bool,
    pub headers: Vec<(String, String)>,
}

#[derive(Debug)]
pub enum Event {
    Head(Head),
    Chunk(Bytes),
    End,
    Failed(Failure),
}

/// A request on its way. Dropping it ends it.
pub struct Exchange {
    events: mpsc::Receiver<Event>,
    task: Option<tokio::task::AbortHandle>,
}

impl Exchange {
    /// Starts a request within `policy`. What is sent and received counts against `budget` (bytes, bodies only).
    pub fn start(egress: &Arc<Egress>, policy: &Arc<Policy>, request: Request, budget: &Arc<AtomicU64>) -> Self {
        // One event waits here, others in the kernel: a body comes as fast as it is taken.
        let (sender, events) = mpsc::channel(1);
        let (shared, policy, budget) = (Arc::downgrade(egress), policy.clone(), budget.clone());
        let task = egress.spawn(async move {
            let result = match shared.upgrade() {
                Some(egress) => run(&egress, &policy, request, &budget, &sender).await,
                None => return,
            };
            let last = result.map_or_else(Event::Failed, |()| Event::End);
            // Nobody listens any more: fine.
            let _ = sender.send(last).await;
        });
        Self { events, task }
    }

    /// The next event: a head, chunks, an end; or a failure.
    pub fn poll_event(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Event> {
        self.events.poll_recv(cx).map(|event| {
            event.unwrap_or_else(|| Event::Failed(Failure::new("UND_ERR_DESTROYED", "the request was ended")))
        })
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }
}

async fn run(
    egress: &Egress,
    policy: &Arc<Policy>,
    request: Request,
    budget: &AtomicU64,
    events: &mpsc::Sender<Event>,
) -> Result<(), Failure> {
    spend(budget, request.body.len())?;
    let mut response = follow(egress, policy, request).await?;
    let head = response.1;
    let _ = events.send(Event::Head(head)).await;
    while let Some(chunk) = response.0.chunk().await.map_err(|error| Failure::of(&error))? {
        spend(budget, chunk.len())?;
        let mut rest = chunk;
        while !rest.is_empty() {
            let piece = rest.split_to(rest.len().min(MAX_CHUNK_BYTES));
            if events.send(Event::Chunk(piece)).await.is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn spend(budget: &AtomicU64, bytes: usize) -> Result<(), Failure> {
    let spent = budget.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(bytes as u64));
    spent.map(drop).map_err(|_| {
        Failure::new(
            "ERR_SWARM_FETCH_BYTES",
            "the bodies of this invocation's requests are larger than limits.fetchBytes",
        )
    })
}

async fn follow(egress: &Egress, policy: &Arc<Policy>, request: Request) -> Result<(reqwest::Response, Head), Failure> {
    let invalid = |what: &str| Failure::new("ERR_INVALID_ARG_VALUE", what);
    let mut method = Method::from_bytes(request.method.as_bytes()).map_err(|_| invalid("the method"))?;
    let mut url = Url::parse(&request.url).map_err(|error| invalid(&error.to_string()))?;
    let mut headers = headers_of(&request.headers)?;
    let mut body = request.body;
    for hop in 0..=MAX_REDIRECTS {
        let port = check(policy, &url)?;
        let mut sent = egress.client(policy, port)?.request(method.clone(), url.clone()).headers(headers.clone());
        if !body.is_empty() || matches!(method, Method::POST | Method::PUT | Method::PATCH) {
            sent = sent.body(body.clone());
        }
        let response = sent.send().await.map_err(|error| Failure::of(&error))?;
        let status = response.status();
        let target = match status {
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => response.headers().get(header::LOCATION),
            _ => None,
        };
        let target = match (request.redirect, target) {
            (_, None) | (Redirect::Manual, _) => return Ok(with_head(response, hop > 0)),
            (Redirect::Error, Some(_)) => return Err(Failure::new("ERR_UNEXPECTED_REDIRECT", "unexpected redirect")),
            (Redirect::Follow, Some(target)) => target,
        };
        let next = std::str::from_utf8(target.as_bytes()).ok().and_then(|target| url.join(target).ok());
        let mut next = next.ok_or_else(|| Failure::new("ERR_INVALID_URL", "the redirect's Location is no URL"))?;
        if next.fragment().is_none() {
            next.set_fragment(url.fragment());
        }
        let drops_body = match status {
            StatusCode::SEE_OTHER => !matches!(method, Method::GET | Method::HEAD),
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => method == Method::POST,
            _ => false,
        };
        if drops_body {
            method = Method::GET;
            body = Bytes::new();
            for name in
                [header::CONTENT_ENCODING, header::CONTENT_LANGUAGE, header::CONTENT_LOCATION, header::CONTENT_TYPE]
            {
                headers.remove(name);
            }
        }
        if next.origin() != url.origin() {
            headers.remove(header::AUTHORIZATION);
            headers.remove(header::COOKIE);
        }
        url = next;
    }
    Err(Failure::new("ERR_TOO_MANY_REDIRECTS", "redirect count exceeded"))
}

/// Refuses a hop that the policy does not permit, as far as its URL tells; the port.
fn check(policy: &Policy, url: &Url) -> Result<u16, Failure> {
    let (Some(host), Some(port), "http" | "https") = (url.host(), url.port_or_known_default(), url.scheme()) else {
        return Err(Failure::new("ERR_INVALID_URL", format!("unknown scheme {}: only http and https", url.scheme())));
    };
    let text = url.host_str().unwrap_or_default();
    let permitted = match host {
        Host::Domain(name) => policy.permits_name(name, port),
        Host::Ipv4(address) => policy.permits_address(text, address.into(), port),
        Host::Ipv6(address) => policy.permits_address(text, address.into(), port),
    };
    if permitted { Ok(port) } else { Err(Failure::forbidden(text, port)) }
}

fn headers_of(given: &[(String, String)]) -> Result<HeaderMap, Failure> {
    let mut headers = HeaderMap::with_capacity(given.len() + 2);
    headers.insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("SwarmLambda/", env!("CARGO_PKG_VERSION"))));
    let mut replaced = HeaderMap::new();
    for (name, value) in given {
        let bad = || Failure::new("ERR_INVALID_ARG_VALUE", format!("the header {name}"));
        let name_of = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        // Header values are byte strings: each character is one byte.
        let bytes: Option<Vec<u8>> = value.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
        let value = bytes.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok()).ok_or_else(bad)?;
        if !OURS.contains(&name_of) {
            replaced.append(name_of, value);
        }
    }
    for name in replaced.keys() {
        headers.remove(name);
    }
    headers.extend(replaced);
    Ok(headers)
}

fn with_head(response: reqwest::Response, redirected: bool) -> (reqwest::Response, Head) {
    let status = response.status();
    let latin1 = |value: &HeaderValue| value.as_bytes().iter().map(|&byte| char::from(byte)).collect();
    let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), latin1(value))).collect();
    let head = Head {
        status: status.as_u16(),
        status_text: status.canonical_reason().unwrap_or_default().to_owned(),
        url: response.url().to_string(),
        redirected,
        headers,
    };
    (response, head)
}

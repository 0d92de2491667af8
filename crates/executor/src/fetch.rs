//! A guest's requests to the outside. It begins one, asks for its next event, and waits for whichever comes first.

use crate::FunctionSpec;
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::BTreeMap,
    future::poll_fn,
    sync::{Arc, atomic::AtomicU64},
    task::Poll,
    time::Instant,
};
use swarmlambda_egress::{Egress, Event, Exchange, Policy, Redirect, Request};

/// What a function may do outside; shared by all its invocations.
pub struct Outlet {
    egress: Arc<Egress>,
    policy: Arc<Policy>,
    max_count: u32,
    max_bytes: u64,
}

impl Outlet {
    pub fn new(egress: &Arc<Egress>, spec: &FunctionSpec) -> Result<Self, swarmlambda_egress::BadEntry> {
        let policy = Policy::parse(spec.allow.iter().map(String::as_str))?;
        let (max_count, max_bytes) = (spec.limits.fetch_count, spec.limits.fetch_bytes);
        Ok(Self { egress: egress.clone(), policy: Arc::new(policy), max_count, max_bytes })
    }
}

/// The requests of one invocation. Dropping it ends them.
pub struct Fetches {
    outlet: Arc<Outlet>,
    budget: Arc<AtomicU64>,
    begun: u32,
    running: BTreeMap<u32, Running>,
}

struct Running {
    /// `None`: it failed before it began, and `event` says why.
    exchange: Option<Exchange>,
    /// The guest waits for its next event.
    asked: bool,
    /// An event that the guest has not taken yet, as it gets it.
    event: Vec<u8>,
}

/// As the plugin's `fetch` describes a request.
#[derive(Deserialize)]
struct Given {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    redirect: String,
}

impl Fetches {
    pub fn new(outlet: Arc<Outlet>) -> Self {
        let budget = Arc::new(AtomicU64::new(outlet.max_bytes));
        Self { outlet, budget, begun: 0, running: BTreeMap::new() }
    }

    /// Begins a request, described by JSON; its id, never 0. Whatever is wrong with it is its first event.
    pub fn begin(&mut self, described: &[u8], body: &[u8]) -> u32 {
        self.begun += 1;
        let running = match self.start(described, body) {
            Ok(exchange) => Running { exchange: Some(exchange), asked: true, event: Vec::new() },
            Err((code, message)) => Running { exchange: None, asked: true, event: failure(code, &message) },
        };
        self.running.insert(self.begun, running);
        self.begun
    }

    fn start(&self, described: &[u8], body: &[u8]) -> Result<Exchange, (&'static str, String)> {
        let Outlet { egress, policy, max_count, .. } = &*self.outlet;
        if self.begun > *max_count {
            return Err(("ERR_SWARM_FETCH_COUNT", format!("more than {max_count} requests: limits.fetchCount")));
        }
        let Given { method, url, headers, redirect } =
            serde_json::from_slice(described).map_err(|error| ("ERR_INVALID_ARG_VALUE", error.to_string()))?;
        let redirect = match redirect.as_str() {
            "manual" => Redirect::Manual,
            "error" => Redirect::Error,
            _ => Redirect::Follow,
        };
        let body = bytes::Bytes::copy_from_slice(body);
        Ok(Exchange::start(egress, policy, Request { method, url, headers, body, redirect }, &self.budget))
    }

    /// Asks for the next event of a request.
    pub fn ask(&mut self, id: u32) {
        if let Some(running) = self.running.get_mut(&id) {
            running.asked = true;
        }
    }

    pub fn cancel(&mut self, id: u32) {
        self.running.remove(&id);
    }

    /// The request whose asked-for event is there; 0 when `until` comes first.
    pub async fn next(&mut self, until: Instant) -> u32 {
        let arrival = poll_fn(|cx| {
            for (id, running) in &mut self.running {
                if !running.asked {
                    continue;
                }
                if let Some(exchange) = &mut running.exchange {
                    match exchange.poll_event(cx) {
                        Poll::Ready(event) => running.event = encode(event),
                        Poll::Pending => continue,
                    }
                }
                running.asked = false;
                return Poll::Ready(*id);
            }
            Poll::Pending
        });
        tokio::time::timeout_at(until.into(), arrival).await.unwrap_or(0)
    }

    /// The event that [`Self::next`] named: a letter for its kind, and its content.
    pub fn event(&self, id: u32) -> &[u8] {
        self.running.get(&id).map_or(&[], |running| &running.event)
    }

    /// The guest has it.
    pub fn taken(&mut self, id: u32) {
        match self.running.get_mut(&id) {
            Some(running) if matches!(running.event.first(), Some(b'H' | b'C')) => running.event = Vec::new(),
            _ => self.cancel(id),
        }
    }
}

/// `H` and JSON, `C` and bytes, `E`, or `F` and JSON.
fn encode(event: Event) -> Vec<u8> {
    let with = |kind: u8, content: &[u8]| [&[kind], content].concat();
    match event {
        Event::Head(head) => {
            let json = json!({
                "status": head.status, "statusText": head.status_text, "url": head.url, "redirected": head.redirected,
                "headers": head.headers,
            });
            with(b'H', json.to_string().as_bytes())
        }
        Event::Chunk(bytes) => with(b'C', &bytes),
        Event::End => vec![b'E'],
        Event::Failed(why) => failure(why.code, &why.message),
    }
}

fn failure(code: &str, message: &str) -> Vec<u8> {
    format!("F{}", json!({ "code": code, "message": message })).into_bytes()
}

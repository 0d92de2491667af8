//! What all threads of an edge's server share, and what the host changes while they run.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU8, Ordering},
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use hyper::{Response, StatusCode, header::HeaderValue};
use serde::Serialize;
use swarmlambda_executor::{Function, Invocation};

use crate::{
    admission::Admission,
    assets::{Asset, Assets},
    body::Body,
    error::Error,
    events::Events,
    host::Outcome,
    limits::Limits,
    now::{self, lately, now},
    receipt::is_edge_char,
    recent::{Ended, Origin, Recent, RecentPage, RecentQuery, Via, one_try},
    reply,
    room::Room,
    shares::Shares,
    stats::{Counters, FunctionLatency, Stats},
    streams::Streams,
    table::{Alias, Entry, Table},
    tls::{Certificate, Certificates},
    turns::{Busy, Turns, in_turns},
    web::{Sites, parse_sites},
};

/// An edge's functions, assets, events and counters. It needs no listener: a peer's invocation comes another way.
pub struct Gateway {
    pub(crate) name: String,
    /// The name as `X-Swarm-Edge` shows it.
    pub(crate) name_header: HeaderValue,
    region: String,
    pub(crate) limits: Limits,
    pub(crate) table: Table,
    pub(crate) sites: ArcSwap<Sites>,
    pub(crate) assets: Assets,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) events: Events,
    pub(crate) counters: Counters,
    pub(crate) recent: Recent,
    pub(crate) streams: Streams,
    pub(crate) room: Arc<Room>,
    pub(crate) shares: Shares,
    /// Of invocations that came another way than over HTTP.
    turns: Arc<Turns>,
    /// Those and each HTTP thread's.
    all_turns: Mutex<Vec<Arc<Turns>>>,
    pub(crate) miss: Admission,
    pub(crate) once: Admission,
    pub(crate) control: Admission,
    pub(crate) uploads: Admission,
    health: AtomicU8,
}

/// Whether an edge wants requests. One that does not still answers those that come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Starting,
    Ok,
    /// Until it is told to serve again.
    Draining,
    Stopping,
}

impl Health {
    const ALL: [Self; 4] = [Self::Starting, Self::Ok, Self::Draining, Self::Stopping];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ok => "ok",
            Self::Draining => "draining",
            Self::Stopping => "stopping",
        }
    }

    /// The state of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|health| health.as_str() == name)
    }
}

#[derive(Serialize)]
struct HealthPage<'a> {
    status: &'a str,
    live: bool,
    ready: bool,
    edge: &'a str,
    region: &'a str,
}

impl Gateway {
    /// An edge without functions, not ready. Fails when the name can't stand in a header.
    pub fn new(name: &str, region: &str, limits: Limits) -> Result<Arc<Self>, Error> {
        let bad_name = || Error::EdgeName(name.to_owned());
        if name.is_empty() || !name.chars().all(is_edge_char) {
            return Err(bad_name());
        }
        let turns = Arc::new(Turns::new(limits.peer_threads));
        Ok(Arc::new(Self {
            name: name.to_owned(),
            name_header: HeaderValue::from_str(name).map_err(|_| bad_name())?,
            region: region.to_owned(),
            table: Table::default(),
            sites: ArcSwap::default(),
            assets: Assets::default(),
            certificates: Arc::default(),
            events: Events::default(),
            counters: Counters::default(),
            recent: Recent::default(),
            streams: Streams::default(),
            room: Room::new(limits.max_body_bytes),
            shares: Shares::new(limits.sandboxes),
            all_turns: Mutex::new(vec![Arc::clone(&turns)]),
            turns,
            miss: Admission::new(limits.miss_in_flight, limits.miss_queue),
            once: Admission::new(limits.once_in_flight, limits.miss_queue),
            control: Admission::new(limits.control_in_flight, limits.control_queue),
            uploads: Admission::new(limits.control_uploads, limits.control_uploads),
            health: AtomicU8::new(Health::Starting as u8),
            limits,
        }))
    }

    /// Serves the function from now on, in the place of the one of its name.
    pub fn put(&self, function: Arc<Function>) {
        self.table.put(function);
    }

    /// Whether there was one of that name. Invocations that run finish.
    pub fn remove(&self, name: &str) -> bool {
        self.table.remove(name)
    }

    /// Which versions aliases mean, all of them.
    pub fn set_aliases(&self, aliases: Vec<Alias>) {
        self.table.set_aliases(aliases);
    }

    /// Invokes the function here and nowhere else, as a peer's request asks for. A version is `name:version`.
    pub async fn invoke(&self, name: &str, invocation: Invocation, origin: Origin) -> Outcome {
        let started = now();
        let Some(entry) = self.table.get(name) else { return Outcome::absent(now::since(started)) };
        let (request_id, event) = (invocation.request_id.clone(), invocation.payload.clone());
        let outcome = entry.invoke(invocation, self, &self.turns).await;
        // What a peer asked for shows how far a request went.
        let special = origin.via == Via::Peer;
        if let Some(sampled) = self.recent.wants(&outcome, special, &origin, started) {
            let (name, version) = match name.split_once(':') {
                Some((name, version)) => (name, Some(version)),
                None => (name, None),
            };
            let (tries, outcome, edge) = (one_try(&self.name, &outcome), &outcome, &self.name);
            let (request_id, event, tries) = (&request_id, &event, &tries);
            self.recent.record(
                &Ended { request_id, name, version, event, started, edge, tries, outcome },
                origin,
                sampled,
            );
        }
        outcome
    }

    /// Whether traces are collected: invocations whose caller samples them are kept then.
    pub fn set_traced(&self, traced: bool) {
        self.recent.set_traced(traced);
    }

    /// The latest invocations.
    pub fn recent(&self, query: &RecentQuery) -> RecentPage {
        self.recent.read(query)
    }

    /// Which function URLs and routes there are, all of them, as JSON.
    pub fn set_sites(&self, json: &str) -> Result<(), Error> {
        self.sites.store(parse_sites(json)?);
        Ok(())
    }

    /// Replaces the certificates of HTTPS; connections that are open keep theirs. The first is for clients that name nothing
    /// another is for. When one is malformed, all stay as they were.
    pub fn set_certificates(&self, certificates: &[Certificate]) -> Result<(), Error> {
        self.certificates.set(certificates)
    }

    /// Replaces the UI's files.
    pub fn set_assets(&self, assets: Vec<Asset>) -> Result<(), Error> {
        self.assets.set(assets)
    }

    /// The body of `GET /cluster`, and a `snapshot` event.
    pub fn set_snapshot(&self, json: &str) {
        self.events.set_snapshot(json);
    }

    /// Sends an event to all listeners of `GET /events`.
    pub fn publish(&self, event: &str, json: &str) {
        self.events.publish(event, json);
    }

    /// What `GET /healthz` says.
    pub fn set_health(&self, health: Health) {
        self.health.store(health as u8, Ordering::Relaxed);
    }

    pub fn stats(&self) -> Stats {
        let waiting = self.all_turns().iter().map(|turns| turns.waiting()).sum();
        let queues = [&self.miss, &self.control];
        Stats::read(&self.counters, waiting, self.table.stats(), queues, self.events.listeners())
    }

    /// How long the functions took that were ever invoked here.
    pub fn latencies(&self) -> Vec<FunctionLatency> {
        self.table.latencies()
    }

    /// A response that the host writes piece by piece; `None`: there are too many.
    pub fn open_stream(&self) -> Option<u32> {
        self.streams.open()
    }

    /// Whether somebody still reads the stream.
    pub fn write_stream(&self, id: u32, bytes: Bytes) -> bool {
        self.streams.write(id, bytes)
    }

    pub fn end_stream(&self, id: u32) {
        self.streams.end(id);
    }

    /// The turns of one more thread.
    pub(crate) fn add_thread(&self) -> Arc<Turns> {
        let turns = Arc::new(Turns::new(1));
        self.all_turns().push(Arc::clone(&turns));
        turns
    }

    fn all_turns(&self) -> MutexGuard<'_, Vec<Arc<Turns>>> {
        self.all_turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn health(&self) -> Response<Body> {
        let health = Health::ALL.get(usize::from(self.health.load(Ordering::Relaxed))).copied();
        let health = health.unwrap_or(Health::Starting);
        let ready = health == Health::Ok;
        let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let status = health.as_str();
        let health = HealthPage { status, live: true, ready, edge: &self.name, region: &self.region };
        reply::json(code, serde_json::to_vec(&health).unwrap_or_default().into())
    }
}

impl Entry {
    /// Runs the function in its turn and counts how it ended.
    pub(crate) async fn invoke(&self, mut invocation: Invocation, gateway: &Gateway, turns: &Turns) -> Outcome {
        let Self { counters, function } = self;
        let run = async {
            match gateway.shares.enter(&counters.running) {
                Some(_share) => {
                    let began = lately();
                    invocation.began = Some(began);
                    let outcome = Outcome::from(function.invoke(invocation).await);
                    now::set(began + outcome.duration);
                    outcome
                }
                None => {
                    gateway.counters.refused_share.fetch_add(1, Ordering::Relaxed);
                    Outcome::refused("the function has its share of the sandboxes, and few are left")
                }
            }
        };
        let outcome = in_turns(run, turns, &counters.pace, function.spec().timeout).await.unwrap_or_else(|Busy| {
            gateway.counters.refused_busy.fetch_add(1, Ordering::Relaxed);
            Outcome::refused("too many invocations of this function wait for their turn")
        });
        counters.count(outcome.class, outcome.duration);
        outcome
    }
}

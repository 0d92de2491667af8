//! The latest invocations of this edge, for whoever looks: receipt, console output, and in bounds the event and the result.
//!
//! What failed, moved to another edge, wrote to the console or asked for it is kept; of the rest at most
//! [`SAMPLES_PER_SECOND`]. An ordinary invocation that isn't kept costs one atomic read: the lock is for those that are.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;

use crate::{
    host::{Ending, Outcome, Try},
    receipt::Tries,
};

/// Ordinary invocations kept; more are counted only.
const SAMPLES_PER_SECOND: u64 = 50;
const MICROS_BETWEEN: u64 = 1_000_000 / SAMPLES_PER_SECOND;
/// So many at once after a quiet second.
const BURST_MICROS: u64 = 1_000_000;

const MAX_RECORDS: usize = 1_000;
const MAX_BYTES: usize = 4 << 20;
/// The end of the console output.
const MAX_LOG_BYTES: usize = 64 << 10;
/// Of an event and of a result.
const MAX_SAMPLED_BODY: usize = 4 << 10;
const MAX_FAILED_BODY: usize = 64 << 10;
const MAX_ASKED_BODY: usize = 256 << 10;

/// How an invocation came to this edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Lambda's Invoke.
    Invoke,
    /// A function URL, a route, `/fn/…`.
    Http,
    /// `InvokeWithResponseStream`.
    Stream,
    /// An asynchronous one, from this edge's queue.
    Event,
    /// Another edge.
    Peer,
}

impl Via {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invoke => "invoke",
            Self::Http => "http",
            Self::Stream => "stream",
            Self::Event => "event",
            Self::Peer => "peer",
        }
    }

    /// The way of that name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Invoke, Self::Http, Self::Stream, Self::Event, Self::Peer].into_iter().find(|via| via.as_str() == name)
    }
}

/// What is known of an invocation before it runs.
#[derive(Debug, Clone)]
pub struct Origin {
    pub via: Via,
    /// The edge that asked.
    pub from: Option<String>,
    /// W3C `traceparent`.
    pub traceparent: Option<String>,
    /// W3C `tracestate`, as it came.
    pub tracestate: Option<String>,
    /// Its event and its result shall be kept.
    pub record: bool,
}

impl Origin {
    /// The flag of Trace Context.
    fn is_sampled(&self) -> bool {
        let flags = self.traceparent.as_deref().and_then(|text| u8::from_str_radix(text.get(53..55)?, 16).ok());
        flags.is_some_and(|flags| flags & 1 == 1)
    }
}

/// One invocation that ended.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When it was recorded, microseconds since the epoch; unique, and greater than all before.
    pub seq: u64,
    pub request_id: String,
    pub name: String,
    /// `None`: `$LATEST`.
    pub version: Option<String>,
    pub origin: Origin,
    /// Milliseconds since the epoch.
    pub started_ms: u64,
    /// Until it was answered, other edges included.
    pub duration: Duration,
    pub class: Ending,
    /// The edge whose outcome it is.
    pub edge: String,
    /// The receipt: `edge-a=absent;0.1ms, edge-b=ok;2.3ms`.
    pub tries: String,
    pub memory_bytes: usize,
    /// The last of it.
    pub logs: Bytes,
    /// How much there was.
    pub log_bytes: usize,
    /// JSON; `None`: too large to be kept.
    pub event: Option<Bytes>,
    /// As `event`.
    pub result: Option<Bytes>,
    /// Kept as one of many.
    pub sampled: bool,
}

impl Recorded {
    fn size(&self) -> usize {
        let bodies = [&self.event, &self.result].into_iter().flatten().map(Bytes::len).sum::<usize>();
        size_of::<Self>() + self.name.len() + self.tries.len() + self.logs.len() + bodies + 128
    }
}

/// Which ones.
#[derive(Debug, Clone, Default)]
pub struct RecentQuery {
    /// Those recorded after this one's `seq`.
    pub since: u64,
    /// The latest ones, at most.
    pub limit: usize,
    pub name: Option<String>,
    pub request_id: Option<String>,
    /// Only those that wrote to the console.
    pub logging: bool,
}

/// The answer, oldest first.
#[derive(Debug, Clone)]
pub struct RecentPage {
    pub records: Vec<Arc<Recorded>>,
    /// The `seq` of the last one that was dropped to make room; 0: none was.
    pub dropped: u64,
}

#[derive(Default)]
pub(crate) struct Recent {
    /// When the next ordinary one may be kept, microseconds after `epoch`.
    due: AtomicU64,
    epoch: Epoch,
    /// Those whose caller samples their trace are kept.
    traced: AtomicBool,
    ring: Mutex<Ring>,
}

struct Epoch(Instant);

impl Default for Epoch {
    fn default() -> Self {
        Self(Instant::now())
    }
}

#[derive(Default)]
struct Ring {
    records: VecDeque<Arc<Recorded>>,
    bytes: usize,
    last: u64,
    dropped: u64,
}

/// What there is to say of an invocation that ended.
pub(crate) struct Ended<'a> {
    pub(crate) request_id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) version: Option<&'a str>,
    pub(crate) event: &'a Bytes,
    pub(crate) started: Instant,
    pub(crate) edge: &'a str,
    pub(crate) tries: &'a str,
    pub(crate) outcome: &'a Outcome,
}

impl Recent {
    pub(crate) fn set_traced(&self, traced: bool) {
        self.traced.store(traced, Relaxed);
    }

    /// Whether an invocation shall be recorded; `Some(true)`: as a sample of its kind.
    pub(crate) fn wants(&self, outcome: &Outcome, special: bool, origin: &Origin, started: Instant) -> Option<bool> {
        let ordinary = matches!(outcome.class, Ending::Ok | Ending::Refused) && outcome.logs.is_empty();
        if special || origin.record || !ordinary {
            return Some(false);
        }
        if origin.is_sampled() && self.traced.load(Relaxed) {
            return Some(false);
        }
        let now = micros(started.saturating_duration_since(self.epoch.0)) + BURST_MICROS;
        let due = self.due.load(Relaxed);
        if due > now {
            return None;
        }
        let next = due.max(now - BURST_MICROS) + MICROS_BETWEEN;
        // Another thread's turn, if it was faster.
        self.due.compare_exchange(due, next, Relaxed, Relaxed).is_ok().then_some(true)
    }

    pub(crate) fn record(&self, ended: &Ended<'_>, origin: Origin, sampled: bool) {
        let outcome = ended.outcome;
        let duration = ended.started.elapsed();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let limit = match (origin.record, sampled, outcome.class) {
            (true, ..) => MAX_ASKED_BODY,
            (_, true, _) | (.., Ending::Ok) => MAX_SAMPLED_BODY,
            _ => MAX_FAILED_BODY,
        };
        // A copy: the event may be part of a larger buffer.
        let kept = |body: &Bytes| (body.len() <= limit).then(|| Bytes::copy_from_slice(body));
        let logs = &outcome.logs;
        let mut record = Recorded {
            seq: micros(now),
            request_id: ended.request_id.to_owned(),
            name: ended.name.to_owned(),
            version: ended.version.map(str::to_owned),
            origin,
            started_ms: u64::try_from(now.saturating_sub(duration).as_millis()).unwrap_or_default(),
            duration,
            class: outcome.class,
            edge: ended.edge.to_owned(),
            tries: ended.tries.to_owned(),
            memory_bytes: outcome.memory_bytes,
            logs: Bytes::copy_from_slice(&logs[logs.len().saturating_sub(MAX_LOG_BYTES)..]),
            log_bytes: logs.len(),
            event: kept(ended.event),
            result: kept(&outcome.payload),
            sampled,
        };
        let mut ring = self.lock();
        record.seq = record.seq.max(ring.last + 1);
        let freed = ring.push(Arc::new(record));
        drop(ring);
        drop(freed);
    }

    pub(crate) fn read(&self, query: &RecentQuery) -> RecentPage {
        let ring = self.lock();
        let wanted = |record: &&Arc<Recorded>| {
            query.name.as_ref().is_none_or(|name| *name == record.name)
                && query.request_id.as_ref().is_none_or(|id| *id == record.request_id)
                && !(query.logging && record.logs.is_empty())
        };
        let newer = ring.records.iter().rev().take_while(|record| record.seq > query.since);
        let mut records: Vec<_> = newer.filter(wanted).take(query.limit).map(Arc::clone).collect();
        records.reverse();
        RecentPage { records, dropped: ring.dropped }
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ring {
    /// Returns what had to make room, to be freed when the lock is.
    fn push(&mut self, record: Arc<Recorded>) -> Vec<Arc<Recorded>> {
        self.last = record.seq;
        self.bytes += record.size();
        self.records.push_back(record);
        let mut freed = Vec::new();
        while self.records.len() > MAX_RECORDS || (self.bytes > MAX_BYTES && self.records.len() > 1) {
            let Some(oldest) = self.records.pop_front() else { break };
            self.bytes -= oldest.size();
            self.dropped = oldest.seq;
            freed.push(oldest);
        }
        freed
    }
}

/// The receipt of an invocation that ran here and nowhere else.
pub(crate) fn one_try(edge: &str, outcome: &Outcome) -> String {
    let mut tries = Tries::new();
    tries.extend(&[Try { edge: edge.to_owned(), class: outcome.class, duration: outcome.duration }]);
    tries.into_text()
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin = Origin { via: Via::Invoke, from: None, traceparent: None, tracestate: None, record: false };

    fn outcome(class: Ending, logs: &'static str) -> Outcome {
        let (payload, logs) = (Bytes::from_static(b"1"), Bytes::from_static(logs.as_bytes()));
        Outcome { class, payload, logs, duration: Duration::ZERO, memory_bytes: 0 }
    }

    fn record(recent: &Recent, id: &str, outcome: &Outcome, event: &Bytes, origin: Origin) {
        let ended = Ended {
            request_id: id,
            name: if id.starts_with('g') { "g" } else { "f" },
            version: None,
            event,
            started: Instant::now(),
            edge: "edge-a",
            tries: "edge-a=ok;0.1ms",
            outcome,
        };
        recent.record(&ended, origin, false);
    }

    fn ids(recent: &Recent, query: RecentQuery) -> Vec<String> {
        recent.read(&query).records.iter().map(|record| record.request_id.clone()).collect()
    }

    #[test]
    fn keeps_what_is_special_and_a_bounded_number_of_the_rest() {
        let recent = Recent::default();
        let (ok, now) = (outcome(Ending::Ok, ""), Instant::now());
        let kept = |at: Instant| (0..1_000).filter(|_| recent.wants(&ok, false, &ORIGIN, at).is_some()).count();
        assert_eq!(kept(now), 51);
        assert_eq!(kept(now + Duration::from_secs(1)), 50);
        assert_eq!(kept(now + Duration::from_secs(60)), 51, "no more after a minute of quiet");
        for special in [outcome(Ending::Error, ""), outcome(Ending::Ok, "a line\n")] {
            assert_eq!(recent.wants(&special, false, &ORIGIN, now), Some(false));
        }
        assert_eq!(recent.wants(&ok, true, &ORIGIN, now), Some(false));
        let trace = |flags: &str| Origin { traceparent: Some(format!("{}{flags}", "0".repeat(53))), ..ORIGIN };
        assert_eq!(recent.wants(&ok, false, &trace("01"), now), None, "nobody collects traces");
        recent.set_traced(true);
        assert_eq!(recent.wants(&ok, false, &trace("01"), now), Some(false));
        assert_eq!(recent.wants(&ok, false, &trace("00"), now), None);
    }

    #[test]
    fn finds_by_name_id_and_position_and_says_what_was_dropped() {
        let recent = Recent::default();
        let event = Bytes::from_static(b"{}");
        record(&recent, "f1", &outcome(Ending::Ok, "a line\n"), &event, ORIGIN);
        record(&recent, "g1", &outcome(Ending::Ok, ""), &event, ORIGIN);
        record(&recent, "f2", &outcome(Ending::Error, ""), &event, ORIGIN);
        let query = |limit| RecentQuery { limit, ..Default::default() };
        assert_eq!(ids(&recent, query(2)), ["g1", "f2"]);
        assert_eq!(ids(&recent, RecentQuery { name: Some("f".into()), ..query(9) }), ["f1", "f2"]);
        assert_eq!(ids(&recent, RecentQuery { request_id: Some("g1".into()), ..query(9) }), ["g1"]);
        assert_eq!(ids(&recent, RecentQuery { logging: true, ..query(9) }), ["f1"]);
        let first = recent.read(&query(9)).records[0].seq;
        assert_eq!(ids(&recent, RecentQuery { since: first, ..query(9) }), ["g1", "f2"]);
        assert_eq!(recent.read(&query(9)).dropped, 0);
        for _ in 0..MAX_RECORDS - 2 {
            record(&recent, "g", &outcome(Ending::Ok, ""), &event, ORIGIN);
        }
        let page = recent.read(&query(usize::MAX));
        assert_eq!((page.records.len(), page.dropped), (MAX_RECORDS, first));
        assert!(page.records.is_sorted_by(|one, next| one.seq < next.seq));
    }

    #[test]
    fn bounds_what_it_keeps_in_bytes() {
        let recent = Recent::default();
        let large = Bytes::from(vec![b' '; MAX_FAILED_BODY]);
        let failed = outcome(Ending::Error, "");
        record(&recent, "f", &failed, &large, ORIGIN);
        record(&recent, "f", &outcome(Ending::Ok, ""), &large, ORIGIN);
        record(&recent, "f", &outcome(Ending::Ok, ""), &large, Origin { record: true, ..ORIGIN });
        let page = recent.read(&RecentQuery { limit: 3, ..Default::default() });
        let kept: Vec<_> = page.records.iter().map(|record| record.event.is_some()).collect();
        assert_eq!(kept, [true, false, true]);
        for _ in 0..200 {
            record(&recent, "f", &failed, &large, ORIGIN);
        }
        assert!(recent.lock().bytes <= MAX_BYTES);
        assert!(recent.lock().records.len() > 50);
    }
}

//! Counters. Relaxed atomics: each number is right by itself, not all of them at one instant.

use std::{
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    time::Duration,
};

use crate::{
    admission::{Admission, Elsewhere},
    host::Ending,
    latency::Histogram,
    turns::Pace,
};

/// What the server counts for all functions together.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) invocations: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) misses: AtomicU64,
    /// Invocations refused because they would wait too long for their turn.
    pub(crate) refused_busy: AtomicU64,
    /// And because their function has its share of the sandboxes.
    pub(crate) refused_share: AtomicU64,
    latency: Histogram,
    latency_us: AtomicU64,
}

impl Counters {
    /// Counts an invocation until the guard is dropped.
    pub(crate) fn invocation(&self) -> InFlight<'_> {
        self.begin();
        InFlight(self)
    }

    /// An invocation begins; [`Self::end`] it.
    pub(crate) fn begin(&self) {
        self.invocations.fetch_add(1, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
    }

    pub(crate) fn end(&self) {
        self.in_flight.fetch_sub(1, Relaxed);
    }

    /// An invocation over HTTP was answered after `duration`.
    pub(crate) fn answered(&self, duration: Duration) {
        let us = micros(duration);
        self.latency.count(us);
        self.latency_us.fetch_add(us, Relaxed);
    }
}

pub(crate) struct InFlight<'a>(&'a Counters);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.end();
    }
}

/// How one function's invocations on this edge ended. Lives as long as its name is in the table.
#[derive(Default)]
pub(crate) struct FunctionCounters {
    ok: AtomicU64,
    error: AtomicU64,
    timeout: AtomicU64,
    crashed: AtomicU64,
    refused: AtomicU64,
    total_us: AtomicU64,
    latency: Histogram,
    pub(crate) pace: Pace,
    pub(crate) elsewhere: Elsewhere,
    /// In a sandbox now.
    pub(crate) running: AtomicUsize,
}

impl FunctionCounters {
    pub(crate) fn count(&self, class: Ending, duration: Duration) {
        let counter = match class {
            Ending::Ok => &self.ok,
            Ending::Error => &self.error,
            Ending::Timeout => &self.timeout,
            Ending::Crashed => &self.crashed,
            Ending::Refused => &self.refused,
            Ending::Absent | Ending::Unreachable => return,
        };
        counter.fetch_add(1, Relaxed);
        let us = micros(duration);
        self.total_us.fetch_add(us, Relaxed);
        self.latency.count(us);
    }

    /// `None`: it was never invoked.
    pub(crate) fn latency(&self, name: &str) -> Option<FunctionLatency> {
        let counts = self.latency.read();
        let errors = [&self.error, &self.timeout, &self.crashed, &self.refused];
        counts.iter().any(|count| *count > 0).then(|| FunctionLatency {
            name: name.to_owned(),
            errors: errors.iter().map(|counter| counter.load(Relaxed)).sum(),
            counts,
        })
    }

    pub(crate) fn read(&self, name: &str) -> FunctionStats {
        FunctionStats {
            name: name.to_owned(),
            ok: self.ok.load(Relaxed),
            error: self.error.load(Relaxed),
            timeout: self.timeout.load(Relaxed),
            crashed: self.crashed.load(Relaxed),
            refused: self.refused.load(Relaxed),
            total: Duration::from_micros(self.total_us.load(Relaxed)),
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// One function's endings on this edge, whoever asked for them.
#[derive(Debug, Clone)]
pub struct FunctionStats {
    pub name: String,
    pub ok: u64,
    pub error: u64,
    pub timeout: u64,
    pub crashed: u64,
    pub refused: u64,
    /// Time in the executor, all of them together.
    pub total: Duration,
}

/// How long one function's invocations took on this edge.
#[derive(Debug, Clone)]
pub struct FunctionLatency {
    /// Its name, or `name:version`.
    pub name: String,
    /// Those that did not end `ok`.
    pub errors: u64,
    /// One for each of [`crate::latency_bounds`], then those above. Not cumulative.
    pub counts: Vec<u64>,
}

/// A way into the host that is bounded.
#[derive(Debug, Clone, Copy)]
pub struct QueueStats {
    /// Calls that run.
    pub running: u64,
    /// Calls that wait for their turn.
    pub waiting: u64,
    /// Calls that were turned away because too many waited.
    pub refused: u64,
}

/// A reading of all counters.
#[derive(Debug, Clone)]
pub struct Stats {
    /// HTTP requests of every kind.
    pub requests: u64,
    /// Invocations over HTTP.
    pub invocations: u64,
    /// Invocations over HTTP that are not answered yet.
    pub in_flight: u64,
    /// Open connections.
    pub connections: u64,
    /// Invocations that went to the host.
    pub misses: u64,
    /// Invocations that wait for their turn to compute, now.
    pub waiting: u64,
    /// Invocations refused because they would have waited too long.
    pub refused_busy: u64,
    /// Invocations refused because their function has its share of the sandboxes.
    pub refused_share: u64,
    pub functions: Vec<FunctionStats>,
    /// Invocations for the host.
    pub miss_queue: QueueStats,
    /// Control calls.
    pub control_queue: QueueStats,
    /// Who listens to `GET /events`.
    pub listeners: u64,
    /// Answered invocations by duration: one for each of [`crate::latency_bounds`], then those above. Not cumulative.
    pub latency: Vec<u64>,
    /// Durations of all answered invocations together.
    pub latency_total: Duration,
}

impl Stats {
    pub(crate) fn read(
        counters: &Counters,
        waiting: usize,
        functions: Vec<FunctionStats>,
        [miss, control]: [&Admission; 2],
        listeners: usize,
    ) -> Self {
        Self {
            requests: counters.requests.load(Relaxed),
            invocations: counters.invocations.load(Relaxed),
            in_flight: counters.in_flight.load(Relaxed),
            connections: counters.connections.load(Relaxed),
            misses: counters.misses.load(Relaxed),
            waiting: waiting as u64,
            refused_busy: counters.refused_busy.load(Relaxed),
            refused_share: counters.refused_share.load(Relaxed),
            functions,
            miss_queue: miss.stats(),
            control_queue: control.stats(),
            listeners: listeners as u64,
            latency: counters.latency.read(),
            latency_total: Duration::from_micros(counters.latency_us.load(Relaxed)),
        }
    }
}

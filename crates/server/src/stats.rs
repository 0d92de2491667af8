//! Counters. Relaxed atomics: each number is right by itself, not all of them at one instant.

use std::{
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use crate::host::Ending;

/// Upper bounds of the latency buckets, milliseconds; one more bucket is for everything above.
pub const LATENCY_BOUNDS_MS: [f64; 16] =
    [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 10_000.0];

const BOUNDS_US: [u64; 16] = [
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
    10_000_000,
];

/// What the server counts for all functions together.
#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) requests: AtomicU64,
    pub(crate) invocations: AtomicU64,
    pub(crate) in_flight: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) misses: AtomicU64,
    latency: [AtomicU64; LATENCY_BOUNDS_MS.len() + 1],
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
        let bucket = BOUNDS_US.partition_point(|bound| *bound < us);
        self.latency[bucket].fetch_add(1, Relaxed);
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
        self.total_us.fetch_add(micros(duration), Relaxed);
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
    pub functions: Vec<FunctionStats>,
    /// Answered invocations by duration: one for each of [`LATENCY_BOUNDS_MS`], then those above. Not cumulative.
    pub latency: Vec<u64>,
    /// Durations of all answered invocations together.
    pub latency_total: Duration,
}

impl Stats {
    pub(crate) fn read(counters: &Counters, functions: Vec<FunctionStats>) -> Self {
        Self {
            requests: counters.requests.load(Relaxed),
            invocations: counters.invocations.load(Relaxed),
            in_flight: counters.in_flight.load(Relaxed),
            connections: counters.connections.load(Relaxed),
            misses: counters.misses.load(Relaxed),
            functions,
            latency: counters.latency.iter().map(|bucket| bucket.load(Relaxed)).collect(),
            latency_total: Duration::from_micros(counters.latency_us.load(Relaxed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn puts_a_duration_into_the_bucket_whose_bound_it_does_not_exceed() {
        let counters = Counters::default();
        for us in [0, 50, 51, 10_000_000, 10_000_001] {
            counters.answered(Duration::from_micros(us));
        }
        let latency = Stats::read(&counters, Vec::new()).latency;
        assert_eq!((latency[0], latency[1], latency[15], latency[16]), (2, 1, 1, 1));
        assert_eq!(latency.iter().sum::<u64>(), 5);
    }

    #[test]
    fn states_the_same_bounds_in_both_units() {
        for (ms, us) in LATENCY_BOUNDS_MS.iter().zip(BOUNDS_US) {
            assert_eq!((ms * 1000.0).round() as u64, us);
        }
    }
}

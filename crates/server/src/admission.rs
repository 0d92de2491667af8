//! A bounded number of calls in progress, and a bounded number that wait.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Instant,
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::stats::QueueStats;

/// After other edges had no room for a function either, what has none here is refused at once for so long: to ask costs more.
const FULL_MILLIS: u64 = 100;

/// Whether other edges may take what a function has no room for here.
#[derive(Default)]
pub(crate) struct Elsewhere {
    /// Milliseconds since the server's first question of this kind.
    full_until: AtomicU64,
}

impl Elsewhere {
    pub(crate) fn is_full(&self) -> bool {
        now_millis() < self.full_until.load(Ordering::Relaxed)
    }

    pub(crate) fn was_full(&self) {
        self.full_until.store(now_millis() + FULL_MILLIS, Ordering::Relaxed);
    }
}

fn now_millis() -> u64 {
    static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(EPOCH.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The way into the host.
pub(crate) struct Admission {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    refused: AtomicU64,
    in_flight: usize,
    queue: usize,
}

struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Admission {
    pub(crate) fn new(in_flight: usize, queue: usize) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(in_flight)),
            waiting: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            in_flight,
            queue,
        }
    }

    /// Waits for a turn, which lasts as long as the permit. `None`: too many wait already.
    pub(crate) async fn enter(&self) -> Option<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Some(permit);
        }
        let before = self.waiting.fetch_add(1, Ordering::Relaxed);
        let _waiting = Waiting(&self.waiting);
        if before >= self.queue {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return None;
        }
        Arc::clone(&self.permits).acquire_owned().await.ok()
    }

    pub(crate) fn stats(&self) -> QueueStats {
        QueueStats {
            running: self.in_flight.saturating_sub(self.permits.available_permits()) as u64,
            waiting: self.waiting.load(Ordering::Relaxed) as u64,
            refused: self.refused.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::Future, pin::pin, task::Context, time::Duration};

    use super::*;

    #[test]
    fn asks_other_edges_again_after_a_while() {
        let elsewhere = Elsewhere::default();
        assert!(!elsewhere.is_full());
        elsewhere.was_full();
        assert!(elsewhere.is_full());
        let until = Instant::now() + Duration::from_secs(10);
        while elsewhere.is_full() {
            assert!(Instant::now() < until);
            std::thread::yield_now();
        }
    }

    #[test]
    fn lets_in_two_keeps_one_waiting_and_turns_the_rest_away() {
        let admission = Admission::new(2, 1);
        let mut context = Context::from_waker(std::task::Waker::noop());
        let mut poll = |future: std::pin::Pin<&mut dyn Future<Output = Option<OwnedSemaphorePermit>>>| match future
            .poll(&mut context)
        {
            std::task::Poll::Ready(Some(permit)) => Ok(permit),
            std::task::Poll::Ready(None) => Err("turned away"),
            std::task::Poll::Pending => Err("waits"),
        };
        let first = poll(pin!(admission.enter())).unwrap();
        let _second = poll(pin!(admission.enter())).unwrap();
        let mut third = pin!(admission.enter());
        assert_eq!(poll(third.as_mut()).unwrap_err(), "waits");
        assert_eq!(poll(pin!(admission.enter())).unwrap_err(), "turned away");
        drop(first);
        let _third = poll(third.as_mut()).unwrap();
        assert_eq!(admission.waiting.load(Ordering::Relaxed), 0, "its place in the queue is free again");
    }
}

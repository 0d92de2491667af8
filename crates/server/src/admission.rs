//! A bounded number of calls in progress, and a bounded number that wait.

use std::sync::{
    Arc,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::stats::QueueStats;

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
    use std::{future::Future, pin::pin, task::Context};

    use super::*;

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

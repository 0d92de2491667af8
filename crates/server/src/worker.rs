//! What one thread has to itself: its connections, and the word to end them.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    sync::Arc,
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll, Waker},
};

use crate::{gateway::Gateway, host::Host};

pub(crate) struct Worker {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) host: Arc<Host>,
    closing: Cell<bool>,
    next_id: Cell<u64>,
    /// Every open connection, to be woken when it shall end.
    open: RefCell<HashMap<u64, Waker>>,
    /// Whoever waits for the last connection to end.
    emptied: RefCell<Option<Waker>>,
}

/// A connection's place among those of its thread.
pub(crate) struct Place<'a> {
    worker: &'a Worker,
    id: u64,
}

impl Worker {
    pub(crate) fn new(gateway: Arc<Gateway>, host: Arc<Host>) -> Self {
        Self {
            gateway,
            host,
            closing: Cell::new(false),
            next_id: Cell::new(0),
            open: RefCell::default(),
            emptied: RefCell::default(),
        }
    }

    /// `None`: the edge has as many connections as it may.
    pub(crate) fn enter(&self) -> Option<Place<'_>> {
        let connections = &self.gateway.counters.connections;
        if connections.fetch_add(1, Relaxed) >= self.gateway.limits.max_connections as u64 {
            connections.fetch_sub(1, Relaxed);
            return None;
        }
        let id = self.next_id.get();
        self.next_id.set(id + 1);
        self.open.borrow_mut().insert(id, Waker::noop().clone());
        Some(Place { worker: self, id })
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.get()
    }

    /// Asks every connection to end after the request it is at.
    pub(crate) fn close(&self) {
        self.closing.set(true);
        self.open.borrow().values().for_each(Waker::wake_by_ref);
    }

    /// Ready when no connection is left.
    pub(crate) fn poll_empty(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.open.borrow().is_empty() {
            return Poll::Ready(());
        }
        self.emptied.replace(Some(cx.waker().clone()));
        Poll::Pending
    }
}

impl Place<'_> {
    /// Remembers whom to wake when the connection shall end. A task's waker stays the same, so once is enough.
    pub(crate) fn wake_with(&self, waker: &Waker) {
        self.worker.open.borrow_mut().insert(self.id, waker.clone());
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.worker.gateway.counters.connections.fetch_sub(1, Relaxed);
        let empty = {
            let mut open = self.worker.open.borrow_mut();
            open.remove(&self.id);
            open.is_empty()
        };
        if empty && let Some(waker) = self.worker.emptied.take() {
            waker.wake();
        }
    }
}

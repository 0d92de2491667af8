//! What one thread has to itself: its connections, and the word to end them.

use std::{
    cell::{Cell, RefCell},
    collections::HashMap,
    rc::Rc,
    sync::Arc,
    sync::atomic::Ordering::Relaxed,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use tokio::{task::spawn_local, time::sleep};

use crate::{
    gateway::Gateway,
    host::Host,
    now::{lately, since},
    socket::Outbox,
    turns::Turns,
};

/// From when a connection rests until its buffers are given back, with those of all others that rest by then.
const GIVE_BACK_AFTER: Duration = Duration::from_secs(5);

/// So many connections with something to send don't wait for the end of the turn…
const MAX_UNSENT: usize = 16;
/// …nor do those of which one has waited for so long.
const MAX_UNSENT_FOR: Duration = Duration::from_micros(500);

pub(crate) struct Worker {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) host: Arc<Host>,
    pub(crate) turns: Arc<Turns>,
    closing: Cell<bool>,
    next_id: Cell<u64>,
    /// Every open connection, to be woken when it shall end.
    open: RefCell<HashMap<u64, Waker>>,
    /// Whoever waits for the last connection to end.
    emptied: RefCell<Option<Waker>>,
    /// Connections with something to send at the end of the turn.
    unsent: RefCell<Vec<Rc<RefCell<Outbox>>>>,
    /// Since when the first of them waits.
    unsent_since: Cell<Instant>,
    /// The task that sends, behind all that are ready now.
    sender: RefCell<Waker>,
    /// Whether memory is given back soon.
    gives_back: Cell<bool>,
}

/// A connection's place among those of its thread.
pub(crate) struct Place<'a> {
    worker: &'a Worker,
    id: u64,
}

impl Worker {
    pub(crate) fn new(gateway: Arc<Gateway>, host: Arc<Host>) -> Self {
        Self {
            turns: gateway.add_thread(),
            gateway,
            host,
            closing: Cell::new(false),
            next_id: Cell::new(0),
            open: RefCell::default(),
            emptied: RefCell::default(),
            unsent: RefCell::default(),
            unsent_since: Cell::new(lately()),
            sender: RefCell::new(Waker::noop().clone()),
            gives_back: Cell::new(false),
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

    /// Sends what is in the box when the tasks that are ready have had their turn.
    pub(crate) fn send_later(&self, outbox: &Rc<RefCell<Outbox>>) {
        let mut unsent = self.unsent.borrow_mut();
        unsent.push(Rc::clone(outbox));
        if unsent.len() == 1 {
            self.unsent_since.set(lately());
            self.sender.borrow().wake_by_ref();
        } else if unsent.len() >= MAX_UNSENT || since(self.unsent_since.get()) >= MAX_UNSENT_FOR {
            unsent.drain(..).for_each(|outbox| outbox.borrow_mut().send());
        }
    }

    /// The task that sends. Never ready.
    pub(crate) fn poll_send(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.unsent.borrow_mut().drain(..).for_each(|outbox| outbox.borrow_mut().send());
        self.sender.borrow_mut().clone_from(cx.waker());
        Poll::Pending
    }

    /// Returns what resting connections have freed to the system: their thread may do nothing more for hours.
    pub(crate) fn give_back_soon(self: &Rc<Self>) {
        if self.gives_back.replace(true) {
            return;
        }
        let worker = Rc::clone(self);
        spawn_local(async move {
            sleep(GIVE_BACK_AFTER).await;
            worker.gives_back.set(false);
            (worker.host.give_back)();
        });
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

//! The clocks of one connection, against clients that are slow on purpose.
//!
//! hyper's own header clock sets a timer for every request. Here a request only writes into cells, and one lazy timer a
//! connection looks at them when it fires.

use std::{cell::Cell, rc::Rc, task::Poll, time::Instant};

use crate::{
    limits::Limits,
    now::{lately, since},
};

/// Since when the connection is in which state.
pub(crate) struct Clocks {
    h2: bool,
    /// Requests that are being answered.
    active: Cell<usize>,
    /// The last byte that the client took, or the connection's beginning.
    progress: Cell<Instant>,
    /// The first byte of a head that isn't complete.
    head: Cell<Option<Instant>>,
    /// The client takes nothing.
    stalled: Cell<Option<Instant>>,
    /// All is said, and the client still sends.
    pub(crate) lingering: Cell<Option<Instant>>,
}

impl Clocks {
    pub(crate) fn new(h2: bool) -> Self {
        let now = lately();
        Self {
            h2,
            active: Cell::new(0),
            progress: Cell::new(now),
            head: Cell::new((!h2).then_some(now)),
            stalled: Cell::new(None),
            lingering: Cell::new(None),
        }
    }

    /// When the connection's patience ends; `None`: it is waiting for us.
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        if let Some(since) = self.lingering.get() {
            return Some(since + limits.linger_timeout);
        }
        if let Some(since) = self.stalled.get() {
            return Some(since + limits.write_timeout);
        }
        if self.active.get() > 0 {
            return None;
        }
        let progress = self.progress.get();
        Some(match self.head.get() {
            // A head may arrive behind a request whose response is still on its way.
            Some(since) => since.max(progress) + limits.head_timeout,
            None => progress + limits.idle_timeout,
        })
    }

    /// When to look at the connection again: at its deadline, or when it may have become idle.
    pub(crate) fn next_look(&self, limits: &Limits) -> Option<Instant> {
        let deadline = self.deadline(limits)?;
        Some(if self.is_between_requests() { deadline.min(self.progress.get() + limits.rest_after) } else { deadline })
    }

    /// Whether an HTTP/1 connection has nothing to do, and had nothing for a while.
    pub(crate) fn is_idle(&self, limits: &Limits) -> bool {
        self.is_between_requests() && since(self.progress.get()) >= limits.rest_after
    }

    fn is_between_requests(&self) -> bool {
        let Self { active, h2, head, lingering, stalled, .. } = self;
        !h2 && active.get() == 0 && head.get().is_none() && stalled.get().is_none() && lingering.get().is_none()
    }

    pub(crate) fn read(&self) {
        // HTTP/2 also reads frames that belong to no request.
        if !self.h2 && self.active.get() == 0 && self.head.get().is_none() {
            self.head.set(Some(lately()));
        }
    }

    pub(crate) fn wrote<T>(&self, polled: Poll<T>) -> Poll<T> {
        if polled.is_pending() {
            self.stalled.set(self.stalled.get().or_else(|| Some(lately())));
        } else {
            self.stalled.set(None);
            self.progress.set(lately());
        }
        polled
    }
}

/// A request that is being answered.
pub(crate) struct Active(Rc<Clocks>);

impl Active {
    pub(crate) fn new(clocks: &Rc<Clocks>) -> Self {
        clocks.head.set(None);
        clocks.active.set(clocks.active.get() + 1);
        Self(Rc::clone(clocks))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.set(self.0.active.get() - 1);
        self.0.progress.set(lately());
    }
}

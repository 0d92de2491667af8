//! The time, read once for many. To look at the clock costs some 30 ns, and what happens on the way of a request takes little more.

use std::{
    cell::Cell,
    time::{Duration, Instant},
};

thread_local!(static READ: Cell<Option<Instant>> = const { Cell::new(None) });

/// Looks at the clock.
pub(crate) fn now() -> Instant {
    set(Instant::now())
}

/// When this thread last looked: as it woke, or as an invocation or a slice of one began or ended. Some microseconds ago,
/// unless it has done something else for longer.
pub(crate) fn lately() -> Instant {
    READ.get().unwrap_or_else(now)
}

/// Somebody else has looked.
pub(crate) fn set(now: Instant) -> Instant {
    READ.set(Some(now));
    now
}

/// Since `earlier`, [`lately`].
pub(crate) fn since(earlier: Instant) -> Duration {
    lately().saturating_duration_since(earlier)
}

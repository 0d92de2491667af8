//! How much of the memory may hold requests' bodies, all together.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

use bytes::Bytes;

/// Bodies in memory, and how large they may be together.
pub(crate) struct Room {
    limit: usize,
    taken: AtomicUsize,
}

/// A part of the room, until it is dropped.
pub(crate) struct Held {
    room: Arc<Room>,
    bytes: usize,
}

/// A body and its place.
struct Kept {
    body: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Kept {
    fn as_ref(&self) -> &[u8] {
        &self.body
    }
}

impl Room {
    pub(crate) fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, taken: AtomicUsize::new(0) })
    }

    pub(crate) fn enter(self: &Arc<Self>) -> Held {
        Held { room: Arc::clone(self), bytes: 0 }
    }
}

impl Held {
    /// Whether there was room for so much more.
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        self.room.taken.fetch_add(bytes, Relaxed) + bytes <= self.room.limit
    }

    /// The body, which gives its room back when the last copy of it is dropped.
    pub(crate) fn keep(self, body: Bytes) -> Bytes {
        Bytes::from_owner(Kept { body, _held: self })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_full_until_the_last_copy_of_a_body_is_gone() {
        let room = Room::new(10);
        let mut held = room.enter();
        assert!(held.grow(4) && held.grow(6));
        assert!(!room.enter().grow(1));
        let body = held.keep(Bytes::from_static(b"0123456789"));
        let copy = body.slice(2..4);
        drop(body);
        assert!(!room.enter().grow(1));
        assert_eq!(&*copy, b"23");
        drop(copy);
        assert!(room.enter().grow(10));
    }
}

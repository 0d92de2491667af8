//! Responses that the host writes piece by piece: it opens a stream, answers with its number, and writes until the client is
//! gone or all is said.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Pieces a client may lag behind before it is given up.
const BACKLOG: usize = 64;
/// More are refused.
const MAX_STREAMS: usize = 256;

#[derive(Default)]
pub(crate) struct Streams(Mutex<State>);

#[derive(Default)]
struct State {
    next: u32,
    open: HashMap<u32, Sender<Bytes>>,
    /// Of responses that haven't begun.
    waiting: HashMap<u32, Receiver<Bytes>>,
    closed: bool,
}

impl Streams {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None`: there are too many, or the server is closing.
    pub(crate) fn open(&self) -> Option<u32> {
        let mut state = self.lock();
        if state.closed || state.open.len() >= MAX_STREAMS {
            return None;
        }
        state.next = state.next.wrapping_add(1);
        let (id, (sender, receiver)) = (state.next, mpsc::channel(BACKLOG));
        state.open.insert(id, sender);
        state.waiting.insert(id, receiver);
        Some(id)
    }

    /// The body of the response that named the stream; once.
    pub(crate) fn body(&self, id: u32) -> Option<Receiver<Bytes>> {
        self.lock().waiting.remove(&id)
    }

    /// Whether somebody is still there, and takes it fast enough.
    pub(crate) fn write(&self, id: u32, bytes: Bytes) -> bool {
        let mut state = self.lock();
        let taken = state.open.get(&id).is_some_and(|sender| sender.try_send(bytes).is_ok());
        if !taken {
            state.end(id);
        }
        taken
    }

    pub(crate) fn end(&self, id: u32) {
        self.lock().end(id);
    }

    /// Ends all, and those to come.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.open.clear();
    }
}

impl State {
    fn end(&mut self, id: u32) {
        self.open.remove(&id);
        self.waiting.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_the_writer_when_nobody_takes_any_more() {
        let streams = Streams::default();
        let (left, slow) = (streams.open().unwrap(), streams.open().unwrap());
        let piece = || Bytes::from_static(b"x");
        assert!(streams.write(left, piece()));
        drop(streams.body(left).unwrap());
        assert!(!streams.write(left, piece()));
        assert!(streams.body(left).is_none());

        let _receiver = streams.body(slow).unwrap();
        assert!((0..BACKLOG).all(|_| streams.write(slow, piece())));
        assert!(!streams.write(slow, piece()));
        assert!(streams.lock().open.is_empty());

        streams.close();
        assert_eq!(streams.open(), None);
    }
}

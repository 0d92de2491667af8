//! A connection's socket, which sends small responses at the end of the turn.
//!
//! One look at the sockets makes the tasks of several connections ready. Sending each response at once wakes its client each
//! time, and on one machine a system call that wakes somebody costs twice one that doesn't. So what is small waits until the
//! tasks that are ready have had their turn, or until some have something to send, or one has waited long enough; pipelined
//! responses become one write.

use std::{
    cell::RefCell,
    io,
    mem::MaybeUninit,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};

use bytes::Bytes;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, ReadBuf};

use crate::{clocks::Clocks, now::lately, transport::Transport, worker::Worker};

/// More than this is not copied to wait, but written.
const SMALL_BYTES: usize = 16 << 10;
/// What an idle connection may keep for the next response.
const KEPT_BYTES: usize = 1 << 10;

/// The socket as hyper sees it; it also tells the clocks what happens on it.
pub(crate) struct Socket {
    outbox: Rc<RefCell<Outbox>>,
    /// Read before, and not used.
    unread: Bytes,
    clocks: Rc<Clocks>,
    worker: Rc<Worker>,
}

/// What has been written and not been sent.
pub(crate) struct Outbox {
    stream: TokioIo<Transport>,
    clocks: Rc<Clocks>,
    unsent: Vec<u8>,
    /// Stands in its worker's list.
    listed: bool,
    /// The client took not everything: whoever writes waits until it has.
    blocked: bool,
    failed: Option<io::Error>,
    /// The connection's.
    task: Waker,
}

impl Socket {
    pub(crate) fn new(stream: Transport, clocks: &Rc<Clocks>, worker: &Rc<Worker>) -> Self {
        let outbox = Outbox {
            stream: TokioIo::new(stream),
            clocks: Rc::clone(clocks),
            unsent: Vec::new(),
            listed: false,
            blocked: false,
            failed: None,
            task: Waker::noop().clone(),
        };
        Self {
            outbox: Rc::new(RefCell::new(outbox)),
            unread: Bytes::new(),
            clocks: Rc::clone(clocks),
            worker: Rc::clone(worker),
        }
    }

    /// The next read gives these bytes.
    pub(crate) fn unread(&mut self, bytes: Bytes) {
        self.unread = bytes;
    }

    /// Ready when the client has sent something, or has gone.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbox.borrow().stream.inner().poll_readable(cx)
    }

    /// Takes all bytes, to be sent later, or writes what the socket takes now.
    fn poll_put(&self, cx: &mut Context<'_>, slices: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut outbox = self.outbox.borrow_mut();
        if outbox.blocked || outbox.failed.is_some() {
            ready!(outbox.poll_send(cx))?;
        }
        let length = slices.iter().map(|slice| slice.len()).sum::<usize>();
        if outbox.unsent.len() + length > SMALL_BYTES {
            ready!(outbox.poll_send(cx))?;
            let polled = Pin::new(&mut outbox.stream).poll_write_vectored(cx, slices);
            return self.clocks.wrote(polled);
        }
        slices.iter().for_each(|slice| outbox.unsent.extend_from_slice(slice));
        if !outbox.listed {
            outbox.listed = true;
            outbox.task.clone_from(cx.waker());
            drop(outbox);
            self.worker.send_later(&self.outbox);
        }
        Poll::Ready(Ok(length))
    }

    /// Reads and throws away what the client still sends. Closing a socket with unread bytes resets the connection, and a
    /// client that is in the middle of a body that is too large would not see the answer that says so.
    fn poll_linger(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [MaybeUninit::uninit(); 16 << 10];
        let mut outbox = self.outbox.borrow_mut();
        let stream = outbox.stream.inner_mut();
        while !self.worker.is_closing() {
            let mut buffer = ReadBuf::uninit(&mut scratch);
            match Pin::new(&mut *stream).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }
}

impl Outbox {
    /// Ready when nothing is left to send.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(error) = self.failed.take() {
            return Poll::Ready(Err(error));
        }
        let mut sent = 0;
        while let Some(rest) = self.unsent.get(sent..).filter(|rest| !rest.is_empty()) {
            let polled = Pin::new(&mut self.stream).poll_write(cx, rest);
            match self.clocks.wrote(polled) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Poll::Ready(Ok(length)) => sent += length,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.unsent.drain(..sent);
                    self.blocked = true;
                    return Poll::Pending;
                }
            }
        }
        self.unsent.clear();
        // TLS may have taken what the client has not.
        let polled = Pin::new(&mut self.stream).poll_flush(cx);
        self.blocked = polled.is_pending();
        ready!(polled)?;
        self.unsent.shrink_to(KEPT_BYTES);
        Poll::Ready(Ok(()))
    }

    /// The end of the turn. What can't be sent now is left to the connection, which learns of it.
    pub(crate) fn send(&mut self) {
        self.listed = false;
        let task = self.task.clone();
        match self.poll_send(&mut Context::from_waker(&task)) {
            Poll::Ready(Ok(())) => return,
            Poll::Ready(Err(error)) => self.failed = Some(error),
            Poll::Pending => {}
        }
        task.wake();
    }
}

impl Drop for Socket {
    /// A connection that ends in the middle of a response has still written what it has.
    fn drop(&mut self) {
        let _ = self.outbox.borrow_mut().poll_send(&mut Context::from_waker(Waker::noop()));
    }
}

impl Read for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.unread.is_empty() {
            let length = self.unread.len().min(buffer.remaining());
            buffer.put_slice(&self.unread.split_to(length));
            self.clocks.read();
            return Poll::Ready(Ok(()));
        }
        let polled = Pin::new(&mut self.outbox.borrow_mut().stream).poll_read(cx, buffer);
        if polled.is_ready() {
            self.clocks.read();
        }
        polled
    }
}

impl Write for Socket {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_put(cx, &[io::IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_put(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    /// What waits for the end of the turn counts as flushed.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut outbox = self.outbox.borrow_mut();
        if outbox.blocked || outbox.failed.is_some() {
            return outbox.poll_send(cx);
        }
        Pin::new(&mut outbox.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.clocks.lingering.get().is_none() {
            let mut outbox = self.outbox.borrow_mut();
            ready!(outbox.poll_send(cx))?;
            ready!(Pin::new(&mut outbox.stream).poll_shutdown(cx))?;
            self.clocks.lingering.set(Some(lately()));
        }
        self.poll_linger(cx).map(Ok)
    }
}

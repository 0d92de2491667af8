//! One connection: HTTP/1.1 or HTTP/2, with clocks against clients that are slow on purpose.
//!
//! hyper's own header clock sets a timer for every request. Here a request only writes into cells, and one lazy timer a
//! connection looks at them when it fires.

use std::{
    cell::Cell,
    convert::Infallible,
    future::{Future, poll_fn},
    io,
    mem::MaybeUninit,
    net::SocketAddr,
    pin::{Pin, pin},
    rc::Rc,
    task::{Context, Poll, ready},
};

use hyper::{
    body::Incoming,
    rt::{Executor, Read, ReadBufCursor, Write},
    server::conn::{http1, http2},
    service::{HttpService, service_fn},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, ReadBuf},
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};

use crate::{body::Body, dispatch::dispatch, limits::Limits, worker::Worker};

/// The first bytes of HTTP/2 with prior knowledge; no HTTP/1 method begins like that.
const H2_PREFACE: &[u8] = b"PRI ";

/// Serves the connection until either side ends it.
pub(crate) async fn serve(worker: Rc<Worker>, stream: TcpStream, remote: SocketAddr) {
    let Some(place) = worker.enter() else { return };
    poll_fn(|cx| {
        place.wake_with(cx.waker());
        Poll::Ready(())
    })
    .await;
    let limits = &worker.gateway.limits;
    let mut first = [0; H2_PREFACE.len()];
    let peeked = timeout(limits.head_timeout, peek(&worker, &stream, &mut first)).await;
    let Ok(Ok(length)) = peeked else { return };
    let h2 = first.get(..length) == Some(H2_PREFACE);
    let clocks = Rc::new(Clocks::new(h2));
    let io = Io { stream: TokioIo::new(stream), clocks: Rc::clone(&clocks), worker: Rc::clone(&worker) };
    let service = service(&worker, remote, &clocks);
    if h2 {
        let mut builder = http2::Builder::new(Local);
        builder.timer(TokioTimer::new()).keep_alive_interval(limits.idle_timeout / 3);
        builder.keep_alive_timeout(limits.write_timeout).max_concurrent_streams(limits.max_h2_streams);
        builder.max_header_list_size(u32::try_from(limits.max_head_bytes).unwrap_or(u32::MAX));
        let connection = pin!(builder.serve_connection(io, service));
        drive(connection, |connection| connection.graceful_shutdown(), &worker, &clocks).await;
    } else {
        let mut builder = http1::Builder::new();
        // Not pipeline_flush: hyper 1.12 then forgets responses that wait in its buffer when the connection ends with bytes
        // unread, be it a malformed head or a line break behind the last request.
        builder.header_read_timeout(None).max_header_size(limits.max_head_bytes);
        builder.max_buf_size((2 * limits.max_head_bytes).max(64 << 10));
        let connection = pin!(builder.serve_connection(io, service));
        drive(connection, |connection| connection.graceful_shutdown(), &worker, &clocks).await;
    }
}

/// Waits for the first bytes, but not for a client that only connected when the server is closing.
async fn peek(worker: &Worker, stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    let mut peek = pin!(stream.peek(buffer));
    poll_fn(|cx| match peek.as_mut().poll(cx) {
        Poll::Pending if worker.is_closing() => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
        polled => polled,
    })
    .await
}

async fn drive<C: Future>(
    mut connection: Pin<&mut C>,
    shut_down: impl Fn(Pin<&mut C>),
    worker: &Worker,
    clocks: &Clocks,
) {
    let limits = &worker.gateway.limits;
    let mut timer = pin!(sleep_until(Instant::now() + limits.idle_timeout));
    let mut shutting_down = false;
    poll_fn(|cx| {
        if worker.is_closing() && !shutting_down {
            shutting_down = true;
            shut_down(connection.as_mut());
        }
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            let Some(deadline) = clocks.deadline(limits) else { return Poll::Pending };
            if deadline < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(deadline);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if clocks.deadline(limits).is_some_and(|deadline| deadline <= Instant::now()) {
                tracing::debug!("closing a connection whose client is too slow");
                return Poll::Ready(());
            }
        }
    })
    .await;
}

/// Since when the connection is in which state.
struct Clocks {
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
    lingering: Cell<Option<Instant>>,
}

impl Clocks {
    fn new(h2: bool) -> Self {
        let now = Instant::now();
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
    fn deadline(&self, limits: &Limits) -> Option<Instant> {
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

    fn read(&self) {
        // HTTP/2 also reads frames that belong to no request.
        if !self.h2 && self.active.get() == 0 && self.head.get().is_none() {
            self.head.set(Some(Instant::now()));
        }
    }

    fn wrote<T>(&self, polled: Poll<T>) -> Poll<T> {
        if polled.is_pending() {
            self.stalled.set(self.stalled.get().or_else(|| Some(Instant::now())));
        } else {
            self.stalled.set(None);
            self.progress.set(Instant::now());
        }
        polled
    }
}

/// The socket, noting what happens on it.
struct Io {
    stream: TokioIo<TcpStream>,
    clocks: Rc<Clocks>,
    worker: Rc<Worker>,
}

impl Io {
    /// Reads and throws away what the client still sends. Closing a socket with unread bytes resets the connection, and a
    /// client that is in the middle of a body that is too large would not see the answer that says so.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut scratch = [MaybeUninit::uninit(); 16 << 10];
        while !self.worker.is_closing() {
            let mut buffer = ReadBuf::uninit(&mut scratch);
            match Pin::new(self.stream.inner_mut()).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => break,
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }
}

impl Read for Io {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if polled.is_ready() {
            self.clocks.read();
        }
        polled
    }
}

impl Write for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.clocks.wrote(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.clocks.wrote(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.clocks.lingering.get().is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
            self.clocks.lingering.set(Some(Instant::now()));
        }
        self.poll_linger(cx).map(Ok)
    }
}

/// hyper's service: called when a request's head is complete.
fn service(
    worker: &Rc<Worker>,
    remote: SocketAddr,
    clocks: &Rc<Clocks>,
) -> impl HttpService<Incoming, ResBody = Body, Error = Infallible> + use<> {
    let (worker, clocks) = (Rc::clone(worker), Rc::clone(clocks));
    service_fn(move |request| {
        let (worker, active) = (Rc::clone(&worker), Active::new(&clocks));
        async move {
            let mut response = dispatch(&worker, remote, request).await;
            if let Body::Stream(stream) = response.body_mut() {
                stream.active = Some(active);
            }
            Ok(response)
        }
    })
}

/// A request that is being answered.
pub(crate) struct Active(Rc<Clocks>);

impl Active {
    fn new(clocks: &Rc<Clocks>) -> Self {
        clocks.head.set(None);
        clocks.active.set(clocks.active.get() + 1);
        Self(Rc::clone(clocks))
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.set(self.0.active.get() - 1);
        self.0.progress.set(Instant::now());
    }
}

/// HTTP/2 runs its streams on the connection's own thread.
#[derive(Clone)]
struct Local;

impl<F: Future<Output = ()> + 'static> Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

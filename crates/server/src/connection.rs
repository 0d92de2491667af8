//! One connection: HTTP/1.1 or HTTP/2, with [`clocks`](crate::clocks) against clients that are slow on purpose.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    rc::Rc,
    task::Poll,
};

use hyper::{
    body::Incoming,
    rt::Executor,
    server::conn::{http1, http2},
    service::{HttpService, service_fn},
};
use hyper_util::rt::TokioTimer;
use tokio::{
    net::TcpStream,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    body::Body,
    clocks::{Active, Clocks},
    dispatch::dispatch,
    door::Door,
    socket::Socket,
    tls,
    transport::Transport,
    worker::Worker,
};

/// The first bytes of HTTP/2 with prior knowledge; no HTTP/1 method begins like that.
const H2_PREFACE: &[u8] = b"PRI ";

/// Serves the connection until either side ends it.
pub(crate) async fn serve(worker: Rc<Worker>, door: Rc<Door>, stream: TcpStream, remote: SocketAddr) {
    let Some(place) = worker.enter() else { return };
    poll_fn(|cx| {
        place.wake_with(cx.waker());
        Poll::Ready(())
    })
    .await;
    let limits = &worker.gateway.limits;
    let opened = timeout(limits.head_timeout, unless_closing(&worker, open(&door, stream))).await;
    let Ok(Ok((stream, h2))) = opened else { return };
    let clocks = Rc::new(Clocks::new(h2));
    let socket = Socket::new(stream, &clocks, &worker);
    let service = service(&worker, &door, remote, &clocks);
    if h2 {
        let mut builder = http2::Builder::new(Local);
        builder.timer(TokioTimer::new()).keep_alive_interval(limits.idle_timeout / 3);
        builder.keep_alive_timeout(limits.write_timeout).max_concurrent_streams(limits.max_h2_streams);
        builder.max_header_list_size(u32::try_from(limits.max_head_bytes).unwrap_or(u32::MAX));
        let connection = pin!(builder.serve_connection(socket, service));
        drive(connection, |connection| connection.graceful_shutdown(), &worker, &clocks).await;
    } else {
        let mut builder = http1::Builder::new();
        // Not pipeline_flush: hyper 1.12 then forgets responses that wait in its buffer when the connection ends with bytes
        // unread, be it a malformed head or a line break behind the last request.
        builder.header_read_timeout(None).max_header_size(limits.max_head_bytes);
        builder.max_buf_size((2 * limits.max_head_bytes).max(64 << 10));
        let connection = pin!(builder.serve_connection(socket, service));
        drive(connection, |connection| connection.graceful_shutdown(), &worker, &clocks).await;
    }
}

/// What the connection speaks: agreed on in the TLS handshake, else told by the first bytes. `true`: HTTP/2.
async fn open(door: &Door, stream: TcpStream) -> io::Result<(Transport, bool)> {
    if let Door::Https { acceptor, .. } = door {
        let stream = acceptor.accept(stream).await?;
        let h2 = stream.get_ref().1.alpn_protocol() == Some(tls::H2);
        return Ok((Transport::Tls(Box::new(stream)), h2));
    }
    let mut first = [0; H2_PREFACE.len()];
    let length = stream.peek(&mut first).await?;
    Ok((Transport::Plain(stream), first.get(..length) == Some(H2_PREFACE)))
}

/// Does not wait for a client that only connected when the server is closing.
async fn unless_closing<T>(worker: &Worker, opening: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut opening = pin!(opening);
    poll_fn(|cx| match opening.as_mut().poll(cx) {
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

/// hyper's service: called when a request's head is complete.
fn service(
    worker: &Rc<Worker>,
    door: &Rc<Door>,
    remote: SocketAddr,
    clocks: &Rc<Clocks>,
) -> impl HttpService<Incoming, ResBody = Body, Error = Infallible> + use<> {
    let (worker, door, clocks) = (Rc::clone(worker), Rc::clone(door), Rc::clone(clocks));
    service_fn(move |mut request| {
        let (worker, door, active) = (Rc::clone(&worker), Rc::clone(&door), Active::new(&clocks));
        async move {
            let mut response = match door.receive(&mut request) {
                Some(elsewhere) => elsewhere,
                None => dispatch(&worker, remote, request).await,
            };
            door.send(&mut response);
            if let Body::Stream(stream) = response.body_mut() {
                stream.active = Some(active);
            }
            Ok(response)
        }
    })
}

/// HTTP/2 runs its streams on the connection's own thread.
#[derive(Clone)]
struct Local;

impl<F: Future<Output = ()> + 'static> Executor<F> for Local {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}

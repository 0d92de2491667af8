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
    time::{Instant, sleep_until, timeout, timeout_at},
};

use crate::{
    body::Body,
    clocks::{Active, Clocks},
    dispatch::dispatch,
    door::Door,
    now::{lately, now},
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
        // In a box: most connections are HTTP/1.1 and need no room for this.
        let mut connection = Box::pin(builder.serve_connection(socket, service));
        drive(connection.as_mut(), |connection| connection.graceful_shutdown(), &worker, &clocks).await;
    } else {
        serve_http1(socket, service, &worker, &clocks).await;
    }
}

/// Requests one after another. Between two that are far apart hyper's state and its buffers are given back, which are most of
/// what a connection takes.
async fn serve_http1<S>(mut socket: Socket, mut service: S, worker: &Rc<Worker>, clocks: &Clocks)
where
    S: HttpService<Incoming, ResBody = Body, Error = Infallible> + Unpin,
{
    let limits = &worker.gateway.limits;
    loop {
        let mut builder = http1::Builder::new();
        // Not pipeline_flush: hyper 1.12 then forgets responses that wait in its buffer when the connection ends with bytes
        // unread, be it a malformed head or a line break behind the last request.
        builder.header_read_timeout(None).max_header_size(limits.max_head_bytes);
        builder.max_buf_size((2 * limits.max_head_bytes).max(64 << 10));
        let mut connection = Box::new(builder.serve_connection(socket, service));
        let left = drive(Pin::new(&mut *connection), |connection| connection.graceful_shutdown(), worker, clocks).await;
        let Left::Idle = left else { return };
        let http1::Parts { io, read_buf, service: same, .. } = connection.into_parts();
        (socket, service) = (io, same);
        if read_buf.is_empty() {
            // Nothing is in it, and still it is the whole buffer.
            drop(read_buf);
            worker.give_back_soon();
            let until = Instant::from_std(clocks.deadline(limits).unwrap_or_else(lately));
            let woken = unless_closing(worker, poll_fn(|cx| socket.poll_readable(cx)));
            let Ok(Ok(())) = timeout_at(until, woken).await else { return };
        } else {
            socket.unread(read_buf);
        }
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

/// Does not wait for a client that only connected, or rests, when the server is closing.
async fn unless_closing<T>(worker: &Worker, client: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    let mut client = pin!(client);
    poll_fn(|cx| match client.as_mut().poll(cx) {
        Poll::Pending if worker.is_closing() => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
        polled => polled,
    })
    .await
}

/// How a connection was left.
enum Left {
    Ended,
    /// Open, and nothing has happened on it for a while.
    Idle,
}

async fn drive<C: Future>(
    mut connection: Pin<&mut C>,
    shut_down: impl Fn(Pin<&mut C>),
    worker: &Worker,
    clocks: &Clocks,
) -> Left {
    let limits = &worker.gateway.limits;
    let mut timer = pin!(sleep_until(Instant::from_std(lately() + limits.idle_timeout)));
    let (mut shutting_down, mut settled) = (false, false);
    poll_fn(|cx| {
        if worker.is_closing() && !shutting_down {
            shutting_down = true;
            shut_down(connection.as_mut());
        }
        if connection.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Left::Ended);
        }
        loop {
            if !shutting_down && clocks.is_idle(limits) {
                if settled {
                    return Poll::Ready(Left::Idle);
                }
                // What hyper has left for its next turn, such as the end of a connection whose body was not read, goes first.
                settled = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            settled = false;
            let Some(deadline) = clocks.next_look(limits).map(Instant::from_std) else { return Poll::Pending };
            if deadline < timer.deadline() || timer.is_elapsed() {
                timer.as_mut().reset(deadline);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if clocks.deadline(limits).is_some_and(|deadline| deadline <= now()) {
                tracing::debug!("closing a connection whose client is too slow");
                return Poll::Ready(Left::Ended);
            }
        }
    })
    .await
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
                // In a box of its own: hyper keeps room for the service's future as long as the connection is open.
                None => Box::pin(dispatch(&worker, remote, request)).await,
            };
            door.send(&mut response);
            response.body_mut().hold(active);
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

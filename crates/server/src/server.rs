//! The threads: each has its own listener, runtime and connections, and shares nothing but the [`Gateway`].

use std::{
    future::poll_fn,
    net::{SocketAddr, TcpListener},
    rc::Rc,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use hyper::header::HeaderValue;
use tokio::{
    runtime,
    sync::watch,
    task::{LocalSet, spawn_local},
    time::{sleep, timeout},
};

use crate::{
    connection, door::Door, error::Error, gateway::Gateway, host::Host, listener, now::now, tls, worker::Worker,
};

/// Without file descriptors or memory no connection can be taken; soon there may be some again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Where to listen. Port 0: any that is free.
#[derive(Debug, Clone)]
pub struct Listen {
    pub http: SocketAddr,
    pub https: Option<Https>,
}

/// HTTPS, with the certificates of the gateway.
#[derive(Debug, Clone)]
pub struct Https {
    pub address: SocketAddr,
    /// Plain HTTP only shows the way here; health checks and challenges of certificate authorities it still answers.
    pub redirect: bool,
    /// `max-age` of `Strict-Transport-Security`, seconds.
    pub hsts: Option<u32>,
}

/// A server that listens. Dropping it ends it at once, without waiting for its threads; [`Server::close`] is kinder.
pub struct Server {
    address: SocketAddr,
    https: Option<SocketAddr>,
    gateway: Arc<Gateway>,
    /// How long what runs may still take, once the end has come.
    stop: watch::Sender<Option<Duration>>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Listens with so many threads (at least one). Returns when it accepts connections.
    pub fn listen(gateway: Arc<Gateway>, host: Host, listen: &Listen, threads: usize) -> Result<Self, Error> {
        let count = threads.max(1);
        let (address, http) = listener::bind(listen.http, count)?;
        let (https, mut doors) = https(&gateway, listen.https.as_ref(), count)?;
        let redirect = listen.https.as_ref().is_some_and(|https| https.redirect).then_some(https).flatten();
        let (stop, stopped) = watch::channel(None);
        let host = Arc::new(host);
        let mut server = Self { address, https, gateway, stop, threads: Vec::with_capacity(count) };
        for (index, listener) in http.into_iter().enumerate() {
            let (gateway, host, stopped) = (Arc::clone(&server.gateway), Arc::clone(&host), stopped.clone());
            let failed = |source| Error::Listen { address, source };
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .on_thread_unpark(|| _ = now())
                .build()
                .map_err(failed)?;
            let plain = redirect.map_or(Door::Http, |https| Door::Redirect(https.port()));
            let doors = [Some((listener, plain)), doors.pop()];
            let thread = thread::Builder::new().name(format!("edge-http-{index}")).spawn(move || {
                LocalSet::new().block_on(&runtime, run(Worker::new(gateway, host), doors, stopped));
            });
            server.threads.push(thread.map_err(failed)?);
        }
        Ok(server)
    }

    /// Where it listens for plain HTTP: the real port, when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens for HTTPS.
    pub fn https_address(&self) -> Option<SocketAddr> {
        self.https
    }

    /// Stops accepting, lets what runs finish for at most `grace`, then drops it. Blocks as long as that takes.
    pub fn close(mut self, grace: Duration) {
        self.stop.send_replace(Some(grace));
        self.gateway.events.close();
        self.gateway.streams.close();
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("an HTTP thread panicked");
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.stop.send_replace(Some(Duration::ZERO));
        }
    }
}

/// Where it listens, if it does, with a listener for each thread.
type Doors = (Option<SocketAddr>, Vec<(TcpListener, Door)>);

/// The listeners of HTTPS, one a thread.
fn https(gateway: &Gateway, https: Option<&Https>, count: usize) -> Result<Doors, Error> {
    let Some(Https { address, hsts, .. }) = https else { return Ok((None, Vec::new())) };
    let acceptor = tls::acceptor(Arc::clone(&gateway.certificates))?;
    let hsts = hsts.and_then(|seconds| HeaderValue::from_str(&format!("max-age={seconds}")).ok());
    let (address, listeners) = listener::bind(*address, count)?;
    let door = || Door::Https { acceptor: acceptor.clone(), hsts: hsts.clone() };
    Ok((Some(address), listeners.into_iter().map(|listener| (listener, door())).collect()))
}

type Stopped = watch::Receiver<Option<Duration>>;

async fn run(worker: Worker, doors: [Option<(TcpListener, Door)>; 2], mut stopped: Stopped) {
    let worker = Rc::new(worker);
    let sender = Rc::clone(&worker);
    spawn_local(poll_fn(move |cx| sender.poll_send(cx)));
    let accepting: Vec<_> = doors
        .into_iter()
        .flatten()
        .map(|(listener, door)| spawn_local(accept(Rc::clone(&worker), listener, Rc::new(door), stopped.clone())))
        .collect();
    let grace = stopped.wait_for(Option::is_some).await.ok().and_then(|grace| *grace).unwrap_or_default();
    for accepting in accepting {
        let _ = accepting.await;
    }
    worker.close();
    let _ = timeout(grace, poll_fn(|cx| worker.poll_empty(cx))).await;
}

/// Takes connections until the end has come, or the server is gone.
async fn accept(worker: Rc<Worker>, listener: TcpListener, door: Rc<Door>, mut stopped: Stopped) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "an HTTP thread cannot listen"),
    };
    loop {
        tokio::select! {
            biased;
            _ = stopped.wait_for(Option::is_some) => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, remote)) => {
                    // Without it a small response would wait for the acknowledgement of the one before.
                    let _ = stream.set_nodelay(true);
                    spawn_local(connection::serve(Rc::clone(&worker), Rc::clone(&door), stream, remote));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
}

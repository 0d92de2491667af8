//! The threads: each has its own listener, runtime and connections, and shares nothing but the [`Gateway`].

use std::{
    future::poll_fn,
    net::{SocketAddr, TcpListener},
    rc::Rc,
    sync::Arc,
    thread::{self, JoinHandle},
    time::Duration,
};

use tokio::{
    runtime,
    sync::watch,
    task::{LocalSet, spawn_local},
    time::{sleep, timeout},
};

use crate::{connection, error::Error, gateway::Gateway, host::Host, listener, worker::Worker};

/// Without file descriptors or memory no connection can be taken; soon there may be some again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A server that listens. Dropping it ends it at once, without waiting for its threads; [`Server::close`] is kinder.
pub struct Server {
    address: SocketAddr,
    gateway: Arc<Gateway>,
    /// How long what runs may still take, once the end has come.
    stop: watch::Sender<Option<Duration>>,
    threads: Vec<JoinHandle<()>>,
}

impl Server {
    /// Listens on the address with so many threads (at least one). Returns when it accepts connections.
    pub fn listen(gateway: Arc<Gateway>, host: Host, address: SocketAddr, threads: usize) -> Result<Self, Error> {
        let (address, listeners) = listener::bind(address, threads.max(1))?;
        let (stop, stopped) = watch::channel(None);
        let host = Arc::new(host);
        let mut server = Self { address, gateway, stop, threads: Vec::with_capacity(listeners.len()) };
        for (index, listener) in listeners.into_iter().enumerate() {
            let (gateway, host, stopped) = (Arc::clone(&server.gateway), Arc::clone(&host), stopped.clone());
            let failed = |source| Error::Listen { address, source };
            let runtime = runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
            let thread = thread::Builder::new().name(format!("edge-http-{index}")).spawn(move || {
                LocalSet::new().block_on(&runtime, run(Worker::new(gateway, host), listener, stopped));
            });
            server.threads.push(thread.map_err(failed)?);
        }
        Ok(server)
    }

    /// Where it listens: the real port, when 0 was asked for.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops accepting, lets what runs finish for at most `grace`, then drops it. Blocks as long as that takes.
    pub fn close(mut self, grace: Duration) {
        self.stop.send_replace(Some(grace));
        self.gateway.events.close();
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

async fn run(worker: Worker, listener: TcpListener, mut stopped: watch::Receiver<Option<Duration>>) {
    let worker = Rc::new(worker);
    let sender = Rc::clone(&worker);
    spawn_local(poll_fn(move |cx| sender.poll_send(cx)));
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(error) => return tracing::error!(%error, "an HTTP thread cannot listen"),
    };
    let grace = loop {
        tokio::select! {
            biased;
            stop = stopped.wait_for(Option::is_some) => break stop.ok().and_then(|grace| *grace).unwrap_or_default(),
            accepted = listener.accept() => match accepted {
                Ok((stream, remote)) => {
                    // Without it a small response would wait for the acknowledgement of the one before.
                    let _ = stream.set_nodelay(true);
                    spawn_local(connection::serve(Rc::clone(&worker), stream, remote));
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    };
    drop(listener);
    worker.close();
    let _ = timeout(grace, poll_fn(|cx| worker.poll_empty(cx))).await;
}

//! Start and end.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use swarmlambda_server::{Error, Gateway, HostFuture, Limits, Listen, MissRequest, MissResponse, Server};
use tokio::sync::oneshot;

use crate::harness::{Edge, PATIENCE, echo, elsewhere, get, host, invocation};

fn listen(address: SocketAddr) -> Result<Server, Error> {
    let gateway = Gateway::new("edge-b", "local", Limits::default()).unwrap();
    Server::listen(gateway, host(elsewhere, echo), &Listen { http: address, https: None }, 2)
}

#[test]
fn refuses_a_port_that_has_a_listener_already() {
    let edge = Edge::start();
    assert!(matches!(listen(edge.address), Err(Error::AddressInUse { .. })), "another edge");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    assert!(matches!(listen(other.local_addr().unwrap()), Err(Error::AddressInUse { .. })), "another program");
    assert_eq!(edge.send(&get("/x")).status, 201);
}

#[test]
fn lets_only_one_of_several_that_start_at_once_have_the_port() {
    for _ in 0..20 {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let starters: Vec<_> = (0..4).map(|_| std::thread::spawn(move || listen(free))).collect();
        let results: Vec<_> = starters.into_iter().map(|starter| starter.join().unwrap()).collect();
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        results.into_iter().flatten().for_each(|server| server.close(Duration::ZERO));
    }
}

#[test]
fn says_which_address_it_cannot_have() {
    let error = listen("192.0.2.1:1".parse().unwrap()).err().unwrap();
    assert!(matches!(&error, Error::Listen { .. }) && error.to_string().contains("192.0.2.1:1"), "{error}");
    assert!(Gateway::new("edge a", "local", Limits::default()).is_err());
}

#[test]
fn spreads_connections_over_its_threads() {
    let edge = Edge::start();
    let mut clients: Vec<_> = (0..64).map(|_| edge.connect()).collect();
    for client in &mut clients {
        client.send(get("/x").as_bytes());
        assert_eq!(client.response().status, 201);
    }
}

/// A host whose first invocation ends when the test says so.
fn held() -> (Edge, oneshot::Sender<()>) {
    let (release, released) = oneshot::channel();
    let released = Arc::new(Mutex::new(Some(released)));
    let miss = move |request: MissRequest| -> HostFuture<MissResponse> {
        let released = released.lock().unwrap().take();
        Box::pin(async move {
            if let Some(released) = released {
                let _ = released.await;
            }
            elsewhere(request).await
        })
    };
    (Edge::with(Limits::default(), host(miss, echo)), release)
}

fn await_miss(edge: &Edge) {
    while edge.gateway.stats().misses == 0 {
        std::thread::yield_now();
    }
}

#[test]
fn finishes_what_runs_before_it_closes() {
    let (mut edge, release) = held();
    let mut idle = edge.connect();
    idle.send(get("/x").as_bytes());
    assert_eq!(idle.response().status, 201);
    let mut busy = edge.connect();
    busy.send(invocation("hello", "", "1").as_bytes());
    await_miss(&edge);
    let address = edge.address;
    let closing = std::thread::spawn(move || edge.close(PATIENCE));
    assert_eq!(idle.rest(), "", "an idle connection ends at once");
    let started = Instant::now();
    while TcpStream::connect(address).is_ok() {
        assert!(started.elapsed() < PATIENCE, "it takes no more connections");
    }
    release.send(()).unwrap();
    assert_eq!(busy.response().body, "1");
    assert_eq!(busy.rest(), "");
    closing.join().unwrap();
}

#[test]
fn drops_what_takes_longer_than_the_grace() {
    let (mut edge, _release) = held();
    let mut busy = edge.connect();
    busy.send(invocation("hello", "", "1").as_bytes());
    await_miss(&edge);
    let mut half = edge.connect();
    half.send(b"POST /");
    let started = Instant::now();
    edge.close(Duration::from_millis(50));
    assert!(started.elapsed() < PATIENCE / 2);
    assert_eq!(busy.rest(), "");
    assert_eq!(half.rest(), "");
}

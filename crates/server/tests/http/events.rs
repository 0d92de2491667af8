//! The event stream.

use std::time::Duration;

use swarmlambda_server::Limits;

use crate::harness::{Client, Edge, echo, elsewhere, get, host};

fn subscribe(edge: &Edge) -> Client {
    let mut client = edge.connect();
    client.send(get("/events").as_bytes());
    let head = client.head();
    assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream; charset=utf-8")));
    client.until("retry: 1000\n\n");
    client
}

#[test]
fn sends_the_latest_snapshot_at_once_and_then_every_event() {
    let edge = Edge::start();
    edge.gateway.set_snapshot(r#"{"at":1}"#);
    edge.gateway.set_snapshot(r#"{"at":2}"#);
    let mut listeners = [subscribe(&edge), subscribe(&edge)];
    edge.gateway.publish("invocation", r#"{"at":3}"#);
    for listener in &mut listeners {
        assert!(listener.until("\n\n").contains("id: 2\nevent: snapshot\ndata: {\"at\":2}\n\n"));
        assert!(listener.until("\n\n").ends_with("id: 3\nevent: invocation\ndata: {\"at\":3}\n\n"));
    }
}

#[test]
fn shows_that_it_lives_when_nothing_happens() {
    let limits = Limits { event_heartbeat: Duration::from_millis(10), rest_after: Duration::ZERO, ..Limits::default() };
    let edge = Edge::with(limits, host(elsewhere, echo));
    let mut listener = subscribe(&edge);
    assert!(listener.until(":\n\n").contains(":\n\n"));
    assert!(listener.until(":\n\n").contains(":\n\n"));
}

#[test]
fn drops_a_listener_that_lags_behind_and_keeps_the_others() {
    let limits = Limits { event_backlog: 4, write_timeout: Duration::from_millis(100), ..Limits::default() };
    let edge = Edge::with(limits, host(elsewhere, echo));
    let lagging = subscribe(&edge);
    let mut good = subscribe(&edge);
    let event = format!("\"{}\"", "a".repeat(1 << 20));
    while edge.gateway.stats().connections > 1 {
        edge.gateway.publish("big", &event);
        assert!(good.until("\n\n").contains("event: big"));
    }
    drop(lagging);
    edge.gateway.publish("small", "1");
    assert!(good.until("\n\n").contains("event: small"));
}

#[test]
fn limits_its_listeners() {
    let limits = Limits { max_event_streams: 1, ..Limits::default() };
    let edge = Edge::with(limits, host(elsewhere, echo));
    let first = subscribe(&edge);
    assert_eq!(edge.send(&get("/events")).status, 503);
    drop(first);
    while edge.send(&get("/events?again")).status != 200 {}
}

#[test]
fn ends_the_streams_when_it_closes() {
    let mut edge = Edge::start();
    let listener = subscribe(&edge);
    edge.close(Duration::from_secs(10));
    assert!(listener.rest().ends_with("0\r\n\r\n"));
}

//! Clients that are clever, careless, slow or hostile.

use std::{
    fmt::Write,
    sync::{Condvar, Mutex},
    time::{Duration, Instant},
};

use swarmlambda_server::{ControlResponse, Host, HostFuture, Limits};

use crate::harness::{Edge, PATIENCE, echo, elsewhere, get, host, invocation};

const SHORT: Duration = Duration::from_millis(100);

/// Each test shortens one time only, so that it sees that one at work.
fn impatient(limits: Limits) -> Edge {
    Edge::with(limits, host(elsewhere, echo))
}

#[test]
fn keeps_a_connection_for_more_requests() {
    let edge = Edge::start();
    let mut client = edge.connect();
    for event in ["1", "\"two\"", "[3]"] {
        client.send(invocation("hello", "", event).as_bytes());
        assert_eq!(client.response().body, event);
    }
    assert_eq!(edge.gateway.stats().connections, 1);
}

#[test]
fn answers_pipelined_requests_in_order() {
    let edge = Edge::start();
    let requests: String = (0..20).map(|event| invocation("hello", "", &event.to_string())).collect();
    let mut client = edge.connect();
    client.send(requests.as_bytes());
    for event in 0..20 {
        assert_eq!(client.response().body, event.to_string());
    }
}

#[test]
fn puts_a_request_together_from_single_bytes() {
    let edge = Edge::start();
    let mut client = edge.connect();
    for byte in invocation("hello", "", r#"{"a":1}"#).as_bytes() {
        client.send(&[*byte]);
    }
    assert_eq!(client.response().body, r#"{"a":1}"#);
}

#[test]
fn takes_a_chunked_body() {
    let edge = Edge::start();
    let response = edge.send(
        "POST /2015-03-31/functions/hello/invocations HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\n{\"a\r\n4\r\n\":1}\r\n0\r\n\r\n",
    );
    assert_eq!(response.body, r#"{"a":1}"#);
}

#[test]
fn closes_when_asked_to() {
    let edge = Edge::start();
    let mut client = edge.connect();
    client.send(invocation("hello", "connection: close\r\n", "1").as_bytes());
    assert_eq!(client.response().body, "1");
    assert_eq!(client.rest(), "");
}

#[test]
fn answers_a_last_request_that_is_followed_by_rubbish() {
    let edge = Edge::start();
    let last = invocation("hello", "connection: close\r\n", "2");
    for rubbish in ["\r\n", "rubbish\r\n\r\n"] {
        let mut client = edge.connect();
        client.send(format!("{}{last}{rubbish}", invocation("hello", "", "1")).as_bytes());
        assert_eq!(client.response().body, "1");
        assert_eq!(client.response().body, "2");
    }
    let mut client = edge.connect();
    client.send(format!("{}rubbish\r\n\r\n", invocation("hello", "", "1")).as_bytes());
    assert_eq!(client.response().body, "1");
    assert_eq!(client.response().status, 400);
}

#[test]
fn survives_clients_that_leave_in_the_middle() {
    let edge = Edge::start();
    let request = invocation("hello", "", r#"{"a":1}"#);
    for length in [1, 10, request.len() / 2, request.len() - 1] {
        let mut client = edge.connect();
        client.send(&request.as_bytes()[..length]);
    }
    assert_eq!(edge.send(&request).status, 200);
}

#[test]
fn refuses_an_event_above_the_limit_whatever_its_framing() {
    let edge = Edge::with(Limits { max_event_bytes: 1000, ..Limits::default() }, host(elsewhere, echo));
    let fits = format!("\"{}\"", "a".repeat(998));
    assert_eq!(edge.send(&invocation("hello", "", &fits)).body, fits);
    let response = edge.send(&invocation("hello", "", &format!("{fits} ")));
    assert_eq!((response.status, response.error().1), (413, "RequestTooLargeException"));
    let chunk = format!("3e8\r\n{}\r\n", "1".repeat(1000));
    let chunked = format!(
        "POST /2015-03-31/functions/hello/invocations HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n{chunk}{chunk}0\r\n\r\n"
    );
    assert_eq!(edge.send(&chunked).status, 413);
    // Who sends everything before it listens gets the answer, not a reset.
    let long = edge.send(&invocation("hello", "", &"1".repeat(20 << 20)));
    assert_eq!((long.status, long.error().1), (413, "RequestTooLargeException"));
    // Somebody who announces a terabyte is not listened to for long.
    let mut client = edge.connect();
    client.send(invocation("hello", "", "").replace("length: 0", "length: 1099511627776").as_bytes());
    while client.try_send(&[b'1'; 4096]) && edge.gateway.stats().latency.iter().sum::<u64>() < 5 {}
    assert_eq!(client.response().status, 413);
}

#[test]
fn refuses_a_large_event_before_it_is_sent_when_the_client_asks() {
    let edge = Edge::with(Limits { max_event_bytes: 10, ..Limits::default() }, host(elsewhere, echo));
    let mut client = edge.connect();
    client.send(invocation("hello", "expect: 100-continue\r\n", "").replace("length: 0", "length: 11").as_bytes());
    assert_eq!(client.response().status, 413);
    let mut client = edge.connect();
    client.send(invocation("hello", "expect: 100-continue\r\n", "").replace("length: 0", "length: 1").as_bytes());
    assert_eq!(client.head().status, 100);
    client.send(b"1");
    assert_eq!(client.response().body, "1");
}

#[test]
fn refuses_heads_that_are_too_large_or_malformed() {
    let edge = Edge::start();
    let long = format!("x: {}\r\n", "a".repeat(40 << 10));
    let many = (0..200).fold(String::new(), |mut many, index| {
        let _ = write!(many, "x-{index}: 1\r\n");
        many
    });
    for (name, request, status) in [
        ("a long header", invocation("hello", &long, "1"), 431),
        ("many headers", invocation("hello", &many, "1"), 431),
        ("a long path", get(&format!("/{}", "a".repeat(70_000))), 431),
        ("no HTTP", "nonsense\r\n\r\n".to_owned(), 400),
        ("no colon", "GET / HTTP/1.1\r\nno colon\r\n\r\n".to_owned(), 400),
        ("no length", "POST /x HTTP/1.1\r\ncontent-length: a\r\n\r\n".to_owned(), 400),
        ("two lengths", "POST /x HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(), 400),
        ("not chunked", "POST /x HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n".to_owned(), 400),
        ("a request", invocation("hello", "", "1"), 200),
    ] {
        let mut client = edge.connect();
        client.send(request.as_bytes());
        let head = client.head_or_end();
        assert_eq!(head.map(|head| head.status), Some(status), "{name}");
    }
}

#[test]
fn closes_on_a_client_that_never_finishes_its_head() {
    let edge = impatient(Limits { head_timeout: SHORT, ..Limits::default() });
    let mut client = edge.connect();
    client.send(b"POST /2015-03-31/functions/hello/invo");
    assert_eq!(client.rest(), "");
    // The same behind a complete request, and a byte at a time doesn't help.
    let mut client = edge.connect();
    client.send(invocation("hello", "", "1").as_bytes());
    assert_eq!(client.response().body, "1");
    let started = Instant::now();
    while client.try_send(b"G") && started.elapsed() < 50 * SHORT {
        std::thread::sleep(SHORT / 10);
    }
    assert!(started.elapsed() < 50 * SHORT, "a dripping client is cut off");
}

#[test]
fn closes_on_a_client_that_says_nothing() {
    let edge = impatient(Limits { idle_timeout: SHORT, head_timeout: SHORT, ..Limits::default() });
    assert_eq!(edge.connect().rest(), "");
    let mut idle = edge.connect();
    idle.send(invocation("hello", "", "1").as_bytes());
    assert_eq!(idle.response().body, "1");
    assert_eq!(idle.rest(), "");
}

#[test]
fn goes_on_with_a_connection_that_rested() {
    let limits = Limits { rest_after: Duration::ZERO, head_timeout: SHORT, ..Limits::default() };
    let edge = Edge::with(limits.clone(), host(elsewhere, echo));
    let mut client = edge.connect();
    let request = invocation("hello", "", "1");
    for _ in 0..3 {
        client.send(request.as_bytes());
        assert_eq!(client.response().body, "1");
    }
    // What came behind a request is not lost, be it whole requests or a part of one.
    client.send(format!("{request}{request}{}", &request[..20]).as_bytes());
    assert_eq!([client.response().body, client.response().body], ["1", "1"]);
    client.send(&request.as_bytes()[20..]);
    assert_eq!(client.response().body, "1");
    drop(client);
    let edge = Edge::with(Limits { idle_timeout: SHORT, ..limits }, host(elsewhere, echo));
    let mut client = edge.connect();
    client.send(request.as_bytes());
    assert_eq!(client.response().body, "1");
    assert_eq!(client.rest(), "", "it is closed in the end");
}

#[test]
fn gives_back_what_resting_connections_freed() {
    static GIVEN_BACK: (Mutex<bool>, Condvar) = (Mutex::new(false), Condvar::new());
    let give_back = || {
        *GIVEN_BACK.0.lock().unwrap() = true;
        GIVEN_BACK.1.notify_all();
    };
    let limits = Limits { rest_after: Duration::ZERO, ..Limits::default() };
    let edge = Edge::with(limits, Host { give_back, ..host(elsewhere, echo) });
    let mut client = edge.connect();
    client.send(invocation("hello", "", "1").as_bytes());
    assert_eq!(client.response().body, "1");
    let given_back = GIVEN_BACK.1.wait_timeout_while(GIVEN_BACK.0.lock().unwrap(), 6 * PATIENCE, |given| !*given);
    assert!(*given_back.unwrap().0, "while the connection is open");
}

#[test]
fn gives_up_on_a_body_that_does_not_come() {
    let edge = impatient(Limits { body_timeout: SHORT, ..Limits::default() });
    let mut client = edge.connect();
    client.send(invocation("hello", "", "").replace("length: 0", "length: 5").as_bytes());
    client.send(b"{");
    let response = client.response();
    assert_eq!((response.status, response.error().1), (408, "RequestTimeoutException"));
    assert_eq!(client.rest(), "", "what may still come belongs to no request");
}

#[test]
fn gives_up_on_a_client_that_takes_no_bytes() {
    let big = |_| -> HostFuture<ControlResponse> {
        Box::pin(async {
            Ok(ControlResponse { status: 200, headers: Vec::new(), body: vec![b'a'; 64 << 20].into(), stream: None })
        })
    };
    let limits = Limits { write_timeout: SHORT, ..Limits::default() };
    let edge = Edge::with(limits, host(elsewhere, big));
    let mut client = edge.connect();
    client.send(get("/big").as_bytes());
    while edge.gateway.stats().requests == 0 || edge.gateway.stats().connections > 0 {
        std::thread::yield_now();
    }
    assert!(client.rest().len() < 64 << 20);
}

#[test]
fn takes_no_more_connections_than_it_may() {
    let edge = Edge::with(Limits { max_connections: 2, ..Limits::default() }, host(elsewhere, echo));
    let mut clients = [edge.connect(), edge.connect()];
    for client in &mut clients {
        client.send(invocation("hello", "", "1").as_bytes());
        assert_eq!(client.response().status, 200);
    }
    assert_eq!(edge.connect().rest(), "");
    drop(clients);
    while edge.gateway.stats().connections > 0 {
        std::thread::yield_now();
    }
    assert_eq!(edge.send(&invocation("hello", "", "1")).status, 200);
}

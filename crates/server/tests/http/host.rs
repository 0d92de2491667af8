//! What happens when the host is slow, full, broken, or says nonsense.

use std::{sync::Arc, time::Duration};

use swarmlambda_server::{ControlResponse, HostFuture, Limits, MissRequest, MissResponse, Refusal};
use tokio::sync::Semaphore;

use crate::harness::{Edge, echo, elsewhere, fails, get, host, invocation};

#[test]
fn gives_the_host_what_it_does_not_know() {
    let edge = Edge::start();
    let response = edge.send("DELETE /functions/a%20b?x=1 HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\nbody");
    assert_eq!((response.status, response.body.as_str()), (201, r#"DELETE /functions/a%20b Some("x=1") body"#));
    assert_eq!(response.header("content-type"), Some("text/plain"));
    assert_eq!(response.header("x-amzn-requestid").unwrap().len(), 36);
}

#[test]
fn passes_the_headers_in_order_and_in_lower_case() {
    let control = |request: swarmlambda_server::ControlRequest| -> HostFuture<ControlResponse> {
        let body = format!("{:?} {}", request.headers, request.remote_address);
        Box::pin(
            async move { Ok(ControlResponse { status: 200, headers: Vec::new(), body: body.into(), stream: None }) },
        )
    };
    let edge = Edge::with(Limits::default(), host(elsewhere, control));
    let response = edge.send("GET /x HTTP/1.1\r\nHost: lambda.mesh\r\nX-A: 1\r\nx-a: 2\r\n\r\n");
    assert!(
        response.body.starts_with(r#"[("host", "lambda.mesh"), ("x-a", "1"), ("x-a", "2")] 127.0.0.1:"#),
        "{}",
        response.body
    );
}

#[test]
fn turns_a_hosts_failure_into_an_answer() {
    let edge = Edge::with(Limits::default(), host(|_| fails("no router"), |_| fails("no api")));
    let missed = edge.send(&invocation("hello", "", "{}"));
    assert_eq!(missed.error(), (500, "ServiceException", "no router".to_owned()));
    assert!(missed.header("x-swarm-tries").unwrap().starts_with("edge-a=absent;"));
    assert_eq!(edge.send(&get("/x")).error(), (500, "ServiceException", "no api".to_owned()));
}

#[test]
fn survives_a_host_that_panics() {
    let edge = Edge::with(Limits::default(), host(|_| panic!("miss"), |_| panic!("control")));
    for _ in 0..2 {
        assert_eq!(edge.send(&invocation("hello", "", "{}")).status, 500);
        assert_eq!(edge.send(&get("/x")).status, 500);
    }
}

#[test]
fn refuses_responses_that_would_break_the_protocol() {
    for (status, name, value) in
        [(99, "a", "b"), (101, "a", "b"), (1000, "a", "b"), (200, "a b", "c"), (200, "a", "b\r\nset-cookie: c")]
    {
        let control = move |_| -> HostFuture<ControlResponse> {
            let headers = vec![(name.to_owned(), value.to_owned())];
            Box::pin(async move { Ok(ControlResponse { status, headers, body: "x".into(), stream: None }) })
        };
        let edge = Edge::with(Limits::default(), host(elsewhere, control));
        assert_eq!(edge.send(&get("/x")).status, 500, "{status} {name} {value}");
    }
    let control = |_| -> HostFuture<ControlResponse> {
        let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let headers = vec![header("content-length", "99"), header("transfer-encoding", "chunked")];
        Box::pin(async move { Ok(ControlResponse { status: 200, headers, body: "x".into(), stream: None }) })
    };
    let edge = Edge::with(Limits::default(), host(elsewhere, control));
    assert_eq!(edge.send(&get("/x")).body, "x", "framing is the server's");
}

#[test]
fn queues_what_the_host_cannot_take_yet_and_turns_away_what_does_not_fit() {
    let gate = Arc::new(Semaphore::new(0));
    let waits = Arc::clone(&gate);
    let miss = move |request| -> HostFuture<MissResponse> {
        let waits = Arc::clone(&waits);
        Box::pin(async move {
            waits.acquire().await.unwrap().forget();
            elsewhere(request).await
        })
    };
    let limits = Limits { miss_in_flight: 2, miss_queue: 3, ..Limits::default() };
    let edge = Edge::with(limits, host(miss, echo));
    let mut clients: Vec<_> = (0..6).map(|_| edge.connect()).collect();
    for client in &mut clients {
        client.send(invocation("hello", "", "{}").as_bytes());
    }
    // Whichever came last: five have a place, the sixth is told at once.
    while edge.gateway.stats().misses < 6 {
        std::thread::yield_now();
    }
    gate.add_permits(5);
    let responses: Vec<_> = clients.iter_mut().map(|client| client.response()).collect();
    let full: Vec<_> = responses.iter().filter(|response| response.status != 200).collect();
    assert_eq!(full.len(), 1);
    assert_eq!((full[0].error().0, full[0].error().1), (503, "ServiceException"));
    assert_eq!(full[0].header("retry-after"), Some("1"));
    assert!(full[0].header("x-swarm-tries").is_some());
}

#[test]
fn does_not_wait_for_a_host_for_ever() {
    let limits = Limits {
        miss_timeout: Duration::from_millis(20),
        control_timeout: Duration::from_millis(20),
        ..Limits::default()
    };
    let edge = Edge::with(limits, host(|_| Box::pin(std::future::pending()), |_| Box::pin(std::future::pending())));
    assert_eq!(edge.send(&invocation("hello", "", "{}")).status, 504);
    assert_eq!(edge.send(&get("/x")).status, 504);
}

#[test]
fn asks_the_host_before_it_runs_what_may_have_run_already() {
    let miss = |request: MissRequest| -> HostFuture<MissResponse> {
        Box::pin(async move {
            assert!(request.local.is_none(), "nothing ran here");
            let once = request.once.clone().unwrap();
            let answer = elsewhere(request).await?;
            if once.repeats.is_some() {
                let refusal = Refusal { status: 409, kind: "ConflictException".into(), message: "it runs".into() };
                return Ok(MissResponse { outcome: Err(refusal), tries: Vec::new(), ..answer });
            }
            assert_eq!(once.key.as_deref(), Some("k"));
            Ok(MissResponse { replayed: true, ..answer })
        })
    };
    let edge = Edge::with(Limits::default(), host(miss, echo));
    let again = edge.send(&invocation("hello", "idempotency-key: k\r\n", "7"));
    assert_eq!((again.status, again.body.as_str(), again.header("idempotent-replayed")), (200, "7", Some("true")));
    assert_eq!(again.header("x-swarm-tries"), Some("edge-b=ok;2.3ms"));
    for path in [
        "/2015-03-31/functions/hello/invocations",
        "/2021-11-15/functions/hello/response-streaming-invocations",
        "/fn/hello",
    ] {
        let head = "HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\nx-swarm-repeat: edge-z\r\n\r\n7";
        let refused = edge.send(&format!("POST {path} {head}"));
        assert_eq!(refused.error(), (409, "ConflictException", "it runs".to_owned()), "{path}");
        assert_eq!(refused.header("x-swarm-tries"), Some(""));
    }
    let control = |method| {
        edge.send(&format!("{method} /x HTTP/1.1\r\nhost: a\r\nx-swarm-repeat: edge-z\r\ncontent-length: 0\r\n\r\n"))
            .status
    };
    assert_eq!((control("POST"), control("PATCH"), control("PUT"), control("GET")), (502, 502, 201, 201));
}

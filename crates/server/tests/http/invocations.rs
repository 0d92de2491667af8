//! What a caller of functions gets.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use swarmlambda_server::{Ending, Limits};

use crate::harness::{Edge, echo, elsewhere, ended, fails, host, invocation};

#[test]
fn answers_with_the_other_edges_outcome_and_a_receipt() {
    let edge = Edge::start();
    let response = edge.send(&invocation("hello", "", r#"{"name":"world"}"#));
    assert_eq!((response.status, response.body.as_str()), (200, r#"{"name":"world"}"#));
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("x-amz-executed-version"), Some("$LATEST"));
    assert_eq!(response.header("x-swarm-edge"), Some("edge-b"));
    let tries = response.header("x-swarm-tries").unwrap();
    assert!(tries.starts_with("edge-a=absent;") && tries.ends_with("ms, edge-b=ok;2.3ms"), "{tries}");
    assert_eq!(response.header("x-amzn-requestid").unwrap().len(), 36);
    assert_eq!(response.header("x-amz-log-result"), None);
    assert_eq!(response.header("x-amz-function-error"), None);
}

#[test]
fn tells_the_host_everything_about_a_miss() {
    let seen = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&seen);
    let miss = move |request: swarmlambda_server::MissRequest| {
        keep.lock().unwrap().replace(request.clone());
        elsewhere(request)
    };
    let edge = Edge::with(Limits::default(), host(miss, echo));
    // The context is {"a":1}.
    let headers = "x-amz-client-context: eyJhIjoxfQ==\r\nx-swarm-failover: safe\r\nx-amz-log-type: Tail\r\n";
    let response = edge.send(&invocation("hel%6Co:live", headers, ""));
    assert_eq!(response.status, 200);
    let logs = base64_simd::STANDARD.decode_to_vec(response.header("x-amz-log-result").unwrap()).unwrap();
    let logs = String::from_utf8(logs).unwrap();
    assert!(
        logs.starts_with("START RequestId: ") && logs.contains(" Version: live\na log line\nEND RequestId: "),
        "{logs}"
    );
    let request = seen.lock().unwrap().take().unwrap();
    assert_eq!((request.name.as_str(), request.qualifier.as_deref()), ("hello", Some("live")));
    assert_eq!(response.header("x-amzn-requestid"), Some(request.request_id.as_str()));
    assert_eq!(request.payload, "{}", "no body is an empty event");
    assert_eq!(request.client_context.as_deref(), Some(r#"{"a":1}"#));
    assert_eq!(request.failover.as_deref(), Some("safe"));
    assert_eq!(request.local.as_ref().unwrap().class, Ending::Absent);
}

#[test]
fn maps_every_ending_to_its_answer() {
    let endings = [
        (Ending::Error, 200, Some("Unhandled")),
        (Ending::Timeout, 200, Some("Unhandled")),
        (Ending::Crashed, 200, Some("Unhandled")),
        (Ending::Absent, 404, None),
        (Ending::Refused, 429, None),
        (Ending::Unreachable, 503, None),
    ];
    for (class, status, unhandled) in endings {
        let miss = move |_| -> swarmlambda_server::HostFuture<_> {
            Box::pin(async move { Ok(ended(class, Bytes::from_static(br#"{"errorMessage":"too busy"}"#))) })
        };
        let edge = Edge::with(Limits::default(), host(miss, echo));
        let response = edge.send(&invocation("hello", "", "1"));
        assert_eq!(response.status, status, "{class}");
        assert_eq!(response.header("x-amz-function-error"), unhandled, "{class}");
        let tries = response.header("x-swarm-tries").unwrap();
        assert!(tries.ends_with(&format!("edge-b={class};2.3ms")), "{tries}");
        match class {
            Ending::Absent => assert_eq!(
                response.body,
                r#"{"Type":"User","Message":"Function not found: hello","message":"Function not found: hello"}"#
            ),
            Ending::Refused => {
                assert_eq!(response.error(), (429, "TooManyRequestsException", "too busy".to_owned()));
                assert_eq!(response.header("retry-after"), Some("1"));
            }
            Ending::Unreachable => assert_eq!(response.error().1, "ServiceException"),
            _ => assert_eq!(response.body, r#"{"errorMessage":"too busy"}"#),
        }
    }
}

#[test]
fn refuses_what_is_not_json_before_anything_runs() {
    let edge = Edge::with(Limits::default(), host(|_| fails("must not be called"), echo));
    for event in ["{\"name\":", "hello", "{} {}", "'a'", "[1,]", "\u{feff}{}", "01", "nul"] {
        let response = edge.send(&invocation("hello", "", event));
        let (status, kind, message) = response.error();
        assert_eq!((status, kind), (400, "InvalidRequestContentException"), "{event}");
        assert!(message.starts_with("Could not parse request body into json: "), "{message}");
        assert_eq!(response.header("x-swarm-edge"), Some("edge-a"));
        assert_eq!(response.header("x-amzn-requestid").unwrap().len(), 36);
    }
    let mut client = edge.connect();
    client
        .send(b"POST /2015-03-31/functions/hello/invocations HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n\"\xff\"");
    assert_eq!(client.response().error().1, "InvalidRequestContentException", "not UTF-8");
}

#[test]
fn refuses_bad_names_methods_and_headers() {
    let edge = Edge::with(Limits::default(), host(|_| fails("must not be called"), echo));
    for name in ["he.llo", "a%20b", "%ff", "a%2fb", "", &"a".repeat(65), "a:b:c"] {
        let response = edge.send(&invocation(name, "", "{}"));
        assert_eq!((response.status, response.error().1), (400, "InvalidParameterValueException"), "{name:?}");
    }
    for method in ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"] {
        let request = invocation("hello", "", "{}").replacen("POST", method, 1);
        let response = edge.send(&request);
        assert_eq!((response.status, response.header("allow")), (405, Some("POST")), "{method}");
    }
    for (header, kind) in [
        ("x-amz-client-context: !\r\n", "InvalidRequestContentException"),
        ("x-swarm-failover: maybe\r\n", "InvalidParameterValueException"),
        ("x-amz-invocation-type: Later\r\n", "InvalidParameterValueException"),
    ] {
        let response = edge.send(&invocation("hello", header, "{}"));
        assert_eq!((response.status, response.error().1), (400, kind), "{header}");
    }
}

#[test]
fn counts_invocations_and_misses() {
    let edge = Edge::start();
    edge.send(&invocation("hello", "", "{}"));
    edge.send(&invocation("hello", "", "{"));
    edge.send(&crate::harness::get("/other"));
    let stats = edge.gateway.stats();
    assert_eq!((stats.requests, stats.invocations, stats.misses, stats.in_flight), (3, 2, 1, 0));
    assert_eq!(stats.latency.iter().sum::<u64>(), 2);
}

//! Real functions through the server: the hot table, the executor and the host together.

use std::{
    path::PathBuf,
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};

use swarmlambda_executor::{Executor, ExecutorOptions, FunctionSpec};
use swarmlambda_server::{
    Ending, Gateway, HostFuture, Limits, MissRequest, MissResponse, Origin, RecentQuery, Server, Via,
};

use crate::harness::{Edge, echo, fails, host, invocation, plain};

const PLUGIN: &[u8] = include_bytes!("../../../plugin/plugin.wasm");

/// Opening it compiles the plugin, which takes seconds; the folder is cargo's own for tests.
static EXECUTOR: LazyLock<Arc<Executor>> = LazyLock::new(|| {
    let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    Executor::open(PLUGIN, ExecutorOptions { slots: Some(64), cache: Some(cache), ..Default::default() }).unwrap()
});

pub fn deploy(edge: &Edge, name: &str, source: &str, change: impl FnOnce(&mut FunctionSpec)) {
    let mut spec = FunctionSpec {
        name: name.to_owned(),
        version: "$LATEST".to_owned(),
        handler: "index.handler".to_owned(),
        memory_mb: 128,
        timeout: Duration::from_secs(5),
        environment: Default::default(),
        concurrency: None,
        source_map: None,
        allow: Vec::new(),
        limits: swarmlambda_executor::Limits::default(),
    };
    change(&mut spec);
    edge.gateway.put(EXECUTOR.load(&EXECUTOR.compile(source).unwrap(), spec).unwrap());
}

/// No other edge helps: the outcome of this one stands.
fn alone(request: MissRequest) -> HostFuture<MissResponse> {
    Box::pin(async move {
        Ok(MissResponse {
            edge: "edge-a".into(),
            tries: Vec::new(),
            outcome: Ok(request.local.unwrap()),
            replayed: false,
        })
    })
}

fn lonely() -> Edge {
    Edge::with(Limits::default(), host(alone, echo))
}

#[test]
fn answers_a_hit_itself_in_a_fresh_sandbox_each_time() {
    let edge = Edge::with(Limits::default(), host(|_| fails("must not be called"), echo));
    let source = "let n = 0; export const handler = async (event, context) => {
        console.log('called', event.name);
        return { n: ++n, event, id: context.awsRequestId, custom: context.clientContext };
    }";
    deploy(&edge, "hello", source, |_| {});
    // The context is {"a":1}.
    let headers = "x-amz-client-context: eyJhIjoxfQ==\r\nx-amz-log-type: Tail\r\n";
    let mut client = edge.connect();
    for _ in 0..3 {
        client.send(invocation("hello", headers, r#"{"name":"world"}"#).as_bytes());
        let response = client.response();
        let id = response.header("x-amzn-requestid").unwrap();
        assert_eq!(response.body, format!(r#"{{"n":1,"event":{{"name":"world"}},"id":"{id}","custom":{{"a":1}}}}"#));
        assert_eq!((response.status, response.header("x-swarm-edge")), (200, Some("edge-a")));
        assert!(response.header("x-swarm-tries").unwrap().starts_with("edge-a=ok;"));
        let logs = base64_simd::STANDARD.decode_to_vec(response.header("x-amz-log-result").unwrap()).unwrap();
        assert!(String::from_utf8(logs).unwrap().contains("called world"));
    }
    let stats = edge.gateway.stats();
    assert_eq!((stats.misses, stats.functions[0].ok), (0, 3));
}

#[test]
fn serves_latest_under_its_qualifier_and_no_other_version() {
    let edge = lonely();
    deploy(&edge, "hello", "export const handler = async () => 1", |_| {});
    assert_eq!(edge.send(&invocation("hello:$LATEST", "", "")).body, "1");
    assert_eq!(edge.send(&invocation("hello", "", "").replace("invocations", "invocations?Qualifier=7")).status, 404);
}

#[test]
fn gives_failures_to_the_host_and_answers_with_them_when_nobody_does_better() {
    let edge = lonely();
    deploy(&edge, "throws", "export const handler = async () => { throw new TypeError('no') }", |_| {});
    deploy(&edge, "loops", "export const handler = () => { for (;;); }", |spec| {
        spec.timeout = Duration::from_millis(50);
    });
    deploy(
        &edge,
        "hoards",
        "export const handler = () => { let a = []; for (;;) a.push(new Array(1e5).fill(1)) }",
        |spec| {
            spec.memory_mb = 64;
        },
    );
    for (name, class) in [("throws", "error"), ("loops", "timeout"), ("hoards", "crashed")] {
        let response = edge.send(&invocation(name, "", "{}"));
        assert_eq!((response.status, response.header("x-amz-function-error")), (200, Some("Unhandled")), "{name}");
        let tries = response.header("x-swarm-tries").unwrap();
        // Out of memory can be an exception too, where the guest notices it first.
        let expected = tries.starts_with(&format!("edge-a={class};")) || name == "hoards";
        assert!(expected && response.body.contains("errorType"), "{tries} {}", response.body);
    }
    assert_eq!(edge.gateway.stats().misses, 3);
}

#[test]
fn refuses_what_exceeds_a_functions_concurrency() {
    let edge = lonely();
    deploy(&edge, "one", "export const handler = () => { for (;;); }", |spec| {
        spec.concurrency = Some(1);
        spec.timeout = Duration::from_millis(500);
    });
    let mut clients = [edge.connect(), edge.connect()];
    for client in &mut clients {
        client.send(invocation("one", "", "{}").as_bytes());
    }
    let mut statuses = clients.map(|mut client| client.response().status);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 429]);
}

#[test]
fn keeps_answering_others_while_a_function_computes_on_the_same_thread() {
    let gateway = Gateway::new("edge-a", "local", Limits::default()).unwrap();
    let server = Server::listen(Arc::clone(&gateway), host(alone, echo), &plain(), 1).unwrap();
    let edge = Edge { address: server.address(), gateway, server: Some(server) };
    deploy(&edge, "fast", "export const handler = async () => 1", |_| {});
    deploy(&edge, "slow", "export const handler = () => { for (;;); }", |spec| spec.timeout = Duration::from_secs(2));
    let mut slow = edge.connect();
    slow.send(invocation("slow", "", "").as_bytes());
    while edge.gateway.stats().in_flight == 0 {
        std::thread::yield_now();
    }
    let started = Instant::now();
    for _ in 0..5 {
        assert_eq!(edge.send(&invocation("fast", "", "")).body, "1");
    }
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert_eq!(edge.gateway.stats().in_flight, 1, "the slow one still runs");
    assert_eq!(slow.response().header("x-amz-function-error"), Some("Unhandled"));
}

#[test]
fn stops_a_function_whose_caller_has_left() {
    let edge = lonely();
    deploy(&edge, "slow", "export const handler = () => { for (;;); }", |spec| spec.timeout = Duration::from_secs(60));
    let mut client = edge.connect();
    client.send(invocation("slow", "", "").as_bytes());
    while edge.gateway.stats().in_flight == 0 {
        std::thread::yield_now();
    }
    let started = Instant::now();
    drop(client);
    while edge.gateway.stats().in_flight > 0 {
        assert!(started.elapsed() < Duration::from_secs(10));
        std::thread::yield_now();
    }
}

#[test]
fn swaps_a_function_under_load_without_a_failed_request() {
    let edge = lonely();
    let version = |n: u32| format!("export const handler = async () => {n}");
    deploy(&edge, "swapped", &version(0), |_| {});
    std::thread::scope(|scope| {
        let callers: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let (mut client, mut last) = (edge.connect(), 0);
                    while last < 10 {
                        client.send(invocation("swapped", "", "").as_bytes());
                        let response = client.response();
                        assert_eq!(response.status, 200, "{}", response.body);
                        let now = response.body.parse().unwrap();
                        assert!(now >= last, "never back");
                        last = now;
                    }
                })
            })
            .collect();
        for n in 1..=10 {
            deploy(&edge, "swapped", &version(n), |_| {});
        }
        for caller in callers {
            caller.join().unwrap();
        }
    });
    assert!(edge.gateway.remove("swapped") && !edge.gateway.remove("swapped"));
    assert_eq!(edge.send(&invocation("swapped", "", "")).error().1, "ResourceNotFoundException");
}

#[test]
fn takes_an_event_of_six_megabytes() {
    let edge = lonely();
    deploy(&edge, "length", "export const handler = async (event) => event.length", |_| {});
    let length = (6 << 20) - 2;
    let response = edge.send(&invocation("length", "", &format!("\"{}\"", "a".repeat(length))));
    assert_eq!(response.body, length.to_string());
    assert_eq!(edge.send(&invocation("length", "", &format!("\"{}\"", "a".repeat(length + 1)))).status, 413);
}

#[tokio::test]
async fn invokes_for_a_peer_without_asking_the_host() {
    let edge = Edge::with(Limits::default(), host(|_| fails("must not be called"), echo));
    deploy(&edge, "throws", "export const handler = async () => { throw new Error('no') }", |_| {});
    let invocation =
        swarmlambda_executor::Invocation { request_id: "1".to_owned(), payload: "{}".into(), ..Default::default() };
    let origin =
        Origin { via: Via::Peer, from: Some("edge-b".to_owned()), traceparent: None, tracestate: None, record: false };
    assert_eq!(edge.gateway.invoke("throws", invocation.clone(), origin.clone()).await.class, Ending::Error);
    assert_eq!(edge.gateway.invoke("absent", invocation, origin).await.class, Ending::Absent);
    assert_eq!(edge.gateway.stats().functions[0].error, 1);
    let recent = edge.gateway.recent(&RecentQuery { limit: 9, ..Default::default() }).records;
    let one = recent.first().unwrap();
    assert_eq!(
        (recent.len(), &*one.request_id, one.class, one.origin.from.as_deref()),
        (1, "1", Ending::Error, Some("edge-b"))
    );
    assert!(one.tries.starts_with("edge-a=error;"), "{}", one.tries);
}

#[test]
fn remembers_an_invocation_with_its_console_output_event_and_result() {
    let edge = lonely();
    deploy(
        &edge,
        "logs",
        "export const handler = async (event) => { console.log('hi', event.n); return event.n }",
        |_| {},
    );
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let states = "tracestate: one=1,two=2\r\ntracestate: three=3\r\n";
    let response = edge.send(&invocation("logs", &format!("traceparent: {trace}\r\n{states}"), r#"{"n":7}"#));
    let recent = edge.gateway.recent(&RecentQuery { limit: 9, ..Default::default() }).records;
    let one = recent.first().unwrap();
    assert_eq!(response.header("x-amzn-requestid"), Some(&*one.request_id));
    assert_eq!(response.header("x-swarm-tries"), Some(&*one.tries));
    assert_eq!((&*one.name, one.version.as_deref(), one.class, &*one.edge), ("logs", None, Ending::Ok, "edge-a"));
    assert_eq!((one.origin.via, one.origin.traceparent.as_deref()), (Via::Invoke, Some(trace)));
    assert_eq!(one.origin.tracestate.as_deref(), Some("one=1,two=2,three=3"));
    assert!(one.logs.ends_with(b"\tINFO\thi 7\n"), "{one:?}");
    assert_eq!((one.event.as_deref(), one.result.as_deref()), (Some(&br#"{"n":7}"#[..]), Some(&b"7"[..])));
    assert!(!one.sampled && one.memory_bytes > 0);
}

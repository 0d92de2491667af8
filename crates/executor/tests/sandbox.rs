//! What a function can count on, and what it can't do to others. Real plugin, real snapshots.

#![expect(clippy::unwrap_used, reason = "helpers outside of test functions")]

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use swarmlambda_executor::{Class, Error, Executor, ExecutorOptions, Function, FunctionSpec, Invocation, Outcome};

const PLUGIN: &[u8] = include_bytes!("../../plugin/plugin.wasm");

fn executor() -> &'static Arc<Executor> {
    static EXECUTOR: OnceLock<Arc<Executor>> = OnceLock::new();
    EXECUTOR.get_or_init(|| {
        let cache = std::env::temp_dir().join("swarmlambda-test-cache");
        Executor::open(PLUGIN, ExecutorOptions { slots: Some(64), cache: Some(cache), ..Default::default() }).unwrap()
    })
}

fn spec() -> FunctionSpec {
    FunctionSpec {
        name: "test".into(),
        version: "$LATEST".into(),
        handler: "index.handler".into(),
        memory_mb: 64,
        timeout: Duration::from_secs(5),
        environment: BTreeMap::from([("GREETING".into(), "hi".into()), ("AWS_REGION".into(), "us-west-1".into())]),
        concurrency: None,
        source_map: None,
        allow: Vec::new(),
        limits: swarmlambda_executor::Limits::default(),
    }
}

fn try_load(source: &str, spec: FunctionSpec) -> Result<Arc<Function>, Error> {
    executor().load(&executor().compile(source)?, spec)
}

fn load(source: &str) -> Arc<Function> {
    try_load(source, spec()).unwrap()
}

fn invocation(event: &Value) -> Invocation {
    Invocation { request_id: "req-1".into(), payload: event.to_string().into(), ..Default::default() }
}

fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

fn run(function: &Function, event: &Value) -> Outcome {
    block(function.invoke(invocation(event)))
}

fn answer(source: &str, event: &Value) -> Value {
    let outcome = run(&load(source), event);
    assert_eq!(outcome.class, Class::Ok, "{}", String::from_utf8_lossy(&outcome.payload));
    serde_json::from_slice(&outcome.payload).unwrap()
}

fn failure(source: &str) -> (Class, Value) {
    let outcome = run(&load(source), &json!({}));
    (outcome.class, serde_json::from_slice(&outcome.payload).unwrap())
}

#[test]
fn answers_what_the_handler_returns() {
    assert_eq!(
        answer("export const handler = async (e) => ({ ok: true, e })", &json!({"name": "world"})),
        json!({"ok": true, "e": {"name": "world"}})
    );
    assert_eq!(answer("export const handler = (e) => e.n + 1", &json!({"n": 1})), json!(2));
    assert_eq!(
        answer("export function handler(e, c, callback) { setTimeout(() => callback(null, 'later'), 5) }", &json!({})),
        json!("later")
    );
    assert_eq!(answer("export const handler = async () => {}", &json!({})), Value::Null);
    let long = "x".repeat(200_000);
    assert_eq!(answer("export const handler = async (e) => e.length", &json!(long)), json!(200_000));
}

#[test]
fn every_invocation_is_the_first() {
    let function = load(
        "let n = 0; export const handler = async () => { globalThis.seen = (globalThis.seen ?? 0) + 1; return [++n, globalThis.seen] }",
    );
    for _ in 0..50 {
        assert_eq!(run(&function, &json!({})).payload, "[1,1]");
    }
}

#[test]
fn every_invocation_is_the_first_however_the_one_before_ended() {
    let source = "let n = 0; export const handler = async (how) => {
        n += 1;
        if (how === 'throws') throw new Error('no');
        if (how === 'recurses') { const f = () => f() + 1; f() }
        if (how === 'loops') for (;;);
        if (how === 'exits') process.exit(1);
        if (how === 'grows') globalThis.kept = new Uint8Array(32 << 20).fill(1);
        return [n, typeof globalThis.kept];
    }";
    let quick = FunctionSpec { timeout: Duration::from_millis(300), ..spec() };
    let function = try_load(source, quick).unwrap();
    let first = run(&function, &json!("answers"));
    for (how, class) in [
        ("throws", Class::Error),
        ("recurses", Class::Error),
        ("loops", Class::Timeout),
        ("exits", Class::Crashed),
        ("grows", Class::Ok),
        ("answers", Class::Ok),
    ] {
        assert_eq!(run(&function, &json!(how)).class, class, "{how}");
        let next = run(&function, &json!("answers"));
        assert_eq!((&*next.payload, next.memory_bytes), (&b"[1,\"undefined\"]"[..], first.memory_bytes), "after {how}");
    }
}

#[test]
fn randomness_and_the_clock_are_not_frozen() {
    let function =
        load("const loaded = Date.now(); export const handler = async () => [Math.random(), Date.now(), loaded]");
    let one: [f64; 3] = serde_json::from_slice(&run(&function, &json!({})).payload).unwrap();
    std::thread::sleep(Duration::from_millis(5));
    let two: [f64; 3] = serde_json::from_slice(&run(&function, &json!({})).payload).unwrap();
    assert_ne!(one[0], two[0]);
    assert!(two[1] >= one[1] + 5.0, "{one:?} {two:?}");
    assert_eq!(one[2], two[2]);
}

#[test]
fn the_context_is_lambdas() {
    let source =
        "export const handler = async (e, c) => ({ ...c, left: c.getRemainingTimeInMillis(), env: process.env })";
    let context = answer(source, &json!({}));
    assert_eq!(context["functionName"], "test");
    assert_eq!(context["functionVersion"], "$LATEST");
    assert_eq!(context["memoryLimitInMB"], "64");
    assert_eq!(context["awsRequestId"], "req-1");
    assert_eq!(context["invokedFunctionArn"], "arn:aws:lambda:us-west-1:000000000000:function:test");
    assert_eq!(context["env"], json!({"AWS_REGION": "us-west-1", "GREETING": "hi"}));
    let left = context["left"].as_f64().unwrap();
    assert!((4_000.0..=5_000.0).contains(&left), "{left}");
}

#[test]
fn timers_run_in_their_order() {
    let source = "export const handler = () => new Promise((done) => { const seen = [];
            setTimeout(() => { seen.push('b'); done(seen) }, 40); setTimeout((x) => seen.push(x), 1, 'a');
            const never = setTimeout(() => seen.push('never'), 20); clearTimeout(never);
            let n = 0; const every = setInterval(() => { if (++n === 3) { clearInterval(every); seen.push(n) } }, 1) })";
    assert_eq!(answer(source, &json!({})), json!(["a", 3, "b"]));
}

#[test]
fn what_is_thrown_is_told_as_lambda_tells_it() {
    let (class, error) = failure("export const handler = async () => { throw new TypeError('no \"such\" thing') }");
    assert_eq!(class, Class::Error);
    assert_eq!(error["errorType"], "TypeError");
    assert_eq!(error["errorMessage"], "no \"such\" thing");
    assert!(error["trace"][0].as_str().unwrap().starts_with("TypeError: no"));
    let (_, error) = failure("export const handler = (e, c, callback) => callback('plain')");
    assert_eq!((&error["errorType"], &error["errorMessage"]), (&json!("string"), &json!("plain")));
    let (_, error) = failure("export const handler = async () => { const a = {}; a.a = a; return a }");
    assert_eq!(error["errorType"], "Runtime.MarshalError");
    let (_, error) = failure("export const handler = () => new Promise(() => {})");
    assert_eq!(error["errorType"], "Runtime.NeverSettled");
    let (_, error) = failure("export const handler = async () => 'x'.repeat(7e6)");
    assert_eq!(error["errorType"], "Function.ResponseSizeTooLarge");
}

#[test]
fn console_output_is_captured() {
    let source = "export const handler = async () => { console.log('a', { b: [1, 'c'] }, null); console.error('%s is %d', 'x', 2); return 1 }";
    let outcome = run(&load(source), &json!({}));
    let logs = String::from_utf8(outcome.logs).unwrap();
    let lines: Vec<Vec<&str>> = logs.lines().map(|line| line.split('\t').skip(1).collect()).collect();
    assert_eq!(lines, [["req-1", "INFO", "a { b: [ 1, 'c' ] } null"], ["req-1", "ERROR", "x is 2"]]);
}

#[test]
fn a_module_that_fails_to_load_says_where() {
    let error = |source: &str| match try_load(source, spec()) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("{source} loaded"),
    };
    assert!(error("export const handler = ").contains("function.mjs:1"), "{}", error("export const handler = "));
    assert!(
        error("nope(); export const handler = 1").contains("ReferenceError: nope"),
        "{}",
        error("nope(); export const handler = 1")
    );
    assert!(error("export const handler = 1").contains("not a function"));
    assert!(error("export const other = () => 1").contains("handler"));
    assert!(error("await new Promise(() => {}); export const handler = () => 1").contains("awaits"));
}

#[test]
fn the_hostile_fail_alone() {
    let quick = FunctionSpec { timeout: Duration::from_millis(300), ..spec() };
    let loops = try_load("export const handler = () => { for (;;); }", quick.clone()).unwrap();
    let outcome = run(&loops, &json!({}));
    assert_eq!(outcome.class, Class::Timeout);
    assert!(String::from_utf8_lossy(&outcome.payload).contains("Task timed out after 0.3"), "{:?}", outcome.payload);
    assert!(outcome.duration < Duration::from_secs(2));
    let sleeps =
        try_load("export const handler = () => new Promise((done) => setTimeout(done, 60000))", quick.clone()).unwrap();
    assert_eq!(run(&sleeps, &json!({})).class, Class::Timeout);
    let regex = try_load("export const handler = () => /^(a+)+$/.test('a'.repeat(40) + 'b')", quick.clone()).unwrap();
    assert_eq!(run(&regex, &json!({})).class, Class::Timeout);

    let (class, error) = failure("export const handler = () => { const f = () => f() + 1; return f() }");
    assert_eq!((class, &error["errorType"]), (Class::Error, &json!("RangeError")), "{error}");
    for bomb in [
        "const a = []; for (;;) a.push(new Array(1000).fill(7))",
        "let s = 'x'; for (;;) s += s",
        "const b = []; for (;;) b.push(new Uint8Array(1 << 20))",
    ] {
        let (class, error) = failure(&format!("export const handler = () => {{ {bomb} }}"));
        assert!(class == Class::Crashed || error["errorMessage"] == "string too long", "{bomb}: {class:?} {error}");
    }
    assert_eq!(answer("export const handler = () => 'well'", &json!({})), json!("well"));
}

#[test]
fn recursion_while_loading_leaves_the_loading_thread_its_stack() {
    // QuickJS's parsers recurse without looking at its limit: such a guest takes all the stack that it has.
    for recursion in [
        "new Function('!'.repeat(1e6) + '1')",
        "(0, eval)('('.repeat(1e6))",
        "JSON.parse('['.repeat(1e6))",
        "const f = () => f() + 1; f()",
    ] {
        let source = format!("{recursion}; export const handler = () => 1");
        let small = std::thread::Builder::new().stack_size(1 << 20);
        let refused = small.spawn(move || try_load(&source, spec()).is_err()).unwrap().join().unwrap();
        assert!(refused, "{recursion}");
    }
}

#[test]
fn a_computing_function_lets_others_run() {
    let burns = try_load(
        "export const handler = () => { for (;;); }",
        FunctionSpec { timeout: Duration::from_millis(500), ..spec() },
    )
    .unwrap();
    let hello = load("export const handler = () => 1");
    block(async {
        let started = Instant::now();
        let (slow, quick) = tokio::join!(burns.invoke(invocation(&json!({}))), async {
            for _ in 0..20 {
                assert_eq!(hello.invoke(invocation(&json!({}))).await.class, Class::Ok);
                tokio::task::yield_now().await;
            }
            started.elapsed()
        });
        assert_eq!(slow.class, Class::Timeout);
        assert!(quick < slow.duration, "{quick:?}");
    });
}

#[test]
fn concurrency_is_bounded() {
    let one = FunctionSpec { concurrency: Some(1), ..spec() };
    let function = try_load("export const handler = () => new Promise((done) => setTimeout(done, 50))", one).unwrap();
    block(async {
        let (a, b) = tokio::join!(function.invoke(invocation(&json!({}))), function.invoke(invocation(&json!({}))));
        assert_eq!((a.class, b.class), (Class::Ok, Class::Refused));
        assert_eq!(function.invoke(invocation(&json!({}))).await.class, Class::Ok);
    });
}

#[test]
fn a_dropped_invocation_gives_its_sandbox_back() {
    let function = load("export const handler = () => new Promise((done) => setTimeout(done, 3000))");
    block(async {
        for _ in 0..200 {
            let aborted = tokio::time::timeout(Duration::from_millis(1), function.invoke(invocation(&json!({})))).await;
            assert!(aborted.is_err());
        }
    });
}

//! Times fresh invocations without HTTP, one thread and two, beside the same on a plugin without any API: what a function
//! pays for APIs that it does not use. Then many functions that nobody has called yet: what they keep, how long the first call
//! of each takes. Prints JSON; `npm run bench -- invoke` shows it.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for people")]

use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};
use swarmlambda_executor::{Class, Executor, ExecutorOptions, Function, FunctionSpec, Invocation, Limits};

const PLUGIN: &[u8] = include_bytes!("../../plugin/plugin.wasm");
const BARE: &[u8] = include_bytes!("bare.js");
/// Where the plugin's JavaScript is, and what it is: bytecode, or source. See the plugin's `javascript.rs`.
const MARKS: [&[u8; 4]; 2] = [b"SLBC", b"SLJS"];
const ROUNDS: usize = 15;
const INVOCATIONS: usize = 2_000;
const DEPLOYED: usize = 1_000;

/// The plugin with other JavaScript.
fn with_javascript(source: &[u8]) -> Vec<u8> {
    let mut plugin = PLUGIN.to_vec();
    let length = |at: usize| u32::from_le_bytes(plugin[at + 4..at + 8].try_into().unwrap()) as usize;
    let at = (0..plugin.len() - 8)
        .find(|&at| &plugin[at..at + 4] == MARKS[0] && (1 << 16..plugin.len() - at).contains(&length(at)))
        .unwrap();
    // What follows stays: it is not read, and may be in several segments.
    plugin[at..at + 4].copy_from_slice(MARKS[1]);
    plugin[at + 4..at + 8].copy_from_slice(&(source.len() as u32).to_le_bytes());
    plugin[at + 8..at + 8 + source.len()].copy_from_slice(source);
    plugin
}

fn executor(plugin: &[u8]) -> Arc<Executor> {
    let cache = Some(std::env::temp_dir().join("swarmlambda-bench-cache"));
    Executor::open(plugin, ExecutorOptions { cache, ..Default::default() }).unwrap()
}

fn functions(executor: &Arc<Executor>, count: usize) -> Vec<Arc<Function>> {
    let function = |n| {
        let source = format!("const n = {n}; export const handler = async (e) => ({{ ok: true, e, n }})");
        let spec = FunctionSpec {
            name: format!("f{n}"),
            version: "$LATEST".into(),
            handler: "index.handler".into(),
            memory_mb: 128,
            timeout: Duration::from_secs(3),
            environment: BTreeMap::new(),
            concurrency: None,
            source_map: None,
            allow: Vec::new(),
            limits: Limits::default(),
        };
        executor.load(&executor.compile(&source).unwrap(), spec).unwrap()
    };
    (0..count).map(function).collect()
}

fn invocation() -> Invocation {
    let payload = bytes::Bytes::from_static(br#"{"name":"world"}"#);
    Invocation { request_id: "7f3b6a0e-0000-4000-8000-000000000000".into(), payload, ..Default::default() }
}

/// Of this thread: CPU time, page faults.
fn usage() -> (Duration, i64) {
    // SAFETY: both calls write what they are given room for.
    unsafe {
        let mut time = std::mem::zeroed::<libc::timespec>();
        libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time);
        let mut usage = std::mem::zeroed::<libc::rusage>();
        libc::getrusage(libc::RUSAGE_THREAD, &raw mut usage);
        (Duration::new(time.tv_sec as u64, time.tv_nsec as u32), usage.ru_minflt)
    }
}

/// Microseconds of CPU and page faults of each invocation, on this thread.
fn invoke(functions: &[Arc<Function>]) -> (f64, f64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let before = usage();
    runtime.block_on(async {
        for n in 0..INVOCATIONS {
            let outcome = functions[n % functions.len()].invoke(invocation()).await;
            assert_eq!(outcome.class, Class::Ok);
        }
    });
    let after = usage();
    let each = |total: f64| total / INVOCATIONS as f64;
    (each((after.0 - before.0).as_secs_f64() * 1e6), each((after.1 - before.1) as f64))
}

/// One round on some threads: microseconds of CPU each, faults each, invocations a second together.
fn round(functions: &[Arc<Function>], threads: usize) -> (f64, f64, f64) {
    let started = Instant::now();
    let results: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(|| invoke(functions))).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let total = (threads * INVOCATIONS) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| results.iter().map(of).sum::<f64>() / threads as f64;
    (mean(|one| one.0), mean(|one| one.1), total / started.elapsed().as_secs_f64())
}

/// Resident memory of this process, kB: what several mappings share counts once.
fn resident() -> f64 {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let line = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Functions that are deployed and idle, and the first invocation of each.
fn deployed() -> Value {
    let executor = executor(PLUGIN);
    let kept = functions(&executor, 1);
    invoke(&kept);
    let (before, started) = (resident(), Instant::now());
    let functions = functions(&executor, DEPLOYED);
    let load = started.elapsed();
    let loaded = resident();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let first = functions.iter().map(|function| {
        let before = usage().0;
        assert_eq!(runtime.block_on(function.invoke(invocation())).class, Class::Ok);
        (usage().0 - before).as_secs_f64() * 1e6
    });
    let first: Vec<_> = first.collect();
    let each = |total: f64| total / DEPLOYED as f64;
    json!({
        "functions": DEPLOYED, "loadMs": each(load.as_secs_f64() * 1e3), "loadedKb": each(loaded - before),
        "invokedKb": each(resident() - before), "firstCpuUs": first,
    })
}

fn main() {
    let full = functions(&executor(PLUGIN), 1);
    let bare = functions(&executor(&with_javascript(BARE)), 1);
    let cases = [("full", &full, 1), ("bare", &bare, 1), ("two", &full, 2)];
    let mut measured = vec![Vec::new(); cases.len()];
    for number in 0..=ROUNDS {
        for ((_, functions, threads), rounds) in cases.iter().zip(&mut measured) {
            let result = round(functions, *threads);
            // The first warms up.
            if number > 0 {
                rounds.push(result);
            }
        }
    }
    let described = cases.iter().zip(measured).map(|((name, functions, _), rounds)| {
        let each = |of: fn(&(f64, f64, f64)) -> f64| rounds.iter().map(of).collect::<Vec<_>>();
        let (image, written) = functions[0].footprint();
        let case = json!({
            "cpuUs": each(|round| round.0), "faults": each(|round| round.1), "perSecond": each(|round| round.2),
            "imageBytes": image, "writtenBytes": written,
        });
        ((*name).to_owned(), case)
    });
    let cases = Value::Object(described.collect());
    println!("{}", json!({ "cases": cases, "deployed": deployed() }));
}

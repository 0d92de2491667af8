//! Times fresh invocations without HTTP: `cargo run --release --example fresh -p swarmlambda-executor [threads] [functions]`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a program for people")]

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};
use swarmlambda_executor::{Class, Executor, ExecutorOptions, FunctionSpec, Invocation};

const PLUGIN: &[u8] = include_bytes!("../../plugin/plugin.wasm");
const ROUNDS: usize = 20_000;

fn main() {
    let argument = |n: usize| std::env::args().nth(n).and_then(|text| text.parse().ok()).unwrap_or(1usize);
    let (threads, count) = (argument(1), argument(2));
    let started = Instant::now();
    let executor = Executor::open(
        PLUGIN,
        ExecutorOptions { cache: Some(std::env::temp_dir().join("swarmlambda-bench-cache")), ..Default::default() },
    )
    .unwrap();
    println!("open {:?}: {:?}", started.elapsed(), executor.describe());
    let started = Instant::now();
    let functions: Vec<_> = (0..count)
        .map(|n| {
            let bytecode = executor
                .compile(&format!("const n = {n}; export const handler = async (e) => ({{ ok: true, e, n }})"))
                .unwrap();
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
                limits: swarmlambda_executor::Limits::default(),
            };
            executor.load(&bytecode, spec).unwrap()
        })
        .collect();
    println!("compile and load: {:?} each", started.elapsed() / count as u32);
    let started = Instant::now();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let functions = &functions;
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
                runtime.block_on(async {
                    for n in 0..ROUNDS {
                        let payload = bytes::Bytes::from_static(br#"{"name":"world"}"#);
                        let invocation = Invocation {
                            request_id: "7f3b6a0e-0000-4000-8000-000000000000".into(),
                            payload,
                            ..Default::default()
                        };
                        let outcome = functions[(n + thread) % functions.len()].invoke(invocation).await;
                        assert_eq!(outcome.class, Class::Ok);
                    }
                });
            });
        }
    });
    println!(
        "{threads} thread(s), {count} function(s): {:.1} µs an invocation and thread",
        started.elapsed().as_secs_f64() * 1e6 / ROUNDS as f64
    );
}

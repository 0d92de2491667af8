//! Tests that need to look into a sandbox's memory, or to call the host past the plugin.

mod canary;
mod imports;

use crate::{Executor, ExecutorOptions, Function, FunctionSpec, Limits, host::State};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

const PLUGIN: &[u8] = include_bytes!("../../plugin/plugin.wasm");

fn executor(slots: u32) -> Arc<Executor> {
    let cache = std::env::temp_dir().join("swarmlambda-test-cache");
    Executor::open(PLUGIN, ExecutorOptions { slots: Some(slots), cache: Some(cache), ..Default::default() }).unwrap()
}

fn load(executor: &Arc<Executor>, source: &str) -> Arc<Function> {
    let spec = FunctionSpec {
        name: "test".into(),
        version: "$LATEST".into(),
        handler: "index.handler".into(),
        memory_mb: 64,
        timeout: Duration::from_secs(5),
        environment: Default::default(),
        concurrency: None,
        source_map: None,
        allow: Vec::new(),
        limits: Limits::default(),
    };
    executor.load(&executor.compile(source).unwrap(), spec).unwrap()
}

fn state(function: &Function, time: Duration, log_limit: usize) -> State {
    State::new("test".into(), Instant::now() + time, function.memory_limit, log_limit, Some(function.outlet.clone()))
}

fn block<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

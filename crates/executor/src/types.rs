//! What crosses the border of this crate: plain data.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// The most a payload may have, in or out: Lambda's limit for a synchronous invocation.
pub const MAX_PAYLOAD_BYTES: usize = 6 * 1024 * 1024;

/// The most a streamed response may have: Lambda's limit.
pub const MAX_STREAM_BYTES: u64 = 200 * 1024 * 1024;

/// Why the executor could not do something. Endings of an invocation are not errors; see [`Class`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `ENGINE`: wasmtime refused its configuration, or the plugin.
    #[error("the WebAssembly engine: {0}")]
    Engine(String),
    /// `PLUGIN`: the plugin is not one of ours, or broke its contract.
    #[error("the plugin: {0}")]
    Plugin(String),
    /// `COMPILE`: the source does not parse.
    #[error("{0}")]
    Compile(String),
    /// `LOAD`: the module threw, had no such handler, or took too long while loading. `file:line:column: message`.
    #[error("{0}")]
    Load(String),
}

/// How to size the engine. `None` everywhere means: from the machine.
#[derive(Debug, Clone, Default)]
pub struct ExecutorOptions {
    /// Sandboxes that may exist at once.
    pub slots: Option<u32>,
    /// The most memory one function may ask for, bytes.
    pub max_memory_bytes: Option<usize>,
    /// Folder for the plugin's native code; `None`: compile at every start.
    pub cache: Option<PathBuf>,
    /// The most memory for the images of functions, bytes; `None`: all. Others are in files in the cache's folder.
    pub image_bytes: Option<usize>,
}

/// What the executor chose for this machine, for the start-up message and for operators.
#[derive(Debug, Clone, Default)]
pub struct Description {
    /// SHA-256 of the plugin, hex. Snapshots and bytecode are bound to it.
    pub plugin_digest: String,
    pub slots: u32,
    pub max_memory_bytes: usize,
    /// Address space reserved per sandbox.
    pub reservation_bytes: u64,
    pub pagemap_scan: bool,
    /// The plugin's native code came from the cache.
    pub from_cache: bool,
}

/// A function as the executor needs it.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionSpec {
    pub name: String,
    /// `$LATEST` or a published version.
    pub version: String,
    /// `file.export`, e.g. `index.handler`; the bundle exports the handler as `handler`, so this is for messages.
    pub handler: String,
    pub memory_mb: u32,
    pub timeout: Duration,
    /// Everything `process.env` shows.
    pub environment: BTreeMap<String, String>,
    /// Invocations at once on this edge; `None`: as many as the pool has room for.
    pub concurrency: Option<u32>,
    /// Source map (v3 JSON) of the bundle, for stack traces.
    pub source_map: Option<String>,
    /// What `fetch` may reach; nothing when it is empty.
    pub allow: Vec<String>,
    pub limits: Limits,
}

/// What one invocation may use up, besides memory and time.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Console output kept; what comes after is dropped, and said so.
    pub log_bytes: usize,
    /// Files under `/tmp`, together.
    pub tmp_bytes: u64,
    /// Requests of `fetch`.
    pub fetch_count: u32,
    /// Their bodies, sent and received, together.
    pub fetch_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { log_bytes: 256 << 10, tmp_bytes: 512 << 20, fetch_count: 50, fetch_bytes: 100 << 20 }
    }
}

/// One call of a handler.
#[derive(Debug, Clone, Default)]
pub struct Invocation {
    /// `context.awsRequestId`.
    pub request_id: String,
    /// The event, JSON, at most 6 MB.
    pub payload: bytes::Bytes,
    /// When it began, if somebody has just read the clock.
    pub began: Option<Instant>,
    /// The caller's own deadline; the function's time-out applies as well.
    pub deadline: Option<Instant>,
    /// `context.clientContext`, JSON.
    pub client_context: Option<String>,
    /// Takes the response as it is produced; `None`: the handler's whole response is the outcome's payload.
    pub stream: Option<mpsc::Sender<Part>>,
}

/// A part of a streamed response; the first is its head.
#[derive(Debug, Clone)]
pub enum Part {
    /// JSON: `type`, the content type, and perhaps `prelude`: `statusCode`, `headers` and `cookies` of an HTTP response.
    Head(bytes::Bytes),
    /// At most 64 KiB.
    Data(bytes::Bytes),
}

/// How an invocation ended (DESIGN §6). `absent` and `unreachable` are for those who look for the function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// The handler's result is the payload.
    Ok,
    /// The handler threw or rejected.
    Error,
    /// The time-out or the caller's deadline passed.
    Timeout,
    /// Trap, out of memory, stack exhausted beyond what JavaScript can catch.
    Crashed,
    /// Never started: no room in the pool, or the function's concurrency is used up.
    Refused,
}

/// The end of an invocation.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub class: Class,
    /// JSON: the result, or Lambda's `{"errorType","errorMessage","trace"}`.
    pub payload: bytes::Bytes,
    /// Console output, one line an entry, capped.
    pub logs: Vec<u8>,
    pub duration: Duration,
    /// Linear memory at the end, bytes.
    pub memory_bytes: usize,
}

impl Outcome {
    /// An invocation that never started. `reason` is AWS's word for why.
    pub fn refused(reason: &str, message: &str) -> Self {
        let payload = serde_json::json!({
            "errorType": "TooManyRequestsException",
            "errorMessage": message,
            "reason": reason,
        })
        .to_string();
        Self {
            class: Class::Refused,
            payload: payload.into(),
            logs: Vec::new(),
            duration: Duration::ZERO,
            memory_bytes: 0,
        }
    }
}

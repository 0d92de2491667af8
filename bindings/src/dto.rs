//! What crosses the border: plain objects and buffers. `null`, never `undefined`.

use std::collections::HashMap;

use napi::bindgen_prelude::Buffer;
use napi_derive::napi;

#[napi(object, use_nullable = true)]
pub struct EdgeOptions {
    /// The edge's name, for receipts.
    pub edge: String,
    pub region: String,
    /// The WebAssembly plugin.
    pub plugin: Buffer,
    /// Folder for the plugin's native code; `null`: compile at every start.
    pub cache_dir: Option<String>,
    /// HTTP threads; `null`: one for each core.
    pub threads: Option<u32>,
    /// Sandboxes that may exist at once; `null`: from the machine.
    pub slots: Option<u32>,
    /// The most memory a function may ask for; `null`: from the machine.
    pub max_memory_mb: Option<u32>,
    /// Memory for the images of functions; `null`: as much as they take. Beyond it they are in files in the cache folder.
    pub image_memory_mb: Option<u32>,
    /// Open connections; `null`: 20,000.
    pub max_connections: Option<u32>,
}

/// What the engine chose for this machine.
#[napi(object)]
pub struct EngineInfo {
    /// SHA-256 of the plugin, hex.
    pub plugin_digest: String,
    pub slots: u32,
    pub max_memory_mb: u32,
    /// Address space of one sandbox.
    pub reservation_bytes: f64,
    pub pagemap_scan: bool,
    /// The plugin's native code came from the cache.
    pub from_cache: bool,
    /// HTTP threads.
    pub threads: u32,
}

#[napi(object, use_nullable = true)]
pub struct FunctionSpec {
    pub name: String,
    /// `$LATEST` or a published version.
    pub version: String,
    /// `file.export`.
    pub handler: String,
    pub memory_mb: u32,
    pub timeout_ms: f64,
    /// Everything `process.env` shows.
    pub environment: HashMap<String, String>,
    /// Invocations at once on this edge; `null`: no limit of its own.
    pub concurrency: Option<u32>,
    /// Source map (v3 JSON) of the bundle.
    pub source_map: Option<String>,
    /// What `fetch` may reach: hosts, `*.domain`s, addresses, networks, `*`.
    pub allow: Vec<String>,
    pub limits: Limits,
}

/// What one invocation may use up.
#[napi(object)]
pub struct Limits {
    /// Console output kept.
    pub log_bytes: u32,
    /// Files under `/tmp`, together.
    pub tmp_bytes: f64,
    /// Requests of `fetch`.
    pub fetch_count: u32,
    /// Their bodies, sent and received, together.
    pub fetch_bytes: f64,
}

/// The end of an invocation.
#[napi(object)]
pub struct Outcome {
    #[napi(ts_type = "'ok' | 'error' | 'timeout' | 'crashed' | 'refused' | 'absent' | 'unreachable'")]
    pub class: String,
    /// JSON: the result, or `{"errorType","errorMessage","trace"}`. Empty when nothing ran.
    pub payload: Buffer,
    /// Console output.
    pub logs: Buffer,
    pub ms: f64,
    /// Linear memory at the end.
    pub memory_mb: f64,
}

/// A name for a version of a function, or for several by weight.
#[napi(object)]
pub struct Alias {
    /// `function:alias`.
    pub key: String,
    /// `$LATEST` or a number.
    pub version: String,
    pub others: Vec<Weighted>,
}

#[napi(object)]
pub struct Weighted {
    pub version: String,
    /// Its part of the invocations, 0 to 1.
    pub weight: f64,
}

/// A peer's invocation.
#[napi(object, use_nullable = true)]
pub struct InvokeRequest {
    pub name: String,
    pub request_id: String,
    /// The event, JSON.
    pub payload: Buffer,
    /// What is left of the caller's deadline; `null`: the function's time-out only.
    pub remaining_ms: Option<f64>,
    /// JSON.
    pub client_context: Option<String>,
    /// Who asks, for those who look at the latest invocations; `null`: a peer that doesn't say.
    pub origin: Option<Origin>,
}

/// How an invocation came to this edge.
#[napi(object, use_nullable = true)]
pub struct Origin {
    #[napi(ts_type = "'invoke' | 'http' | 'stream' | 'event' | 'peer'")]
    pub via: String,
    /// The edge that asked.
    pub from: Option<String>,
    /// W3C Trace Context.
    pub traceparent: Option<String>,
    pub tracestate: Option<String>,
    /// Its event and its result shall be kept.
    pub record: bool,
}

/// Which of the latest invocations.
#[napi(object, use_nullable = true)]
pub struct RecentQuery {
    /// Those recorded after this one's `seq`; 0: all.
    pub since: f64,
    /// The latest ones, at most.
    pub limit: u32,
    pub name: Option<String>,
    pub request_id: Option<String>,
    /// Only those that wrote to the console.
    pub logging: bool,
}

/// One invocation that ended.
#[napi(object, use_nullable = true)]
pub struct Recorded {
    /// When it was recorded, microseconds since the epoch; unique on this edge, and greater than all before.
    pub seq: f64,
    pub request_id: String,
    pub name: String,
    /// `$LATEST` or a published version.
    pub version: String,
    pub origin: Origin,
    /// Milliseconds since the epoch.
    pub started_at: f64,
    /// Until it was answered, other edges included.
    pub ms: f64,
    #[napi(ts_type = "'ok' | 'error' | 'timeout' | 'crashed' | 'refused' | 'absent' | 'unreachable'")]
    pub class: String,
    /// The edge whose outcome it is.
    pub edge: String,
    /// As the header X-Swarm-Tries: `edge-a=absent;0.1ms, edge-b=ok;2.3ms`.
    pub tries: String,
    pub memory_mb: f64,
    /// The end of the console output.
    pub logs: String,
    /// How much there was.
    pub log_bytes: f64,
    /// JSON; `null`: not kept.
    pub event: Option<String>,
    /// As `event`.
    pub result: Option<String>,
    /// Kept as one of many.
    pub sampled: bool,
}

#[napi(object)]
pub struct RecentPage {
    /// Oldest first.
    pub records: Vec<Recorded>,
    /// The `seq` of the last one that was dropped to make room; 0: none was.
    pub dropped: f64,
}

/// A request that may have been made before.
#[napi(object, use_nullable = true)]
pub struct Once {
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// Beside a key: what the request was.
    pub fingerprint: Option<String>,
    /// The edge that broke off, by the word of a proxy.
    pub repeats: Option<String>,
}

/// An invocation that did not end well on this edge, or that must not begin before the host has looked.
#[napi(object, use_nullable = true)]
pub struct MissRequest {
    pub name: String,
    pub qualifier: Option<String>,
    pub request_id: String,
    /// The event, JSON.
    pub payload: Buffer,
    /// JSON.
    pub client_context: Option<String>,
    /// `X-Swarm-Failover`.
    #[napi(ts_type = "'any' | 'safe' | 'never'")]
    pub failover: Option<String>,
    /// When this is set nothing was tried on this edge.
    pub once: Option<Once>,
    /// As of {@link InvokeRequest}.
    pub origin: Option<Origin>,
    /// The try on this edge.
    pub local: Option<Outcome>,
}

/// One entry of the receipt.
#[napi(object)]
pub struct Try {
    pub edge: String,
    #[napi(ts_type = "'ok' | 'error' | 'timeout' | 'crashed' | 'refused' | 'absent' | 'unreachable'")]
    pub class: String,
    pub ms: f64,
}

#[napi(object, use_nullable = true)]
pub struct MissResponse {
    /// The edge whose outcome it is.
    pub edge: String,
    /// Tries after `local`, in order.
    pub tries: Vec<Try>,
    /// `null`: refused.
    pub outcome: Option<Outcome>,
    pub refusal: Option<Refusal>,
    /// The answer that an earlier request with that key got.
    pub replayed: bool,
}

/// Why a request is not served at all.
#[napi(object)]
pub struct Refusal {
    /// 4xx or 5xx.
    pub status: u32,
    /// AWS's name of the error.
    pub kind: String,
    pub message: String,
}

/// A request that is not for the hot path.
#[napi(object, use_nullable = true)]
pub struct ControlRequest {
    pub method: String,
    /// Still percent-encoded.
    pub path: String,
    pub query: Option<String>,
    /// Name, value, name, value…; names in lower case.
    pub headers: Vec<String>,
    pub body: Buffer,
    /// `address:port`.
    pub remote_address: String,
    /// Only asks whether the request may invoke this function: status 204, or the refusal.
    pub invokes: Option<String>,
}

#[napi(object)]
pub struct ControlResponse {
    pub status: u32,
    /// Name, value, name, value…
    pub headers: Vec<String>,
    pub body: Buffer,
    /// In the place of the body: a stream of `openStream`.
    pub stream: Option<u32>,
}

#[napi(object, use_nullable = true)]
pub struct ListenOptions {
    /// An address of this machine.
    pub host: String,
    /// 0: any free one.
    pub port: u32,
    pub https: Option<HttpsOptions>,
}

/// HTTPS beside HTTP, with the certificates of `setCertificates`.
#[napi(object, use_nullable = true)]
pub struct HttpsOptions {
    pub host: String,
    pub port: u32,
    /// HTTP only shows the way to HTTPS; health checks and challenges of certificate authorities it still answers.
    pub redirect: bool,
    /// `max-age` of `Strict-Transport-Security`, seconds.
    pub hsts: Option<u32>,
}

/// The real ports.
#[napi(object, use_nullable = true)]
pub struct Listening {
    pub port: u32,
    pub https_port: Option<u32>,
}

#[napi(object)]
pub struct Certificate {
    /// PEM: the certificate, then those between it and its root.
    pub chain: Buffer,
    /// PEM: its private key.
    pub key: Buffer,
}

/// A file of the UI.
#[napi(object)]
pub struct Asset {
    /// `/assets/x.js`; `/` for the page.
    pub path: String,
    pub content_type: String,
    pub cache_control: String,
    pub body: Buffer,
    /// With its quotes.
    pub etag: Option<String>,
}

/// One function's endings on this edge, whoever asked for them.
#[napi(object)]
pub struct FunctionStats {
    pub name: String,
    pub ok: f64,
    pub error: f64,
    pub timeout: f64,
    pub crashed: f64,
    pub refused: f64,
    /// Time in the executor, all of them together.
    pub total_ms: f64,
}

/// How long one function's invocations took on this edge.
#[napi(object)]
pub struct FunctionLatency {
    /// Its name, or `name:version`.
    pub name: String,
    /// Those that did not end `ok`.
    pub errors: f64,
    /// One for each bound of `Latency`, then one for those above. Not cumulative.
    pub counts: Vec<f64>,
}

/// A way into the host that is bounded.
#[napi(object)]
pub struct QueueStats {
    /// Calls that run.
    pub running: f64,
    /// Calls that wait for their turn.
    pub waiting: f64,
    /// Calls that were turned away because too many waited.
    pub refused: f64,
}

/// Durations of invocations over HTTP.
#[napi(object)]
pub struct Latency {
    /// Upper bounds of the buckets, milliseconds.
    pub bounds_ms: Vec<f64>,
    /// One for each bound, then one for those above. Not cumulative.
    pub counts: Vec<f64>,
    pub total_ms: f64,
}

#[napi(object)]
pub struct Stats {
    /// HTTP requests of every kind.
    pub requests: f64,
    /// Invocations over HTTP.
    pub invocations: f64,
    /// Invocations over HTTP that are not answered yet.
    pub in_flight: f64,
    /// Open connections.
    pub connections: f64,
    /// Invocations that went to the host.
    pub misses: f64,
    /// Invocations that wait for their turn to compute, now.
    pub waiting: f64,
    /// Invocations refused because they would have waited too long.
    pub refused_busy: f64,
    /// Invocations refused because their function has its share of the sandboxes.
    pub refused_share: f64,
    pub functions: Vec<FunctionStats>,
    /// Invocations for the host.
    pub miss_queue: QueueStats,
    pub control_queue: QueueStats,
    /// Who listens to `GET /events`.
    pub listeners: f64,
    pub latency: Latency,
}

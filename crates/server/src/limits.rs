//! What a client may ask of the server, and for how long.

use std::time::Duration;

/// Every limit of the server. The defaults are those of production; tests shorten the times.
#[derive(Debug, Clone)]
pub struct Limits {
    /// An event; Lambda's own limit for a synchronous invocation.
    pub max_event_bytes: usize,
    /// Bodies of more than one frame, all together; who has no room is answered 503.
    pub max_body_bytes: usize,
    /// Sandboxes of the engine, which functions share fairly.
    pub sandboxes: usize,
    /// Invocations of peers and of the host itself that compute at once.
    pub peer_threads: usize,
    /// The body of a control call: an archive of 50 MB in Base64, and what is said about it.
    pub max_control_bytes: usize,
    /// Control calls with a body of more than 1 MB, or of unknown length, whose bodies are in memory at once.
    pub control_uploads: usize,
    /// The request line and all headers.
    pub max_head_bytes: usize,
    /// Open connections, all threads together; more are closed at once.
    pub max_connections: usize,
    /// Streams of one HTTP/2 connection.
    pub max_h2_streams: u32,
    /// From the first byte of a request's head to its end.
    pub head_timeout: Duration,
    /// From the end of the head to the end of the body.
    pub body_timeout: Duration,
    /// A connection without a request.
    pub idle_timeout: Duration,
    /// From the last byte of a response until an HTTP/1.1 connection without a request gives its buffers back.
    pub rest_after: Duration,
    /// A response of which the client takes not one byte.
    pub write_timeout: Duration,
    /// A client that still sends after everything was said to it.
    pub linger_timeout: Duration,
    /// Miss calls into the host at once. At 512 the p99 is 50–84 ms, at 64 it is not noticeable (DESIGN §2).
    pub miss_in_flight: usize,
    /// Miss calls that wait for their turn; more are answered 503.
    pub miss_queue: usize,
    /// Requests with an idempotency key at once: these stay with the host as long as their function runs.
    pub once_in_flight: usize,
    /// The host bounds its own tries; this bounds the host.
    pub miss_timeout: Duration,
    pub control_in_flight: usize,
    pub control_queue: usize,
    pub control_timeout: Duration,
    /// From the end of the head of a control call to the end of its body.
    pub upload_timeout: Duration,
    /// Listeners of the event stream; more are answered 503.
    pub max_event_streams: usize,
    /// Events a listener may lag behind before it is dropped.
    pub event_backlog: usize,
    pub event_heartbeat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_event_bytes: 6 << 20,
            max_body_bytes: 512 << 20,
            sandboxes: 1000,
            peer_threads: 1,
            max_control_bytes: 70 << 20,
            control_uploads: 4,
            max_head_bytes: 32 << 10,
            max_connections: 20_000,
            max_h2_streams: 128,
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(75),
            rest_after: Duration::from_secs(1),
            write_timeout: Duration::from_secs(30),
            linger_timeout: Duration::from_secs(2),
            miss_in_flight: 64,
            miss_queue: 1024,
            once_in_flight: 128,
            miss_timeout: Duration::from_secs(16 * 60),
            control_in_flight: 64,
            control_queue: 256,
            control_timeout: Duration::from_secs(120),
            upload_timeout: Duration::from_secs(120),
            max_event_streams: 1024,
            event_backlog: 128,
            event_heartbeat: Duration::from_secs(10),
        }
    }
}

//! The host behind the server: who it asks when it can't answer itself, and the data that crosses.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use bytes::Bytes;
use swarmlambda_executor::Class;

use crate::recent::Origin;

/// How a try of an invocation ended (DESIGN §6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    Ok,
    Error,
    Timeout,
    Crashed,
    /// Never started: overload, throttled, draining.
    Refused,
    /// The function isn't there.
    Absent,
    /// The edge isn't there.
    Unreachable,
}

impl Ending {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Crashed => "crashed",
            Self::Refused => "refused",
            Self::Absent => "absent",
            Self::Unreachable => "unreachable",
        }
    }

    /// The ending of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "ok" => Self::Ok,
            "error" => Self::Error,
            "timeout" => Self::Timeout,
            "crashed" => Self::Crashed,
            "refused" => Self::Refused,
            "absent" => Self::Absent,
            "unreachable" => Self::Unreachable,
            _ => return None,
        })
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Class> for Ending {
    fn from(class: Class) -> Self {
        match class {
            Class::Ok => Self::Ok,
            Class::Error => Self::Error,
            Class::Timeout => Self::Timeout,
            Class::Crashed => Self::Crashed,
            Class::Refused => Self::Refused,
        }
    }
}

/// The end of an invocation, wherever it ran.
#[derive(Debug, Clone)]
pub struct Outcome {
    pub class: Ending,
    /// JSON: the result, or `{"errorType","errorMessage","trace"}`.
    pub payload: Bytes,
    /// Console output.
    pub logs: Bytes,
    pub duration: Duration,
    /// Linear memory at the end, bytes.
    pub memory_bytes: usize,
}

impl Outcome {
    /// Nobody ran anything, because there is no room for it.
    pub(crate) fn refused(message: &str) -> Self {
        swarmlambda_executor::Outcome::refused("ConcurrentInvocationLimitExceeded", message).into()
    }

    /// Nobody ran anything, because the function isn't loaded here.
    pub fn absent(duration: Duration) -> Self {
        Self { class: Ending::Absent, payload: Bytes::new(), logs: Bytes::new(), duration, memory_bytes: 0 }
    }
}

impl Outcome {
    /// The host could not say how it ended.
    pub(crate) fn unanswered() -> Self {
        Self { class: Ending::Refused, ..Self::absent(Duration::ZERO) }
    }
}

impl From<swarmlambda_executor::Outcome> for Outcome {
    fn from(outcome: swarmlambda_executor::Outcome) -> Self {
        Self {
            class: outcome.class.into(),
            payload: outcome.payload,
            logs: outcome.logs.into(),
            duration: outcome.duration,
            memory_bytes: outcome.memory_bytes,
        }
    }
}

/// One entry of the receipt.
#[derive(Debug, Clone)]
pub struct Try {
    /// Name of the edge.
    pub edge: String,
    pub class: Ending,
    pub duration: Duration,
}

/// A request that may have been made before.
#[derive(Debug, Clone)]
pub struct Once {
    /// `Idempotency-Key`.
    pub key: Option<String>,
    /// Beside a key: what the request was.
    pub fingerprint: Option<String>,
    /// The edge that broke off, by the word of a proxy.
    pub repeats: Option<String>,
}

/// An invocation that did not end well here, or that must not begin before the host has looked.
#[derive(Debug, Clone)]
pub struct MissRequest {
    pub name: String,
    /// The query's `Qualifier`, or what follows the colon of the name.
    pub qualifier: Option<String>,
    pub request_id: String,
    /// The event.
    pub payload: Bytes,
    /// JSON.
    pub client_context: Option<String>,
    /// `X-Swarm-Failover`: `any`, `safe` or `never`.
    pub failover: Option<String>,
    /// When this is set nothing was tried here.
    pub once: Option<Once>,
    pub origin: Origin,
    /// The try on this edge.
    pub local: Option<Outcome>,
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct MissResponse {
    /// The edge whose outcome it is.
    pub edge: String,
    /// Tries after [`MissRequest::local`], in order.
    pub tries: Vec<Try>,
    pub outcome: Result<Outcome, Refusal>,
    /// The answer that an earlier request with that key got.
    pub replayed: bool,
}

/// Why a request is not served at all, in Lambda's words.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// 4xx or 5xx.
    pub status: u16,
    pub kind: String,
    pub message: String,
}

/// A request that is no invocation and nothing the server knows.
#[derive(Debug, Clone)]
pub struct ControlRequest {
    pub method: String,
    /// As received, still percent-encoded.
    pub path: String,
    pub query: Option<String>,
    /// Names in lower case, in order of arrival.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// `address:port` of the client.
    pub remote_address: String,
    /// Only asks whether the request may invoke this function: 204, or the refusal.
    pub invokes: Option<String>,
}

#[derive(Debug, Clone)]
pub struct ControlResponse {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    /// In the place of the body: a stream of [`crate::Gateway::open_stream`].
    pub stream: Option<u32>,
}

/// The host failed, for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct HostError(pub String);

/// What the host's closures return.
pub type HostFuture<T> = Pin<Box<dyn Future<Output = Result<T, HostError>> + Send>>;

/// The host.
pub struct Host {
    pub miss: Box<dyn Fn(MissRequest) -> HostFuture<MissResponse> + Send + Sync>,
    pub control: Box<dyn Fn(ControlRequest) -> HostFuture<ControlResponse> + Send + Sync>,
    /// Returns to the system what the thread that calls it has freed.
    pub give_back: fn(),
}

//! What the headers of an invocation ask for.

use hyper::{
    HeaderMap,
    header::{HeaderName, HeaderValue},
    http::request::Parts,
};
use serde_json::value::RawValue;

use crate::{
    host::Once,
    once,
    recent::{Origin, Via},
    reply::Failure,
};

const INVOCATION_TYPE: HeaderName = HeaderName::from_static("x-amz-invocation-type");
const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// What Trace Context wants passed on at the least; longer ones are left out.
const MAX_TRACESTATE: usize = 512;

/// The headers that mean something here, of those that came. All of them are found in one walk: requests have few headers, and
/// to look for one by its name costs as much as to pass five.
pub(crate) struct Asked<'a> {
    headers: &'a HeaderMap,
    invocation_type: Option<&'a HeaderValue>,
    log_type: Option<&'a HeaderValue>,
    client_context: Option<&'a HeaderValue>,
    failover: Option<&'a HeaderValue>,
    record: Option<&'a HeaderValue>,
    traceparent: Option<&'a HeaderValue>,
    key: Option<&'a HeaderValue>,
    repeats: Option<&'a HeaderValue>,
}

/// Whether nobody waits for the result: the host keeps such events.
pub(crate) fn is_asynchronous(headers: &HeaderMap) -> bool {
    headers.get(INVOCATION_TYPE).is_some_and(|kind| kind == "Event")
}

impl<'a> Asked<'a> {
    pub(crate) fn find(headers: &'a HeaderMap) -> Self {
        let mut asked = Self {
            headers,
            invocation_type: None,
            log_type: None,
            client_context: None,
            failover: None,
            record: None,
            traceparent: None,
            key: None,
            repeats: None,
        };
        for (name, value) in headers {
            let found = match name.as_str() {
                "x-amz-invocation-type" => &mut asked.invocation_type,
                "x-amz-log-type" => &mut asked.log_type,
                "x-amz-client-context" => &mut asked.client_context,
                "x-swarm-failover" => &mut asked.failover,
                "x-swarm-record" => &mut asked.record,
                "traceparent" => &mut asked.traceparent,
                once::KEY => &mut asked.key,
                once::REPEATS => &mut asked.repeats,
                _ => continue,
            };
            // The first of several, as everywhere else.
            found.get_or_insert(value);
        }
        asked
    }

    /// Whether the function is not to run: the request asks if it could. Refuses what is no invocation that is waited for.
    pub(crate) fn dry_run(&self) -> Result<bool, Failure> {
        match self.invocation_type {
            None => Ok(false),
            Some(kind) if kind == "RequestResponse" => Ok(false),
            Some(kind) if kind == "DryRun" => Ok(true),
            Some(kind) if kind == "Event" => {
                Err(Failure::invalid_parameter("X-Amz-Invocation-Type \"Event\" has no response to stream"))
            }
            Some(kind) => Err(Failure::invalid_parameter(format!(
                "X-Amz-Invocation-Type {kind:?} is not supported: only \"RequestResponse\", \"Event\" and \"DryRun\" are"
            ))),
        }
    }

    pub(crate) fn log_tail(&self) -> bool {
        self.log_type.is_some_and(|kind| kind == "Tail")
    }

    /// JSON.
    pub(crate) fn client_context(&self) -> Result<Option<String>, Failure> {
        let Some(value) = self.client_context else { return Ok(None) };
        let text =
            base64_simd::STANDARD.decode_to_vec(value.as_bytes()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        match text.filter(|text| serde_json::from_str::<&RawValue>(text).is_ok()) {
            None => Err(Failure::invalid_content("X-Amz-Client-Context must be JSON in Base64")),
            text => Ok(text),
        }
    }

    pub(crate) fn failover(&self) -> Result<Option<String>, Failure> {
        let Some(value) = self.failover else { return Ok(None) };
        match value.to_str() {
            Ok(text @ ("any" | "safe" | "never")) => Ok(Some(text.to_owned())),
            _ => Err(Failure::invalid_parameter(format!("X-Swarm-Failover {value:?} must be any, safe or never"))),
        }
    }

    /// `None` for a request like most. `head` and `body` are what it is known by.
    pub(crate) fn once(&self, head: &Parts, body: &[u8]) -> Result<Option<Once>, Failure> {
        if self.key.is_none() && self.repeats.is_none() {
            return Ok(None);
        }
        once::read(self.key, self.repeats, head, body).map(Some)
    }

    pub(crate) fn origin(&self, via: Via) -> Origin {
        let traceparent = self.traceparent.and_then(|value| value.to_str().ok());
        let traceparent = traceparent.filter(|text| is_traceparent(text)).map(str::to_owned);
        // Without the one the other means nothing.
        let tracestate = traceparent.as_ref().and_then(|_| self.tracestate());
        Origin { via, from: None, traceparent, tracestate, record: self.record.is_some_and(|value| value == "1") }
    }

    /// W3C Trace Context's list of the systems that a trace went through: all its header lines as one.
    fn tracestate(&self) -> Option<String> {
        let lines = self.headers.get_all(TRACESTATE).iter().map(|value| value.to_str().map(str::trim));
        let text = lines.collect::<Result<Vec<_>, _>>().ok()?.join(",");
        (!text.is_empty() && text.len() <= MAX_TRACESTATE).then_some(text)
    }
}

/// W3C Trace Context: version, trace id, parent id and flags, in lower-case hex.
fn is_traceparent(text: &str) -> bool {
    text.len() == 55
        && text.bytes().enumerate().all(|(at, byte)| match at {
            2 | 35 | 52 => byte == b'-',
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

//! The answer to an invocation, built in one place from the tries and the final outcome, with its receipt:
//! `X-Swarm-Edge: edge-b` and `X-Swarm-Tries: edge-a=absent;0.1ms, edge-b=ok;2.3ms`.

use std::{fmt::Write, time::Duration};

use bytes::Bytes;
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde::{Deserialize, Serialize};

use crate::{
    body::Body,
    host::{Ending, Outcome, Try},
    once::REPLAYED,
    reply::{Failure, JSON, REQUEST_ID, exception},
    report::Report,
    request_id::RequestId,
};

pub(crate) const EDGE: HeaderName = HeaderName::from_static("x-swarm-edge");
pub(crate) const TRIES: HeaderName = HeaderName::from_static("x-swarm-tries");
pub(crate) const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const LOG_RESULT: HeaderName = HeaderName::from_static("x-amz-log-result");
const LATEST: HeaderValue = HeaderValue::from_static("$LATEST");
const UNHANDLED: HeaderValue = HeaderValue::from_static("Unhandled");

/// The tries so far, as the header shows them.
pub(crate) struct Tries(String);

impl Tries {
    pub(crate) fn new() -> Self {
        Self(String::with_capacity(32))
    }

    /// Appends a try.
    pub(crate) fn push(&mut self, edge: &str, class: Ending, duration: Duration) {
        self.push_named(edge, class.as_str(), duration);
    }

    /// A name that can't stand in a header is shown with question marks.
    pub(crate) fn push_named(&mut self, edge: &str, class: &str, duration: Duration) {
        if !self.0.is_empty() {
            self.0.push_str(", ");
        }
        self.0.extend(edge.chars().map(|char| if is_edge_char(char) { char } else { '?' }));
        let tenths = (duration.as_micros() + 50) / 100;
        // Writing to a string can't fail.
        let _ = write!(self.0, "={class};{}.{}ms", tenths / 10, tenths % 10);
    }

    pub(crate) fn extend(&mut self, tries: &[Try]) {
        for one in tries {
            self.push(&one.edge, one.class, one.duration);
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }

    pub(crate) fn into_header(self) -> HeaderValue {
        HeaderValue::from_maybe_shared(Bytes::from(self.0)).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

pub(crate) fn is_edge_char(char: char) -> bool {
    char.is_ascii_graphic() && !matches!(char, ',' | ';' | '=')
}

/// What an answer needs besides the outcome.
pub(crate) struct Receipt<'a> {
    pub(crate) name: &'a str,
    /// `None`: `$LATEST`.
    pub(crate) version: Option<&'a str>,
    pub(crate) id: RequestId,
    /// The edge whose outcome it is.
    pub(crate) edge: HeaderValue,
    pub(crate) tries: Tries,
    /// `X-Amz-Log-Type: Tail`.
    pub(crate) report: Option<Report>,
    /// It is the answer to an earlier request with the same key.
    pub(crate) replayed: bool,
}

#[derive(Serialize)]
struct TooManyRequests<'a> {
    #[serde(rename = "Reason")]
    reason: &'a str,
    #[serde(rename = "Type")]
    blame: &'a str,
    message: &'a str,
}

#[derive(Deserialize)]
struct ErrorPayload {
    #[serde(rename = "errorMessage")]
    message: String,
    reason: Option<String>,
}

impl Receipt<'_> {
    pub(crate) fn respond(self, outcome: Outcome) -> Response<Body> {
        let tail = self.report.as_ref().map(|report| report.tail(&outcome));
        let mut response = match outcome.class {
            Ending::Ok => executed(outcome.payload, self.id, self.version(), false),
            Ending::Error | Ending::Timeout | Ending::Crashed => {
                executed(outcome.payload, self.id, self.version(), true)
            }
            Ending::Absent => Failure::not_found(format!("Function not found: {}", self.function())).respond(self.id),
            Ending::Refused => refused(&outcome.payload, self.id),
            Ending::Unreachable => {
                Failure::unavailable("No edge that has the function could be reached").respond(self.id)
            }
        };
        if let Some(tail) = tail.and_then(|tail| HeaderValue::from_maybe_shared(Bytes::from(tail)).ok()) {
            response.headers_mut().insert(LOG_RESULT, tail);
        }
        self.stamp(response.headers_mut());
        response
    }
}

impl Receipt<'_> {
    /// The answer when no outcome could be had.
    pub(crate) fn refuse(self, failure: &Failure) -> Response<Body> {
        let mut response = failure.respond(self.id);
        self.stamp(response.headers_mut());
        response
    }

    /// As it was asked for.
    fn function(&self) -> String {
        self.version.map_or_else(|| self.name.to_owned(), |version| format!("{}:{version}", self.name))
    }

    /// The version that was executed.
    pub(crate) fn version(&self) -> HeaderValue {
        self.version.and_then(|version| HeaderValue::from_str(version).ok()).unwrap_or(LATEST)
    }

    /// Who answered, and who was tried.
    pub(crate) fn stamp(self, headers: &mut HeaderMap) {
        headers.insert(EDGE, self.edge);
        headers.insert(TRIES, self.tries.into_header());
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
    }
}

fn executed(payload: Bytes, id: RequestId, version: HeaderValue, failed: bool) -> Response<Body> {
    let mut response = Response::new(Body::Full(payload));
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(EXECUTED_VERSION, version);
    headers.insert(REQUEST_ID, id.to_header());
    if failed {
        headers.insert(FUNCTION_ERROR, UNHANDLED);
    }
    *response.headers_mut() = headers;
    response
}

fn refused(payload: &[u8], id: RequestId) -> Response<Body> {
    let (message, reason) =
        serde_json::from_slice::<ErrorPayload>(payload).ok().map(|payload| (payload.message, payload.reason)).unzip();
    let reason = reason.flatten();
    let body = TooManyRequests {
        reason: reason.as_deref().unwrap_or("ConcurrentInvocationLimitExceeded"),
        blame: "User",
        message: message.as_deref().unwrap_or("Rate exceeded"),
    };
    exception(StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException", &body, id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_every_try_with_tenths_of_milliseconds() {
        let mut tries = Tries::new();
        tries.push("edge-a", Ending::Absent, Duration::from_micros(49));
        tries.push("edge b,c", Ending::Ok, Duration::from_micros(2_351));
        assert_eq!(tries.into_header(), "edge-a=absent;0.0ms, edge?b?c=ok;2.4ms");
    }
}

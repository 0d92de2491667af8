//! Responses the server makes itself, other than an invocation's. Errors have Lambda's shape.

use std::borrow::Cow;

use bytes::Bytes;
use hyper::{
    Response, StatusCode,
    header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER},
};
use serde::Serialize;

use crate::{body::Body, once::REPEAT, request_id::RequestId};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An error of the API.
pub(crate) struct Failure {
    status: StatusCode,
    kind: Cow<'static, str>,
    message: String,
    allow: Option<&'static str>,
    /// A request that a proxy sent again, and that is not made again.
    repeat: bool,
}

#[derive(Serialize)]
struct Message<'a> {
    #[serde(rename = "Type")]
    blame: &'a str,
    #[serde(rename = "Message")]
    message: &'a str,
    /// Some errors of Lambda's model spell it so; clients read the one they know.
    #[serde(rename = "message")]
    again: &'a str,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, kind: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { status, kind: kind.into(), message: message.into(), allow: None, repeat: false }
    }

    pub(crate) fn invalid_parameter(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
    }

    pub(crate) fn invalid_content(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequestContentException", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    }

    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let failure = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowedException",
            format!("This path takes {allow} only"),
        );
        Self { allow: Some(allow), ..failure }
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "RequestTooLargeException",
            format!("Request must be smaller than {limit} bytes"),
        )
    }

    pub(crate) fn too_slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "RequestTimeoutException", "The request's body took too long to arrive")
    }

    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "ServiceException", message)
    }

    /// Tells the proxy that it asked for a repetition in vain.
    pub(crate) fn of_repeat(self) -> Self {
        Self { repeat: true, ..self }
    }

    /// A request that is not made again, though nobody knows what became of it.
    pub(crate) fn broken(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_GATEWAY, "ServiceException", message).of_repeat()
    }

    pub(crate) fn late(message: impl Into<String>) -> Self {
        Self::new(StatusCode::GATEWAY_TIMEOUT, "ServiceException", message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "ServiceException", message)
    }

    /// The response. A 503 asks the client to come again in a second.
    pub(crate) fn respond(&self, id: RequestId) -> Response<Body> {
        let blame = if self.status.is_server_error() { "Service" } else { "User" };
        let mut response =
            exception(self.status, &self.kind, &Message { blame, message: &self.message, again: &self.message }, id);
        if let Some(allow) = self.allow {
            response.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        if self.repeat {
            response.headers_mut().insert(REPEAT, HeaderValue::from_static("refused"));
        }
        response
    }
}

/// A response with an AWS error type, whatever shape its body has.
pub(crate) fn exception(status: StatusCode, kind: &str, body: &impl Serialize, id: RequestId) -> Response<Body> {
    let mut response = json(status, serde_json::to_vec(body).unwrap_or_default().into());
    let headers = response.headers_mut();
    headers.extend(HeaderValue::from_str(kind).ok().map(|kind| (ERROR_TYPE, kind)));
    headers.insert(REQUEST_ID, id.to_header());
    if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
        headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

pub(crate) fn json(status: StatusCode, body: Bytes) -> Response<Body> {
    let mut response = Response::new(Body::Full(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, JSON);
    response
}

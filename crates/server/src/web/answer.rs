//! What functions answer to HTTP requests, as responses.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use hyper::{
    HeaderMap, Response, StatusCode,
    header::{CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER, SET_COOKIE},
};
use serde::Deserialize;
use serde_json::{Value, value::RawValue};

use crate::{
    body::Body,
    reply::{JSON, json},
};

/// What a function answers with, if it says more than the body.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Answer<'a> {
    status_code: Option<Value>,
    headers: BTreeMap<String, Value>,
    multi_value_headers: BTreeMap<String, Vec<Value>>,
    cookies: Vec<String>,
    #[serde(borrow)]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
    #[serde(skip)]
    content_type: Option<String>,
}

/// The response to a result that came as a whole.
pub(super) fn whole(payload: &Bytes) -> Response<Body> {
    #[derive(Deserialize)]
    struct Marked<'a> {
        #[serde(rename = "statusCode", borrow)]
        _status: &'a RawValue,
    }
    // A list would do for a structure, too.
    if payload.starts_with(b"{") && serde_json::from_slice::<Marked<'_>>(payload).is_ok() {
        let Ok(mut answer) = serde_json::from_slice::<Answer<'_>>(payload) else {
            return message(StatusCode::BAD_GATEWAY, "Internal Server Error");
        };
        let body = answer.body.take().unwrap_or_default();
        let content = if answer.is_base64_encoded {
            base64_simd::forgiving_decode_to_vec(body.as_bytes()).ok()
        } else {
            Some(body.into_owned().into_bytes())
        };
        return match content {
            Some(content) => answer.respond(Body::Full(content.into())),
            None => message(StatusCode::BAD_GATEWAY, "Internal Server Error"),
        };
    }
    // No status: a JSON answer, or a text as it is.
    let content = serde_json::from_slice::<String>(payload).map_or_else(|_| payload.clone(), Bytes::from);
    Answer::default().respond(Body::Full(content))
}

impl Answer<'_> {
    pub(super) fn of_type(content_type: Option<String>) -> Self {
        Self { content_type, ..Self::default() }
    }

    pub(super) fn respond(self, body: Body) -> Response<Body> {
        let status = match self.status_code {
            None => Some(StatusCode::OK),
            Some(Value::Number(number)) => {
                number.as_u64().and_then(|code| StatusCode::from_u16(code.try_into().ok()?).ok())
            }
            Some(Value::String(text)) => text.parse().ok().and_then(|code| StatusCode::from_u16(code).ok()),
            Some(_) => None,
        };
        let Some(status) = status.filter(|status| status.as_u16() >= 200) else {
            return message(StatusCode::BAD_GATEWAY, "Internal Server Error");
        };
        let mut response = Response::new(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        for (name, value) in &self.headers {
            add(headers, name, value, false);
        }
        for (name, value) in
            self.multi_value_headers.iter().flat_map(|(name, all)| all.iter().map(move |one| (name, one)))
        {
            add(headers, name, value, true);
        }
        for cookie in self.cookies {
            add(headers, SET_COOKIE.as_str(), &Value::String(cookie), true);
        }
        let default = self.content_type.and_then(|kind| HeaderValue::try_from(kind).ok()).unwrap_or(JSON);
        headers.entry(CONTENT_TYPE).or_insert(default);
        response
    }
}

/// A header of the function's; what can't be one, or is the connection's, is left out.
fn add(headers: &mut HeaderMap, name: &str, value: &Value, more: bool) {
    const HOP: [&str; 4] = ["connection", "content-length", "keep-alive", "transfer-encoding"];
    let text = match value {
        Value::String(text) => Cow::Borrowed(text.as_str()),
        Value::Null => return,
        other => Cow::Owned(other.to_string()),
    };
    let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(text.as_bytes())) else { return };
    if HOP.contains(&name.as_str()) {
        return;
    }
    if more {
        headers.append(name, value);
    } else {
        headers.insert(name, value);
    }
}

pub(super) fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = json(status, serde_json::json!({ "message": text }).to_string().into());
    if status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

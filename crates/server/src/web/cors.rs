//! Cross-origin requests, answered by the gateway as a function URL's or an API's configuration says. What the function itself
//! says of it is replaced. The Fetch standard's CORS protocol.

use hyper::{
    HeaderMap, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
        ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderName, HeaderValue, ORIGIN, VARY,
    },
};
use serde::Deserialize;

use crate::body::Body;

/// `Cors` of a function URL's configuration.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Cors {
    allow_origins: Vec<String>,
    allow_methods: Vec<String>,
    allow_headers: Vec<String>,
    expose_headers: Vec<String>,
    /// Seconds.
    max_age: Option<u64>,
    allow_credentials: bool,
}

impl Cors {
    /// The response to a preflight request; `None`: it is none.
    pub(super) fn preflight(&self, method: &Method, given: &HeaderMap) -> Option<Response<Body>> {
        if method != Method::OPTIONS || !given.contains_key(ORIGIN) {
            return None;
        }
        let asked = given.get(ACCESS_CONTROL_REQUEST_METHOD)?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        if self.allows(given) {
            let any_method = is_any(&self.allow_methods).then(|| asked.clone());
            put(headers, ACCESS_CONTROL_ALLOW_METHODS, any_method.or_else(|| listed(&self.allow_methods)));
            let any_header = if is_any(&self.allow_headers) { given.get(ACCESS_CONTROL_REQUEST_HEADERS) } else { None };
            put(headers, ACCESS_CONTROL_ALLOW_HEADERS, any_header.cloned().or_else(|| listed(&self.allow_headers)));
            put(headers, ACCESS_CONTROL_MAX_AGE, self.max_age.map(HeaderValue::from));
        }
        self.stamp(given, headers);
        Some(response)
    }

    /// What stands on every response to a request with an origin.
    pub(super) fn stamp(&self, given: &HeaderMap, headers: &mut HeaderMap) {
        for name in [ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_EXPOSE_HEADERS] {
            headers.remove(name);
        }
        let open = is_any(&self.allow_origins) && !self.allow_credentials;
        if !open {
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
        let Some(origin) = given.get(ORIGIN).filter(|_| self.allows(given)) else { return };
        let origin = if open { HeaderValue::from_static("*") } else { origin.clone() };
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        if self.allow_credentials {
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        put(headers, ACCESS_CONTROL_EXPOSE_HEADERS, listed(&self.expose_headers));
    }

    fn allows(&self, given: &HeaderMap) -> bool {
        let Some(origin) = given.get(ORIGIN).and_then(|origin| origin.to_str().ok()) else { return false };
        self.allow_origins.iter().any(|allowed| match allowed.split_once('*') {
            Some((before, after)) => {
                origin.len() >= before.len() + after.len() && origin.starts_with(before) && origin.ends_with(after)
            }
            None => allowed.eq_ignore_ascii_case(origin),
        })
    }
}

fn is_any(list: &[String]) -> bool {
    list.iter().any(|one| one == "*")
}

fn listed(list: &[String]) -> Option<HeaderValue> {
    (!list.is_empty()).then(|| HeaderValue::try_from(list.join(",")).ok()).flatten()
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}

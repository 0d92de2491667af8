//! The events that functions get of HTTP requests: API Gateway's payload formats 2.0 and 1.0.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    net::SocketAddr,
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use hyper::{
    HeaderMap, Version,
    header::{CONTENT_TYPE, COOKIE, HOST, HeaderName, USER_AGENT},
    http::request::Parts,
};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::json;

use crate::request_id::RequestId;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Which of API Gateway's formats a function gets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Format {
    #[default]
    V2,
    V1,
}

/// A request, and how it came to its function.
pub(super) struct Arrival<'a> {
    pub(super) head: &'a Parts,
    /// What the function sees, percent-encoded.
    pub(super) path: &'a str,
    pub(super) body: &'a Bytes,
    pub(super) remote: SocketAddr,
    pub(super) id: RequestId,
    /// A function's name, a URL's id.
    pub(super) api_id: &'a str,
    /// `$default`, or a route as it was written: `GET /orders/{id}`.
    pub(super) route_key: &'a str,
    /// By name in the route, decoded.
    pub(super) path_parameters: BTreeMap<String, String>,
}

/// Format 2.0, as function URLs have it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Event<'a> {
    version: &'a str,
    route_key: &'a str,
    raw_path: Cow<'a, str>,
    raw_query_string: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<&'a str, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: &'a BTreeMap<String, String>,
    request_context: Context<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Cow<'a, str>>,
    is_base64_encoded: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Context<'a> {
    account_id: &'a str,
    api_id: &'a str,
    domain_name: &'a str,
    domain_prefix: &'a str,
    http: Http<'a>,
    request_id: String,
    route_key: &'a str,
    stage: &'a str,
    time: String,
    time_epoch: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Http<'a> {
    method: &'a str,
    path: Cow<'a, str>,
    protocol: &'a str,
    source_ip: String,
    user_agent: Cow<'a, str>,
}

impl Arrival<'_> {
    /// The event as JSON.
    pub(super) fn event(&self, format: Format) -> serde_json::Result<Vec<u8>> {
        match format {
            Format::V2 => self.v2(),
            Format::V1 => self.v1(),
        }
    }

    fn v2(&self) -> serde_json::Result<Vec<u8>> {
        let Self { head, body, id, api_id, route_key, .. } = self;
        let raw_path = decode(self.path);
        let query = head.uri.query().unwrap_or_default();
        let (content, is_base64_encoded) = text_of(&head.headers, body);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let domain = self.domain();
        serde_json::to_vec(&Event {
            version: "2.0",
            route_key,
            raw_path: raw_path.clone(),
            raw_query_string: query,
            cookies: cookies(&head.headers),
            headers: headers(&head.headers),
            query_string_parameters: parameters(query),
            path_parameters: &self.path_parameters,
            request_context: Context {
                account_id: "anonymous",
                api_id,
                domain_name: domain,
                domain_prefix: domain.split('.').next().unwrap_or_default(),
                http: Http {
                    method: head.method.as_str(),
                    path: raw_path,
                    protocol: self.protocol(),
                    source_ip: self.source(),
                    user_agent: self.header(&USER_AGENT).unwrap_or_default(),
                },
                request_id: id.to_text(),
                route_key,
                stage: "$default",
                time: access_log_time(now.as_secs()),
                time_epoch: now.as_millis() as u64,
            },
            body: (!body.is_empty()).then_some(content),
            is_base64_encoded,
        })
    }

    fn v1(&self) -> serde_json::Result<Vec<u8>> {
        let Self { head, body, id, api_id, .. } = self;
        let path = decode(self.path);
        let resource = self.route_key.split_once(' ').map_or("/{proxy+}", |(_, path)| path);
        let (content, is_base64_encoded) = text_of(&head.headers, body);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let mut all_headers = BTreeMap::<&str, Vec<String>>::new();
        for (name, value) in &head.headers {
            all_headers.entry(name.as_str()).or_default().push(text(value));
        }
        let mut all_query = BTreeMap::<String, Vec<String>>::new();
        for (name, value) in pairs(head.uri.query().unwrap_or_default()) {
            all_query.entry(name).or_default().push(value);
        }
        let domain = self.domain();
        serde_json::to_vec(&json!({
            "version": "1.0",
            "resource": resource,
            "path": path,
            "httpMethod": head.method.as_str(),
            "headers": lasts(&all_headers),
            "multiValueHeaders": all_headers,
            "queryStringParameters": (!all_query.is_empty()).then(|| lasts(&all_query)),
            "multiValueQueryStringParameters": (!all_query.is_empty()).then_some(&all_query),
            "pathParameters": (!self.path_parameters.is_empty()).then_some(&self.path_parameters),
            "stageVariables": null,
            "requestContext": {
                "accountId": "anonymous",
                "apiId": api_id,
                "authorizer": {},
                "domainName": domain,
                "domainPrefix": domain.split('.').next().unwrap_or_default(),
                "extendedRequestId": id.to_text(),
                "httpMethod": head.method.as_str(),
                "identity": {
                    "accessKey": null,
                    "accountId": null,
                    "caller": null,
                    "cognitoAuthenticationProvider": null,
                    "cognitoAuthenticationType": null,
                    "cognitoIdentityId": null,
                    "cognitoIdentityPoolId": null,
                    "principalOrgId": null,
                    "sourceIp": self.source(),
                    "user": null,
                    "userAgent": self.header(&USER_AGENT),
                    "userArn": null,
                },
                "path": path,
                "protocol": self.protocol(),
                "requestId": id.to_text(),
                "requestTime": access_log_time(now.as_secs()),
                "requestTimeEpoch": now.as_millis() as u64,
                "resourceId": self.route_key,
                "resourcePath": resource,
                "stage": "$default",
            },
            "body": (!body.is_empty()).then_some(content),
            "isBase64Encoded": is_base64_encoded,
        }))
    }

    fn header(&self, name: &HeaderName) -> Option<Cow<'_, str>> {
        self.head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()))
    }

    fn domain(&self) -> &str {
        let host = self.head.headers.get(HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        host.split(':').next().unwrap_or_default()
    }

    fn protocol(&self) -> &'static str {
        if self.head.version == Version::HTTP_2 { "HTTP/2.0" } else { "HTTP/1.1" }
    }

    /// The client: behind a proxy on this machine, whom the proxy names.
    fn source(&self) -> String {
        let forwarded = self.header(&FORWARDED_FOR).filter(|_| self.remote.ip().is_loopback());
        let named = forwarded.and_then(|list| Some(list.rsplit(',').next()?.trim().to_owned()));
        named.unwrap_or_else(|| self.remote.ip().to_string())
    }
}

fn lasts<Name: Ord + Clone>(all: &BTreeMap<Name, Vec<String>>) -> BTreeMap<Name, String> {
    all.iter().map(|(name, values)| (name.clone(), values.last().cloned().unwrap_or_default())).collect()
}

pub(super) fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// By lower-case name, several of one name joined; cookies stand apart.
fn headers(given: &HeaderMap) -> BTreeMap<&str, String> {
    let mut all = BTreeMap::<&str, String>::new();
    for (name, value) in given.iter().filter(|(name, _)| **name != COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        all.entry(name.as_str())
            .and_modify(|all| *all = format!("{all},{value}"))
            .or_insert_with(|| value.into_owned());
    }
    all
}

fn cookies(given: &HeaderMap) -> Vec<String> {
    let lines = given.get_all(COOKIE).iter().map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
    lines
        .flat_map(|line| line.split("; ").map(str::to_owned).collect::<Vec<_>>())
        .filter(|one| !one.is_empty())
        .collect()
}

fn parameters(query: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::<String, String>::new();
    for (name, value) in pairs(query) {
        all.entry(name).and_modify(|all| *all = format!("{all},{value}")).or_insert(value);
    }
    all
}

fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let plain = |text: &str| decode(&text.replace('+', " ")).into_owned();
    query.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (plain(name), plain(value))
    })
}

/// A body as text when its type says so and it is; else in Base64.
fn text_of<'a>(headers: &HeaderMap, body: &'a Bytes) -> (Cow<'a, str>, bool) {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or("application/octet-stream");
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_text = kind.starts_with("text/")
        || matches!(kind.as_str(), "application/json" | "application/javascript" | "application/xml")
        || kind.ends_with("+json")
        || kind.ends_with("+xml");
    match std::str::from_utf8(body) {
        Ok(text) if is_text || body.is_empty() => (Cow::Borrowed(text), false),
        _ => (Cow::Owned(base64_simd::STANDARD.encode_to_string(body)), true),
    }
}

/// `24/Nov/2026:14:03:05 +0000`.
fn access_log_time(seconds: u64) -> String {
    let time = UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    // `Tue, 24 Nov 2026 14:03:05 GMT`.
    let http = httpdate::fmt_http_date(time);
    let mut words = http.split(' ').skip(1);
    let mut next = || words.next().unwrap_or_default();
    format!("{}/{}/{}:{} +0000", next(), next(), next(), next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_time_of_an_access_log() {
        assert_eq!(access_log_time(1_795_529_785), "24/Nov/2026:14:16:25 +0000");
    }

    #[test]
    fn joins_what_is_there_twice() {
        assert_eq!(parameters("a=1&a=%202&b&c=x+y")["a"], "1, 2");
        assert_eq!(parameters("c=x+y")["c"], "x y");
    }
}

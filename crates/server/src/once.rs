//! Requests that may have been made before: those with an `Idempotency-Key`, and those that a proxy sends again because the
//! edge that had them broke off. They do not run before the host has looked: it knows what became of the first one.

use hyper::{
    HeaderMap, Method,
    header::{HeaderName, HeaderValue},
    http::request::Parts,
};
use sha2::{Digest, Sha256};

use crate::{host::Once, reply::Failure};

pub(crate) const KEY: &str = "idempotency-key";
pub(crate) const REPEATS: &str = "x-swarm-repeat";
/// From a proxy: the edge that may have begun with this request. To it: that the request is not made again.
pub(crate) const REPEAT: HeaderName = HeaderName::from_static(REPEATS);
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const MAX_KEY: usize = 255;

/// What the two headers say. A fingerprint is needed only beside a key.
pub(crate) fn read(
    key: Option<&HeaderValue>,
    repeats: Option<&HeaderValue>,
    head: &Parts,
    body: &[u8],
) -> Result<Once, Failure> {
    Ok(Once {
        key: key.map(parse_key).transpose()?,
        fingerprint: key.map(|_| fingerprint(head, body)),
        repeats: repeats.map(|edge| String::from_utf8_lossy(edge.as_bytes()).chars().take(128).collect()),
    })
}

/// Whether nothing speaks against making a control call twice: it is no repetition, or RFC 9110 calls its method idempotent.
pub(crate) fn may_repeat(method: &Method, headers: &HeaderMap) -> Result<(), Failure> {
    if method.is_idempotent() || !headers.contains_key(REPEAT) {
        return Ok(());
    }
    Err(Failure::broken(format!("The edge broke off before it answered; {method} is not sent to another one")))
}

/// draft-ietf-httpapi-idempotency-key-header: a string in quotes. Most clients send it without.
fn parse_key(value: &HeaderValue) -> Result<String, Failure> {
    let text = value.to_str().unwrap_or_default();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if text.is_empty() || text.len() > MAX_KEY {
        return Err(Failure::invalid_parameter(format!("Idempotency-Key must have 1 to {MAX_KEY} ASCII characters")));
    }
    Ok(text.to_owned())
}

/// Two requests with one key are the same one if this is: method, target and body.
fn fingerprint(head: &Parts, body: &[u8]) -> String {
    let target = head.uri.path_and_query().map_or("", |target| target.as_str());
    let mut hash = Sha256::new();
    hash.update(format!("{} {target}\n", head.method));
    hash.update(body);
    base64_simd::STANDARD.encode_to_string(hash.finalize())
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;
    use crate::asked::Asked;

    fn head(key: Option<&str>, target: &str) -> Parts {
        let request = Request::post(target);
        key.map_or(Request::post(target), |key| request.header(KEY, key)).body(()).unwrap().into_parts().0
    }

    #[test]
    fn reads_the_key_with_or_without_quotes_and_what_the_request_was() {
        let read = |head: &Parts, body: &[u8]| Asked::find(&head.headers).once(head, body).ok();
        assert!(read(&head(None, "/a"), b"1").unwrap().is_none());
        let of = |key, target, body: &[u8]| read(&head(Some(key), target), body).flatten().unwrap();
        let once = of("\"k-1\"", "/a", b"1");
        assert_eq!((once.key.as_deref(), once.repeats), (Some("k-1"), None));
        assert_eq!(once.fingerprint, of("k-1", "/a", b"1").fingerprint);
        assert_ne!(once.fingerprint, of("k-1", "/a", b"2").fingerprint);
        assert_ne!(once.fingerprint, of("k-1", "/b", b"1").fingerprint);
        for bad in ["", "\"\"", &"k".repeat(256)] {
            assert!(read(&head(Some(bad), "/a"), b"").is_none(), "{bad}");
        }
    }
}

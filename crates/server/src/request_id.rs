//! Request ids: UUID v4 from a fast generator of each thread. They name requests; nothing may rest on their secrecy.

use hyper::header::HeaderValue;
use uuid::{Builder, fmt::Hyphenated};

/// The 36 characters of a request's id.
#[derive(Clone, Copy)]
pub(crate) struct RequestId([u8; Hyphenated::LENGTH]);

impl RequestId {
    pub(crate) fn new() -> Self {
        let id = Builder::from_random_bytes(fastrand::u128(..).to_ne_bytes()).into_uuid();
        let mut text = [0; Hyphenated::LENGTH];
        id.hyphenated().encode_lower(&mut text);
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) fn to_text(self) -> String {
        self.as_str().to_owned()
    }

    pub(crate) fn to_header(self) -> HeaderValue {
        HeaderValue::from_bytes(&self.0).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

#[cfg(test)]
mod tests {
    use super::RequestId;

    #[test]
    fn is_a_version_four_uuid_and_differs_every_time() {
        let (one, two) = (RequestId::new().to_text(), RequestId::new().to_text());
        assert_ne!(one, two);
        assert_eq!(one.len(), 36);
        assert_eq!(&one[14..15], "4");
        assert!("89ab".contains(&one[19..20]), "{one}");
    }
}

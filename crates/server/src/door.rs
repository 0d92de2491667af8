//! The ways into an edge: plain HTTP, HTTPS, and plain HTTP that only shows the way to HTTPS.

use hyper::{
    Request, Response, StatusCode,
    header::{HOST, HeaderName, HeaderValue, LOCATION, STRICT_TRANSPORT_SECURITY},
};
use tokio_rustls::TlsAcceptor;

use crate::body::Body;

const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const HTTPS: HeaderValue = HeaderValue::from_static("https");
const HTTPS_PORT: u16 = 443;
/// Asked for over plain HTTP on purpose: by load balancers, and by certificate authorities (RFC 8555 §8.3).
const SERVED_PLAIN: [&str; 2] = ["/healthz", ACME_CHALLENGE];
pub(crate) const ACME_CHALLENGE: &str = "/.well-known/acme-challenge/";

pub(crate) enum Door {
    Http,
    /// The port of HTTPS.
    Redirect(u16),
    Https {
        acceptor: TlsAcceptor,
        /// `Strict-Transport-Security` of every response.
        hsts: Option<HeaderValue>,
    },
}

impl Door {
    /// The response to a request that has to come in elsewhere. Notes on others that they came by TLS, for functions and the
    /// host, whatever the client says.
    pub(crate) fn receive<B>(&self, request: &mut Request<B>) -> Option<Response<Body>> {
        name_host(request);
        match self {
            Self::Http => None,
            Self::Redirect(port) => redirect(request, *port),
            Self::Https { .. } => {
                request.headers_mut().insert(FORWARDED_PROTO, HTTPS);
                None
            }
        }
    }

    pub(crate) fn send(&self, response: &mut Response<Body>) {
        if let Self::Https { hsts: Some(hsts), .. } = self {
            response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, hsts.clone());
        }
    }
}

/// HTTP/2 names the host in `:authority`; functions and the host look for it where HTTP/1.1 has it (RFC 9113 §8.3.1).
fn name_host<B>(request: &mut Request<B>) {
    if request.headers().contains_key(HOST) {
        return;
    }
    let host = request.uri().authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
}

/// 308: the client repeats its method and its body.
fn redirect<B>(request: &Request<B>, port: u16) -> Option<Response<Body>> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if SERVED_PLAIN.iter().any(|served| path.starts_with(served)) {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
    let authority = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = authority.and_then(|authority| authority.parse::<hyper::http::uri::Authority>().ok());
    let location = host.and_then(|authority| {
        let host = authority.host();
        let location =
            if port == HTTPS_PORT { format!("https://{host}{path}") } else { format!("https://{host}:{port}{path}") };
        HeaderValue::from_str(&location).ok()
    });
    match location {
        Some(location) => _ = response.headers_mut().insert(LOCATION, location),
        None => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent_to(host: &str, uri: &str, port: u16) -> (u16, Option<String>) {
        let request = Request::builder().uri(uri).header(HOST, host).body(()).unwrap();
        let response = redirect(&request, port);
        response.map_or((0, None), |response| {
            let location = response.headers().get(LOCATION).map(|value| value.to_str().unwrap().to_owned());
            (response.status().as_u16(), location)
        })
    }

    #[test]
    fn shows_the_way_to_https() {
        let to = |location: &str| (308, Some(location.to_owned()));
        assert_eq!(sent_to("a.example:80", "/x?y=%20", 443), to("https://a.example/x?y=%20"));
        assert_eq!(sent_to("a.example", "/", 8443), to("https://a.example:8443/"));
        assert_eq!(sent_to("[::1]:80", "/", 8443), to("https://[::1]:8443/"));
        assert_eq!(sent_to("a b", "/", 443), (400, None));
    }

    #[test]
    fn names_the_host_of_http2_as_http1_does() {
        let mut request = Request::builder().uri("https://a.example:8443/x").body(()).unwrap();
        assert!(Door::Http.receive(&mut request).is_none());
        assert_eq!(request.headers()[HOST], "a.example:8443");
        let mut request = Request::builder().uri("https://a.example/x").header(HOST, "b.example").body(()).unwrap();
        Door::Http.receive(&mut request);
        assert_eq!(request.headers()[HOST], "b.example");
    }

    #[test]
    fn answers_health_and_certificate_authorities_over_plain_http() {
        assert_eq!(sent_to("a", "/healthz", 443).0, 0);
        assert_eq!(sent_to("a", "/.well-known/acme-challenge/x", 443).0, 0);
    }
}

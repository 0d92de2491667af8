//! HTTPS, with clients that trust the test's certificates and nothing else.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use swarmlambda_server::{Certificate, Error, Gateway, Https, Limits, Listen, Server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        self, ClientConfig, ProtocolVersion, RootCertStore,
        crypto::ring,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
        version::{TLS12, TLS13},
    },
};

use crate::harness::{echo, elsewhere, host};

struct Edge {
    gateway: Arc<Gateway>,
    server: Option<Server>,
    http: SocketAddr,
    https: SocketAddr,
}

impl Edge {
    fn start(certificates: &[Certificate], redirect: bool, hsts: Option<u32>) -> Self {
        let any = "127.0.0.1:0".parse().unwrap();
        let gateway = Gateway::new("edge-a", "local", Limits::default()).unwrap();
        gateway.set_certificates(certificates).unwrap();
        let listen = Listen { http: any, https: Some(Https { address: any, redirect, hsts }) };
        let server = Server::listen(Arc::clone(&gateway), host(elsewhere, echo), &listen, 2).unwrap();
        Self { http: server.address(), https: server.https_address().unwrap(), gateway, server: Some(server) }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.server.take().unwrap().close(Duration::ZERO);
    }
}

fn certificate(name: &str) -> Certificate {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed([name.to_owned()]).unwrap();
    Certificate { chain: cert.pem().into(), key: signing_key.serialize_pem().into() }
}

/// A client that trusts these certificates, and speaks the protocols.
fn client(
    trusted: &[&Certificate],
    alpn: &[&str],
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    for certificate in trusted {
        roots.add(CertificateDer::from_pem_slice(&certificate.chain).unwrap()).unwrap();
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(versions).unwrap();
    let mut config = builder.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

async fn connect(edge: &Edge, client: &TlsConnector, name: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    client.connect(name, TcpStream::connect(edge.https).await.unwrap()).await
}

async fn exchange(stream: &mut (impl AsyncReadExt + AsyncWriteExt + Unpin), request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    response
}

const ASK: &str = "GET /x HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\nx-forwarded-proto: http\r\n\r\n";

#[tokio::test]
async fn serves_both_protocols_over_the_newest_version_the_client_knows() {
    let certificate = certificate("a.test");
    let edge = Edge::start(std::slice::from_ref(&certificate), false, None);
    for (versions, expected) in
        [(&[&TLS12, &TLS13][..], ProtocolVersion::TLSv1_3), (&[&TLS12][..], ProtocolVersion::TLSv1_2)]
    {
        let client = client(&[&certificate], &["http/1.1"], versions);
        let mut stream = connect(&edge, &client, "a.test").await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(expected));
        let response = exchange(&mut stream, ASK).await;
        assert!(response.starts_with("HTTP/1.1 201 "), "{response}");
        assert!(!response.contains("strict-transport-security"), "{response}");
    }
    let client = client(&[&certificate], &["h2", "http/1.1"], &[&TLS13]);
    let stream = connect(&edge, &client, "a.test").await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut client, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let connection = tokio::spawn(connection);
    let request = Request::post("https://a.test/x").body(Full::new(Bytes::from_static(b"over h2"))).unwrap();
    let response = client.send_request(request).await.unwrap().into_body().collect().await.unwrap().to_bytes();
    assert!(response.ends_with(b"over h2"), "{response:?}");
    drop(client);
    connection.await.unwrap().unwrap();
}

#[tokio::test]
async fn chooses_the_certificate_by_name_and_takes_new_ones_while_it_serves() {
    let (first, second, third) = (certificate("a.test"), certificate("*.b.test"), certificate("a.test"));
    let edge = Edge::start(&[first.clone(), second.clone()], false, None);
    let trusting = |certificate| client(&[certificate], &[], &[&TLS13]);
    connect(&edge, &trusting(&first), "a.test").await.unwrap();
    connect(&edge, &trusting(&second), "x.b.test").await.unwrap();
    assert!(connect(&edge, &trusting(&second), "a.test").await.is_err());
    let mut open = connect(&edge, &trusting(&first), "a.test").await.unwrap();

    let wrong = Certificate { chain: third.chain.clone(), key: first.key.clone() };
    let refused = edge.gateway.set_certificates(&[first.clone(), wrong]);
    assert!(matches!(refused, Err(Error::Certificate { number: 2, .. })), "{refused:?}");
    assert!(edge.gateway.set_certificates(&[Certificate { chain: Vec::new(), ..first.clone() }]).is_err());
    assert!(edge.gateway.set_certificates(&[Certificate { key: b"secret".to_vec(), ..first.clone() }]).is_err());
    connect(&edge, &trusting(&first), "a.test").await.unwrap();

    edge.gateway.set_certificates(std::slice::from_ref(&third)).unwrap();
    connect(&edge, &trusting(&third), "a.test").await.unwrap();
    assert!(connect(&edge, &trusting(&first), "a.test").await.is_err());
    assert!(exchange(&mut open, ASK).await.starts_with("HTTP/1.1 201 "), "a connection outlives its certificate");
}

#[tokio::test]
async fn resumes_a_session() {
    let certificate = certificate("a.test");
    let edge = Edge::start(std::slice::from_ref(&certificate), false, None);
    let client = client(&[&certificate], &[], &[&TLS13]);
    for expected in [rustls::HandshakeKind::Full, rustls::HandshakeKind::Resumed] {
        let mut stream = connect(&edge, &client, "a.test").await.unwrap();
        exchange(&mut stream, ASK).await;
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(expected));
    }
}

#[tokio::test]
async fn shows_the_way_from_http_and_asks_clients_to_remember_it() {
    let certificate = certificate("a.test");
    let edge = Edge::start(std::slice::from_ref(&certificate), true, Some(600));
    let response = exchange(&mut TcpStream::connect(edge.http).await.unwrap(), ASK).await;
    let location = format!("location: https://a.test:{}/x\r\n", edge.https.port());
    assert!(response.starts_with("HTTP/1.1 308 ") && response.contains(&location), "{response}");
    let health = ASK.replace("/x", "/healthz");
    let response = exchange(&mut TcpStream::connect(edge.http).await.unwrap(), &health).await;
    assert!(response.contains("\"edge\":\"edge-a\""), "{response}");
    let mut stream = connect(&edge, &client(&[&certificate], &[], &[&TLS13]), "a.test").await.unwrap();
    let response = exchange(&mut stream, ASK).await;
    assert!(response.contains("strict-transport-security: max-age=600\r\n"), "{response}");
}

#[tokio::test]
async fn ends_connections_that_speak_no_tls() {
    let edge = Edge::start(&[certificate("a.test")], false, None);
    let mut stream = TcpStream::connect(edge.https).await.unwrap();
    stream.write_all(ASK.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    let _ = stream.read_to_end(&mut response).await;
    assert!(!response.starts_with(b"HTTP"), "{response:?}");
}

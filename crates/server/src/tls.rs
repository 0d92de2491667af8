//! TLS: which certificate a client gets, what is spoken, and sessions that are resumed.
//!
//! The certificates are swapped as a whole while connections are served; a handshake takes those it finds. Sessions are
//! resumed by tickets under keys that rustls makes and rotates in this process. There is no early data: it could be replayed.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        client::verify_server_name,
        crypto::ring,
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject},
        server::{ClientHello, ParsedCertificate, ResolvesServerCert},
        sign::CertifiedKey,
        version::{TLS12, TLS13},
    },
};

use crate::error::Error;

/// What is offered besides: HTTP/2 first.
pub(crate) const H2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// A certificate as its files hold it.
#[derive(Debug, Clone)]
pub struct Certificate {
    /// PEM: the certificate, then those between it and its root.
    pub chain: Vec<u8>,
    /// PEM: PKCS#8, PKCS#1 or SEC1.
    pub key: Vec<u8>,
}

/// All certificates of an edge. Without any every handshake fails.
#[derive(Debug, Default)]
pub(crate) struct Certificates(ArcSwap<Vec<Arc<CertifiedKey>>>);

impl Certificates {
    /// Replaces them all, or none when one of them is malformed or does not belong to its key.
    pub(crate) fn set(&self, certificates: &[Certificate]) -> Result<(), Error> {
        let keys = certificates.iter().enumerate().map(|(index, certificate)| {
            certified(certificate).map_err(|reason| Error::Certificate { number: index + 1, reason })
        });
        self.0.store(Arc::new(keys.collect::<Result<_, _>>()?));
        Ok(())
    }
}

/// One that is for the name and of a kind the client can verify; else the first of such a kind, whatever its name.
impl ResolvesServerCert for Certificates {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let certificates = self.0.load();
        let known = || certificates.iter().filter(|key| key.key.choose_scheme(hello.signature_schemes()).is_some());
        let name = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let named = name.and_then(|name| known().find(|key| is_for(key, &name)));
        named.or_else(|| known().next()).map(Arc::clone)
    }
}

fn is_for(key: &CertifiedKey, name: &ServerName<'_>) -> bool {
    let parsed = key.end_entity_cert().and_then(ParsedCertificate::try_from);
    parsed.is_ok_and(|certificate| verify_server_name(&certificate, name).is_ok())
}

fn certified(certificate: &Certificate) -> Result<Arc<CertifiedKey>, String> {
    let chain = CertificateDer::pem_slice_iter(&certificate.chain).collect::<Result<Vec<_>, _>>();
    let chain = chain.map_err(|error| format!("the certificate is not PEM: {error}"))?;
    if chain.is_empty() {
        return Err("there is no certificate in the file".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(&certificate.key);
    let key = key.map_err(|error| format!("the key is not an unencrypted private key in PEM: {error}"))?;
    let certified = CertifiedKey::from_der(chain, key, &ring::default_provider());
    certified.map(Arc::new).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => "the key is not the certificate's".to_owned(),
        error => error.to_string(),
    })
}

/// TLS 1.3, or 1.2 for clients that know no better.
pub(crate) fn acceptor(certificates: Arc<Certificates>) -> Result<TlsAcceptor, Error> {
    let failed = |error: rustls::Error| Error::Tls(error.to_string());
    let builder = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_protocol_versions(&[&TLS13, &TLS12]).map_err(failed)?;
    let mut config = builder.with_no_client_auth().with_cert_resolver(certificates);
    config.alpn_protocols = vec![H2.to_vec(), HTTP1.to_vec()];
    config.ticketer = ring::Ticketer::new().map_err(failed)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

//! Why the server can't serve.

use std::{io, net::SocketAddr};

/// Errors of this crate. A request that fails is answered over HTTP and is never one of these.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// `ADDRESS_IN_USE`: something listens there already, perhaps an edge that was left running.
    #[error("{address} is already in use: another process listens there")]
    AddressInUse { address: SocketAddr },
    /// `LISTEN`: the address can't be bound, or a thread can't be started.
    #[error("cannot listen on {address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    /// `LISTEN`: the name can't go into a response header.
    #[error("edge name {0:?} may only have visible ASCII characters, without comma, semicolon and equals sign")]
    EdgeName(String),
    /// `LISTEN`: an asset's header is malformed.
    #[error("asset {path}: {reason}")]
    Asset { path: String, reason: String },
    /// `CERTIFICATE`: malformed, or not its key's. Counted from 1.
    #[error("certificate {number}: {reason}")]
    Certificate { number: usize, reason: String },
    /// `LISTEN`: TLS can't be set up.
    #[error("TLS: {0}")]
    Tls(String),
    /// `SITES`: the host's function URLs and routes are malformed.
    #[error("function URLs and routes: {0}")]
    Sites(#[from] serde_json::Error),
}

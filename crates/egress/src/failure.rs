//! Why a request did not end well, in the codes that Node's fetch puts into `cause.code`.

use std::{error::Error, io};

/// `code` as Node has it (`ECONNREFUSED`, `ENOTFOUND`, `UND_ERR_…`), or one of ours: `ERR_SWARM_EGRESS` (not in the allow
/// list), `ERR_SWARM_FETCH_COUNT`, `ERR_SWARM_FETCH_BYTES`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    pub code: &'static str,
    pub message: String,
}

impl Failure {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    pub(crate) fn forbidden(host: &str, port: u16) -> Self {
        let message =
            format!("this function may not reach {host}:{port}; list it in \"allow\" when you deploy the function");
        Self::new("ERR_SWARM_EGRESS", message)
    }

    pub(crate) fn forbidden_address(host: &str) -> Self {
        let message = format!(
            "{host} is at an address that is not public; to reach it, list that address or its network in \"allow\" when you deploy the function"
        );
        Self::new("ERR_SWARM_EGRESS", message)
    }

    /// What an HTTP client's error says at its root.
    pub(crate) fn of(error: &reqwest::Error) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(error);
        let mut root: &(dyn Error + 'static) = error;
        while let Some(current) = cause {
            if let Some(failure) = current.downcast_ref::<Self>() {
                return failure.clone();
            }
            if let Some(failure) = current.downcast_ref::<io::Error>().and_then(code_of) {
                return Self::new(failure, current.to_string());
            }
            root = current;
            // An I/O error hides what it wraps from `source`.
            cause = match current.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
                Some(inner) => Some(inner),
                None => current.source(),
            };
        }
        let code = match error {
            error if error.is_timeout() && error.is_connect() => "UND_ERR_CONNECT_TIMEOUT",
            error if error.is_timeout() => "UND_ERR_HEADERS_TIMEOUT",
            error if error.is_builder() => "ERR_INVALID_ARG_VALUE",
            _ => "UND_ERR_SOCKET",
        };
        Self::new(code, root.to_string())
    }
}

fn code_of(error: &io::Error) -> Option<&'static str> {
    Some(match error.kind() {
        io::ErrorKind::ConnectionRefused => "ECONNREFUSED",
        io::ErrorKind::ConnectionReset => "ECONNRESET",
        io::ErrorKind::ConnectionAborted => "ECONNABORTED",
        io::ErrorKind::BrokenPipe => "EPIPE",
        io::ErrorKind::TimedOut => "ETIMEDOUT",
        io::ErrorKind::HostUnreachable => "EHOSTUNREACH",
        io::ErrorKind::NetworkUnreachable => "ENETUNREACH",
        io::ErrorKind::UnexpectedEof => "UND_ERR_SOCKET",
        _ => return None,
    })
}

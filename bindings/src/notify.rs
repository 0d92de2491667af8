//! Words for the service manager: Node has no datagrams over Unix sockets.

use std::{
    io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram},
    },
};

use napi_derive::napi;

use crate::error::Failure;

/// Sends a state such as `READY=1` to the socket that systemd named in `NOTIFY_SOCKET` (sd_notify(3)). `IO`: it did not arrive.
#[napi(catch_unwind)]
pub fn notify(socket: String, state: String) -> Result<(), napi::Error<String>> {
    send(&socket, &state).map_err(|error| Failure::new("IO", format!("{socket}: {error}")).into_error())
}

fn send(socket: &str, state: &str) -> io::Result<()> {
    let address = match socket.strip_prefix('@') {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(socket)?,
    };
    UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address).map(drop)
}

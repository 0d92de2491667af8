//! Binds one address for several threads.

use std::{
    io,
    net::{SocketAddr, TcpListener},
};

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::Error;

/// Connections the kernel holds until a thread takes them.
const BACKLOG: i32 = 4096;

/// One listener for each thread; the kernel spreads connections among them.
///
/// Sockets that share a port by `SO_REUSEPORT` from the start would also share it with an edge that was left running,
/// which would silently take half the load. So the first one claims the port alone, and only then opens it to its
/// siblings; whoever comes later finds it taken, at whatever instant it comes.
pub(crate) fn bind(address: SocketAddr, count: usize) -> Result<(SocketAddr, Vec<TcpListener>), Error> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => Error::AddressInUse { address },
        _ => Error::Listen { address, source },
    };
    let first = listen(address, false).map_err(failed)?;
    let bound = first.local_addr().ok().and_then(|address| address.as_socket());
    let bound = bound.ok_or_else(|| failed(io::ErrorKind::Unsupported.into()))?;
    let mut listeners = Vec::with_capacity(count);
    share(&first).map_err(failed)?;
    for _ in 1..count {
        listeners.push(sibling(&first, bound).map_err(failed)?.into());
    }
    listeners.push(first.into());
    Ok((bound, listeners))
}

fn listen(address: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of an earlier process that linger don't hold the port.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    if shared {
        share(&socket)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket)
}

#[cfg(target_os = "linux")]
fn share(socket: &Socket) -> io::Result<()> {
    socket.set_reuse_port(true)
}

#[cfg(target_os = "linux")]
fn sibling(_first: &Socket, bound: SocketAddr) -> io::Result<Socket> {
    listen(bound, true)
}

/// Only Linux spreads connections over the sockets of a port; elsewhere the threads take turns on one.
#[cfg(not(target_os = "linux"))]
fn share(_socket: &Socket) -> io::Result<()> {
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn sibling(first: &Socket, _bound: SocketAddr) -> io::Result<Socket> {
    first.try_clone()
}

//! The server on real sockets. Outside `wasm` no function is loaded, so that every invocation goes to the host's closure.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod assets;
mod clients;
mod events;
mod harness;
mod host;
mod http2;
mod instructions;
mod invocations;
mod lifecycle;
mod tls;
mod wasm;

//! The way out of an edge: HTTP requests of functions, each within its function's allow list.
//!
//! - [`policy`]: the allow list, and which addresses are nobody's business
//! - [`client`]: one hop; connects only to addresses that the policy has seen
//! - [`exchange`]: a request with its redirects, budget and body, as a stream of events

mod client;
mod exchange;
mod failure;
mod policy;

pub use client::Egress;
pub use exchange::{Event, Exchange, Head, Redirect, Request};
pub use failure::Failure;
pub use policy::{BadEntry, Policy};

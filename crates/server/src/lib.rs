//! The HTTP fast path of an edge: listeners, HTTP, the hot table of functions, UI assets and the event stream.
//!
//! The way of an invocation: socket → [`door`] → [`connection`] → [`dispatch`] → [`invoke`] → [`table`] → the executor → [`receipt`].
//! Nothing on that way takes a lock or leaves its thread. What the edge can't answer itself goes to the [`Host`], bounded.
//!
//! This crate knows nothing of Node: the host is two closures.

mod admission;
mod asked;
mod assets;
mod body;
mod clocks;
mod connection;
mod control;
mod dispatch;
mod door;
mod error;
mod events;
mod eventstream;
mod gateway;
mod host;
mod invoke;
mod latency;
mod limits;
mod listener;
mod now;
mod once;
mod read;
mod receipt;
mod recent;
mod reply;
mod report;
mod request_id;
mod room;
mod server;
mod shares;
mod socket;
mod stats;
mod stream;
mod streams;
mod table;
mod target;
mod tls;
mod transport;
mod turns;
mod web;
mod worker;

pub use assets::Asset;
pub use error::Error;
pub use gateway::{Gateway, Health};
pub use host::{
    ControlRequest, ControlResponse, Ending, Host, HostError, HostFuture, MissRequest, MissResponse, Once, Outcome,
    Refusal, Try,
};
pub use latency::latency_bounds;
pub use limits::Limits;
pub use recent::{Origin, RecentPage, RecentQuery, Recorded, Via};
pub use server::{Https, Listen, Server};
pub use stats::{FunctionLatency, FunctionStats, QueueStats, Stats};
pub use table::Alias;
pub use tls::Certificate;

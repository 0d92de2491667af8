//! Runs JavaScript functions, every invocation in a fresh WebAssembly sandbox.
//!
//! At load a function's top level is evaluated once, and the memory it leaves is taken ([`snapshot`]). An invocation maps that
//! memory copy-on-write under the plugin's shared native code, calls the handler, and throws everything away.
//!
//! - [`split`]: the plugin, rewritten to import its memory
//! - [`engine`]: wasmtime's configuration, sized from the machine; the plugin's native code and its cache
//! - [`host`]: what a guest can ask of the host: log, sleep, clock, random bytes, and by [`fetch`] the outside
//! - [`load`]: source → bytecode → snapshot
//! - [`invoke`]: one invocation
//! - [`trim`]: a sandbox's memory, given back when its invocation grew much
//! - [`trace`]: stack traces in the author's files

#[cfg(test)]
mod attacks;
mod engine;
mod fetch;
mod host;
mod invoke;
mod load;
mod snapshot;
mod split;
mod trace;
mod trim;
mod types;

pub use engine::Executor;
pub use load::Function;
pub use types::{
    Class, Description, Error, ExecutorOptions, FunctionSpec, Invocation, Limits, MAX_PAYLOAD_BYTES, MAX_STREAM_BYTES,
    Outcome, Part,
};

//! Runs JavaScript functions, every invocation in a fresh WebAssembly sandbox.
//!
//! At load a function's top level is evaluated once, and the memory it leaves is taken ([`image`]). An invocation starts with
//! that memory, copy-on-write, under the plugin's shared native code, calls the handler, and throws everything away.
//!
//! - [`split`]: the plugin without its data
//! - [`engine`]: wasmtime's configuration, sized from the machine; the plugin's native code and its cache
//! - [`host`]: what a guest can ask of the host: log, sleep, clock, random bytes, and by [`fetch`] the outside
//! - [`load`]: source → bytecode → image
//! - [`invoke`]: one invocation
//! - [`sandbox`]: the plugin's instance on a memory, which is used again
//! - [`slots`]: the memories of sandboxes, and how they are made new again; on [`image`], [`dirty`] and [`sys`]
//! - [`wasm_memory`]: how wasmtime comes to use them
//! - [`trace`]: stack traces in the author's files

#[cfg(test)]
mod attacks;
mod dirty;
mod engine;
mod fetch;
mod host;
mod image;
mod invoke;
mod keep;
mod load;
mod sandbox;
mod slots;
mod split;
mod sys;
mod trace;
mod types;
mod wasm_memory;

pub use engine::Executor;
pub use load::Function;
pub use types::{
    Class, Description, Error, ExecutorOptions, FunctionSpec, Invocation, Limits, MAX_PAYLOAD_BYTES, MAX_STREAM_BYTES,
    Outcome, Part,
};

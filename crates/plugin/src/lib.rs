//! The Javy plugin: QuickJS, what a function sees, and the calls by which a host loads a function and invokes it.
//!
//! Exports beside Javy's own (`initialize-runtime`, `compile-src`, `invoke`, `cabi_realloc`, `memory`):
//! `in`, `alloc`, `load`, `call`. A result is one `u64`: pointer in the high half, an error flag in bit 31, length below.
//!
//! One thread, one context, and memory that a host photographs after `load`: state is in statics, nothing is freed.

mod holes;
mod javascript;
mod native;
mod script;

use javascript::Runtime;
use javy_plugin_api::{Config, import_namespace};

import_namespace!("swarmlambda-v1");

/// Free heap a snapshot starts with, so that a small invocation never grows its memory (each growth is an mprotect).
const HEADROOM_BYTES: usize = 512 * 1024;

/// The same of the base.
const START_BYTES: usize = 192 * 1024;

static mut RUNTIME: Option<Runtime> = None;

/// The host's side. `sleep` returns after that many milliseconds, or never when the deadline comes first.
mod host {
    #[link(wasm_import_module = "swarmlambda")]
    unsafe extern "C" {
        pub fn log(level: u32, ptr: *const u8, len: usize);
        pub fn sleep(ms: f64);
        pub fn remaining() -> f64;
        /// Begins a request: JSON and its body. Its id; 0 while a module loads.
        pub fn begin(described: *const u8, len: usize, body: *const u8, body_len: usize) -> u32;
        /// Asks for the next event of a request; its first is asked for when it begins.
        pub fn ask(id: u32);
        pub fn cancel(id: u32);
        /// The request whose event is there, or 0 after that many milliseconds; negative: no limit but the deadline.
        pub fn next(ms: f64) -> u32;
        pub fn event_len(id: u32) -> usize;
        /// Writes the event: `H` and JSON (status, headers…), `C` and bytes, `E` at the end, `F` and JSON (code, message).
        pub fn event(id: u32, room: *mut u8);
        /// A part of a streamed response: 0 its head, JSON (type, prelude), first; 1 bytes. 0: nobody takes a stream. Waits
        /// while the client is slower.
        pub fn write(kind: u32, bytes: *const u8, len: usize) -> u32;
        /// Ends the instance: an exit code, or 256 and a signal.
        pub fn exit(code: u32);
    }
}

unsafe extern "C" {
    /// Ours, in quickjs/heap.h.
    fn JS_GetInput() -> *mut u8;
}

/// Javy's entry: makes the runtime. Called once, into the base snapshot.
#[unsafe(export_name = "initialize-runtime")]
extern "C" fn initialize_runtime() {
    let config = || {
        let mut config = Config::default();
        config.event_loop(true);
        config.text_encoding(true).weak_ref(true).performance(true).gc_threshold(javascript::GC_THRESHOLD_BYTES);
        config
    };
    // What the generator allocates for itself is part of the photograph.
    fastrand::seed(0);
    let started = javy_plugin_api::initialize_runtime(config, |runtime| {
        let made = Runtime::new(runtime.context().clone()).inspect(|made| made.settle(START_BYTES));
        // SAFETY: one thread, and no reference into RUNTIME is alive.
        unsafe { RUNTIME = made.map_err(|error| eprintln!("the runtime's JavaScript: {error}")).ok() };
        runtime
    });
    if let Err(error) = started {
        eprintln!("QuickJS: {error}");
    }
}

/// Where an event of up to 64 KiB may be written.
#[unsafe(export_name = "in")]
extern "C" fn input() -> *mut u8 {
    // SAFETY: gives an address.
    unsafe { JS_GetInput() }
}

/// Room for `len` bytes and one more, never freed.
#[unsafe(export_name = "alloc")]
extern "C" fn alloc(len: usize) -> *mut u8 {
    let mut room = Vec::with_capacity(len + 1);
    let ptr = room.as_mut_ptr();
    std::mem::forget(room);
    ptr
}

/// Compiles the plugin's own JavaScript; `js/precompile.mjs` puts the bytecode where the source was. Answers as `load` does.
#[unsafe(export_name = "compile-runtime")]
extern "C" fn compile_runtime() -> u64 {
    answer(javascript::compile_runtime().map_err(String::into_bytes))
}

/// Compiles a script, whose value is the handler. Answers as `load` does, with bytecode for it.
#[unsafe(export_name = "compile-script")]
unsafe extern "C" fn compile_script(source: *const u8, source_len: usize) -> u64 {
    // SAFETY: the host wrote the range with `alloc`.
    let source = unsafe { slice(source, source_len) };
    answer(runtime().and_then(|runtime| runtime.compile_script(source).map_err(String::into_bytes)))
}

/// Evaluates a function's bytecode and keeps its handler. `options` is JSON: name, version, handler, memoryMb, edge, arn,
/// environment. The result is empty, or an error as Lambda writes it.
#[unsafe(export_name = "load")]
unsafe extern "C" fn load(bytecode: *const u8, bytecode_len: usize, options: *const u8, options_len: usize) -> u64 {
    // SAFETY: the host wrote both ranges with `alloc`.
    let (bytecode, options) = unsafe { (slice(bytecode, bytecode_len), slice(options, options_len)) };
    let mut seed = [0; 8];
    // Without a source of randomness the seed of the base stays; invocations get one of their own.
    if getrandom::getrandom(&mut seed).is_ok() {
        fastrand::seed(u64::from_le_bytes(seed));
    }
    let result = runtime().and_then(|runtime| {
        let loaded = runtime.load(bytecode, options);
        runtime.settle(HEADROOM_BYTES);
        loaded
    });
    answer(result.map(|()| Vec::new()))
}

/// Sets QuickJS's own limit, so that a function that allocates without end gets an error and not the host's patience.
#[unsafe(export_name = "limit")]
extern "C" fn limit(bytes: usize) {
    if let Ok(runtime) = runtime() {
        runtime.limit_memory(bytes);
    }
}

/// Calls the handler once. The input is the event, the request id and the client context, one after the other; `seed` feeds
/// `Math.random`. The result is JSON: what the handler answered, or an error as Lambda writes it.
#[unsafe(export_name = "call")]
unsafe extern "C" fn call(input: *mut u8, event_len: usize, id_len: usize, client_len: usize, seed: u64) -> u64 {
    fastrand::seed(seed);
    // SAFETY: the host wrote this range, into `in` or `alloc`, both with a byte to spare.
    let (event, id, client) = unsafe {
        let id = input.add(event_len);
        (std::ptr::slice_from_raw_parts_mut(input, event_len), slice(id, id_len), slice(id.add(id_len), client_len))
    };
    // The event's end is marked after the id is read.
    // SAFETY: as above.
    let ended = runtime().and_then(|runtime| unsafe { runtime.call(event, id, client) });
    match ended {
        Ok(bytes) => told(bytes, false),
        Err(error) => told(error.leak(), true),
    }
}

fn runtime() -> Result<&'static Runtime, Vec<u8>> {
    // SAFETY: one thread; RUNTIME is written once, before anything is called.
    unsafe { (*(&raw const RUNTIME)).as_ref() }.ok_or_else(|| {
        br#"{"errorType":"Runtime.PluginError","errorMessage":"the runtime is not initialized","trace":[]}"#.to_vec()
    })
}

unsafe fn slice<'a>(ptr: *const u8, len: usize) -> &'a [u8] {
    // SAFETY: the caller's.
    unsafe { std::slice::from_raw_parts(ptr, len) }
}

fn answer(result: Result<Vec<u8>, Vec<u8>>) -> u64 {
    let failed = result.is_err();
    told(result.unwrap_or_else(|error| error).leak(), failed)
}

/// A result for the host, which reads it before it calls again.
fn told(bytes: &'static [u8], failed: bool) -> u64 {
    ((bytes.as_ptr() as u64) << 32) | u64::from(failed) << 31 | bytes.len() as u64
}

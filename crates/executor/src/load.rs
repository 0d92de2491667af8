//! From source to a function that can be invoked: compile, evaluate the top level, take the memory.

use crate::{
    Error, Executor, FunctionSpec,
    engine::engine_error,
    fetch::Outlet,
    host::{State, Stop},
    image::Image,
    keep::Keep,
    slots::{Lease, Pool},
    split,
    trace::Trace,
    wasm_memory::hand_over,
};
use serde_json::json;
use std::{
    io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};
use wasmtime::{Instance, InstancePre, Memory, Store, UpdateDeadline, Val};

/// How long a top level may run; Lambda's limit for the init phase.
const LOAD_DEADLINE: Duration = Duration::from_secs(10);

/// What the engine's compiler may take for one bundle.
const COMPILE_MEMORY_BYTES: usize = 512 << 20;

/// What a bundle begins with that is a script (`SCRIPT` in ts/lib/bundle/esbuild.ts); others are modules.
const SCRIPT: &str = "/*script*/";

/// Console output of a top level that is kept for a message.
const LOAD_LOG_BYTES: usize = 64 << 10;

/// What the plugin needs beside QuickJS's heap.
const OVERHEAD_BYTES: usize = 2 << 20;

/// Evaluates functions' top levels, each in a sandbox of the pool.
pub struct Loader {
    plugin: InstancePre<State>,
    pool: Arc<Pool>,
    /// The plugin's memory after `initialize-runtime`.
    base: Arc<Image>,
    globals: Vec<i32>,
    keep: Keep,
}

/// A function that is loaded and can be invoked; shared through its `Arc`.
pub struct Function {
    pub(crate) executor: Arc<Executor>,
    pub(crate) spec: FunctionSpec,
    /// The memory that every invocation starts with.
    pub(crate) image: Arc<Image>,
    pub(crate) memory_limit: usize,
    pub(crate) running: AtomicU32,
    pub(crate) trace: Trace,
    pub(crate) outlet: Arc<Outlet>,
}

impl Drop for Function {
    fn drop(&mut self) {
        self.executor.pool.forget(&self.image);
    }
}

impl Loader {
    /// Makes the runtime, once; also gives the address of the plugin's input buffer.
    pub fn new(
        plugin: InstancePre<State>,
        pool: Arc<Pool>,
        data: &[(u32, Vec<u8>)],
        globals: Vec<i32>,
        keep: Keep,
    ) -> Result<(Self, usize), Error> {
        let blank = Arc::new(blank(&plugin, data)?);
        let mut loader = Self { plugin, pool, base: blank, globals, keep };
        let mut guest = loader.start(usize::MAX)?;
        let input = guest
            .call("_initialize", &[])
            .and_then(|_| guest.call("initialize-runtime", &[]))
            .and_then(|_| guest.call("in", &[]))
            .map_err(|error| guest.failed(error))?;
        // A runtime that can't be made says so on stderr.
        let said = String::from_utf8_lossy(&guest.store.data().logs).into_owned();
        if said.contains("\tERROR\t") {
            return Err(Error::Plugin(said));
        }
        let base = guest.take(&loader.globals, None)?;
        drop(guest);
        loader.pool.forget(&loader.base);
        loader.base = Arc::new(base);
        Ok((loader, input as usize))
    }

    /// A plugin with its runtime made, and nothing loaded.
    fn start(&self, memory_limit: usize) -> Result<Guest, Error> {
        let lease = self.pool.lease(&self.base).map_err(no_memory)?;
        let lease = lease.ok_or_else(|| Error::Engine("this edge has no free sandbox".into()))?;
        let mut store = Store::new(
            self.plugin.module().engine(),
            State::new(String::new(), Instant::now() + LOAD_DEADLINE, memory_limit, LOAD_LOG_BYTES, None),
        );
        store.limiter(|state| state);
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|store| match store.data().deadline {
            deadline if Instant::now() < deadline => Ok(UpdateDeadline::Continue(1)),
            _ => Err(Stop::Deadline.into()),
        });
        hand_over(lease.handle());
        let instance = at_once(self.plugin.instantiate_async(&mut store));
        hand_over(None);
        let instance = instance.map_err(engine_error)?;
        let memory =
            instance.get_memory(&mut store, "memory").ok_or_else(|| Error::Plugin("it exports no memory".into()))?;
        Ok(Guest { store, instance, memory, lease })
    }
}

/// The plugin's memory before anything ran.
fn blank(plugin: &InstancePre<State>, data: &[(u32, Vec<u8>)]) -> Result<Image, Error> {
    let memory = plugin.module().get_export("memory").and_then(|export| export.memory().cloned());
    let memory = memory.ok_or_else(|| Error::Plugin("it exports no memory".into()))?;
    let mut bytes = vec![0; (memory.minimum() * memory.page_size()) as usize];
    for (address, segment) in data {
        bytes
            .get_mut(*address as usize..)
            .and_then(|rest| rest.get_mut(..segment.len()))
            .ok_or_else(|| Error::Plugin("a data segment is outside its memory".into()))?
            .copy_from_slice(segment);
    }
    Image::of(&bytes).map_err(no_memory)
}

fn no_memory(error: io::Error) -> Error {
    Error::Engine(format!("no memory for a sandbox: {error}"))
}

/// The result of something asynchronous that never waits.
fn at_once<T>(work: impl Future<Output = wasmtime::Result<T>>) -> wasmtime::Result<T> {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        // Nothing that a loading guest may call waits, and its epochs don't yield.
        Poll::Pending => Err(wasmtime::Error::msg("the host made a loading guest wait")),
    }
}

/// A plugin instance that loads. Its store goes before its memory does.
struct Guest {
    store: Store<State>,
    instance: Instance,
    memory: Memory,
    lease: Lease,
}

impl Guest {
    /// Calls an export; the result is the one value it has, or zero. It runs on a stack of its own, as invocations do: a guest
    /// that recurses may take all of `MAX_STACK_BYTES`, and callers' threads have no more than that themselves.
    fn call(&mut self, name: &str, args: &[Val]) -> wasmtime::Result<u64> {
        let function = self
            .instance
            .get_func(&mut self.store, name)
            .ok_or_else(|| wasmtime::Error::msg(format!("no export {name}")))?;
        let mut results = vec![Val::I32(0); function.ty(&self.store).results().len()];
        at_once(function.call_async(&mut self.store, args, &mut results))?;
        Ok(match results.first() {
            Some(Val::I32(value)) => u64::from(*value as u32),
            Some(Val::I64(value)) => *value as u64,
            _ => 0,
        })
    }

    /// Writes bytes into room made for them; two arguments for a call.
    fn put(&mut self, bytes: &[u8]) -> wasmtime::Result<[Val; 2]> {
        let len = i32::try_from(bytes.len())?;
        let ptr = self.call("alloc", &[Val::I32(len)])?;
        self.memory.write(&mut self.store, ptr as usize, bytes)?;
        Ok([Val::I32(ptr as i32), Val::I32(len)])
    }

    fn read(&self, ptr: u64, len: u64) -> &[u8] {
        let (ptr, len) = (ptr as usize, len as usize);
        self.memory.data(&self.store).get(ptr..).and_then(|rest| rest.get(..len)).unwrap_or_default()
    }

    /// Why a guest stopped, in words.
    fn failed(&self, error: wasmtime::Error) -> Error {
        let logs = String::from_utf8_lossy(&self.store.data().logs);
        match error.downcast_ref::<Stop>() {
            Some(Stop::Deadline) => {
                Error::Load(format!("the module ran for more than {} s while loading", LOAD_DEADLINE.as_secs()))
            }
            Some(stop) => Error::Load(format!("{stop} {logs}").trim_end().to_owned()),
            None if self.store.data().exhausted => Error::Load("out of memory while loading; raise memorySize".into()),
            None => Error::Load(format!("{} {logs}", error.root_cause()).trim_end().to_owned()),
        }
    }

    /// The memory as it is, without the dead stack below the stack pointer.
    fn take(&mut self, globals: &[i32], base: Option<(Arc<Image>, &Keep)>) -> Result<Image, Error> {
        for (n, initial) in globals.iter().enumerate() {
            let global = self.instance.get_global(&mut self.store, &split::global_export(n));
            match global.map(|global| global.get(&mut self.store)) {
                Some(Val::I32(now)) if now == *initial => {}
                now => {
                    return Err(Error::Plugin(format!(
                        "mutable global {n} is {now:?} after loading, {initial} before"
                    )));
                }
            }
        }
        // The stack comes first in memory, and grows down from its pointer's initial value.
        let stack = globals.first().map_or(0, |top| *top as usize);
        if let Some(stack) = self.memory.data_mut(&mut self.store).get_mut(..stack) {
            stack.fill(0);
        }
        let memory = self.memory.data(&self.store);
        let image = match base {
            Some((base, keep)) => self.lease.written().and_then(|written| Image::over(base, memory, &written, keep)),
            None => Image::of(memory),
        };
        image.map_err(no_memory)
    }
}

impl Executor {
    /// Turns bundled source (one ES module, or a script) into the engine's bytecode. Blocks for milliseconds.
    ///
    /// # Errors
    /// [`Error::Compile`] with QuickJS's message when the source does not parse.
    pub fn compile(&self, source: &str) -> Result<Vec<u8>, Error> {
        self.during(|| {
            let mut guest = self.loader.start(COMPILE_MEMORY_BYTES)?;
            compile(&mut guest, source).map_err(|error| match error.downcast_ref::<Stop>() {
                Some(Stop::Deadline) => Error::Compile(format!("it takes more than {} s", LOAD_DEADLINE.as_secs())),
                _ if guest.store.data().exhausted => {
                    Error::Compile(format!("it takes more than {} MB of memory", COMPILE_MEMORY_BYTES >> 20))
                }
                _ => Error::Compile(error.root_cause().to_string()),
            })?
        })
    }

    /// Evaluates a function's top level and takes its snapshot. Blocks for milliseconds, at most the load deadline (10 s).
    ///
    /// # Errors
    /// [`Error::Load`] when the top level throws, runs out of time or memory, or exports no handler.
    pub fn load(self: &Arc<Self>, bytecode: &[u8], spec: FunctionSpec) -> Result<Arc<Function>, Error> {
        self.during(|| self.snapshot(bytecode, spec))
    }

    fn snapshot(self: &Arc<Self>, bytecode: &[u8], mut spec: FunctionSpec) -> Result<Arc<Function>, Error> {
        let trace = Trace::new(spec.source_map.take());
        let memory_limit = (spec.memory_mb as usize) << 20;
        if memory_limit > self.describe().max_memory_bytes {
            return Err(Error::Load(format!(
                "memorySize {} MB is more than this edge gives one function ({} MB)",
                spec.memory_mb,
                self.describe().max_memory_bytes >> 20
            )));
        }
        let outlet = Outlet::new(&self.egress, &spec).map_err(|error| Error::Load(format!("allow: {error}")))?;
        let mut guest = self.loader.start(memory_limit)?;
        let options = options(&spec).to_string();
        let loaded = (|| {
            guest.call(
                "limit",
                &[Val::I32(memory_limit.saturating_sub(OVERHEAD_BYTES).min(i32::MAX as usize) as i32)],
            )?;
            let bytecode = guest.put(bytecode)?;
            let options = guest.put(options.as_bytes())?;
            guest.call("load", &[bytecode, options].concat())
        })();
        let result = loaded.map_err(|error| guest.failed(error))?;
        if result & (1 << 31) != 0 {
            let error = guest.read(result >> 32, result & 0x7fff_ffff);
            return Err(Error::Load(trace.headline(error)));
        }
        let image = guest.take(&self.loader.globals, Some((self.loader.base.clone(), &self.loader.keep)))?;
        tracing::debug!(function = spec.name, bytes = image.own_bytes(), "a function's image");
        Ok(Arc::new(Function {
            executor: self.clone(),
            image: Arc::new(image),
            memory_limit,
            running: AtomicU32::new(0),
            trace,
            outlet: Arc::new(outlet),
            spec,
        }))
    }

    /// Keeps epochs ticking while something blocks on a guest.
    fn during<T>(&self, work: impl FnOnce() -> T) -> T {
        self.running.fetch_add(1, Ordering::AcqRel);
        self.wake_clock();
        let result = work();
        self.running.fetch_sub(1, Ordering::AcqRel);
        result
    }
}

/// The bytecode, or what the engine says of the source.
fn compile(guest: &mut Guest, source: &str) -> wasmtime::Result<Result<Vec<u8>, Error>> {
    guest.call("limit", &[Val::I32(COMPILE_MEMORY_BYTES.saturating_sub(OVERHEAD_BYTES) as i32)])?;
    let source_room = guest.put(source.as_bytes())?;
    let (failed, bytes) = if source.starts_with(SCRIPT) {
        let result = guest.call("compile-script", &source_room)?;
        (result & (1 << 31) != 0, guest.read(result >> 32, result & 0x7fff_ffff))
    } else {
        let area = guest.call("compile-src", &source_room)?;
        let word = |n: u64| guest.read(area + n * 4, 4).try_into().map_or(0, u32::from_le_bytes);
        (word(0) != 0, guest.read(word(1).into(), word(2).into()))
    };
    let message = || Error::Compile(String::from_utf8_lossy(bytes).into_owned());
    Ok(if failed { Err(message()) } else { Ok(bytes.to_vec()) })
}

/// What the plugin's `load` wants to know about a function.
fn options(spec: &FunctionSpec) -> serde_json::Value {
    let variable = |name: &str| spec.environment.get(name).map(String::as_str).unwrap_or_default();
    json!({
        "name": spec.name,
        "version": spec.version,
        "memoryMb": spec.memory_mb,
        "edge": variable("SWARMLAMBDA_NODE_NAME"),
        "arn": format!("arn:aws:lambda:{}:000000000000:function:{}", variable("AWS_REGION"), spec.name),
        "environment": spec.environment,
        "tmpBytes": spec.limits.tmp_bytes,
    })
}

//! wasmtime, configured with what was measured (DESIGN §3) and sized from the machine; the plugin's code and its cache.

use crate::{
    Description, Error, ExecutorOptions,
    host::{self, Phase, State},
    load::Loader,
    snapshot::HostImport,
    split::{self, Split},
};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};
use swarmlambda_egress::Egress;
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, Linker, Module, PoolingAllocationConfig};

/// How long a guest computes before others get a turn, and how late a deadline may be noticed.
const TICK: Duration = Duration::from_millis(1);

/// Ticks without an invocation after which the clock stops, so that an idle edge sleeps.
const IDLE_TICKS: u32 = 200;

/// The guest's native stack. QuickJS's own limit (see the plugin) is reached first.
const MAX_STACK_BYTES: usize = 2 << 20;

/// How far into its memory an instance is reset by copying what it dirtied rather than by a system call; the plugin's base
/// and a function's own heap end well below (with 4 MiB, hello took ten times as long).
const KEEP_RESIDENT_BYTES: usize = 16 << 20;

/// Sandboxes at once, and the address space reserved for each, from roomy to small boards (39-bit addresses, RLIMIT_AS).
/// With 4 GiB a guest needs no bounds checks.
const SIZES: [(u32, u64); 5] = [(1_000, 4 << 30), (250, 4 << 30), (250, 512 << 20), (64, 256 << 20), (16, 128 << 20)];

/// The engine: the compiled plugin, the pool of sandboxes, the clock that interrupts them.
pub struct Executor {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
    /// The plugin's code, importing its memory.
    pub(crate) code: Module,
    /// Its function imports, in order; the memory comes last.
    pub(crate) imports: Vec<HostImport>,
    pub(crate) loader: Loader,
    /// The functions' way out.
    pub(crate) egress: Arc<Egress>,
    pub(crate) running: AtomicU32,
    description: Description,
    clock: Arc<Clock>,
    ticker: Option<thread::JoinHandle<()>>,
}

struct Clock {
    asleep: AtomicBool,
    stop: AtomicBool,
}

impl Executor {
    /// Compiles (or takes from the cache) the plugin and reserves the pool. Blocks for up to a few seconds the first time.
    ///
    /// # Errors
    /// [`Error::Plugin`] for a plugin that isn't ours, [`Error::Engine`] when not even the smallest pool fits.
    pub fn open(plugin: &[u8], options: ExecutorOptions) -> Result<Arc<Self>, Error> {
        let Split { code, data, memory, globals } = split::split(plugin)?;
        let (engine, slots, reservation) = reserve(&options)?;
        let loading = Engine::new(&config(reservation)).map_err(engine_error)?;
        let digest = hex(&Sha256::digest(plugin));
        let (native, from_cache) = native_code(&engine, &code, &digest, options.cache.as_deref())?;
        // SAFETY: `native` is what `native_code` compiled, or wrote earlier and found unchanged; engines share their settings.
        let (code, loader_code) = unsafe {
            (
                Module::deserialize(&engine, &native).map_err(engine_error)?,
                Module::deserialize(&loading, &native).map_err(engine_error)?,
            )
        };
        let imports = imports_of(&code)?;
        let loader = Loader::new(loading, loader_code, &imports, data, memory, globals)?;
        let linker = host::linker(&engine, Phase::Invoke).map_err(engine_error)?;
        let egress =
            Egress::open().map_err(|error| Error::Engine(format!("no thread for requests of functions: {error}")))?;
        let egress = Arc::new(egress);
        let clock = Arc::new(Clock { asleep: AtomicBool::new(true), stop: AtomicBool::new(false) });
        let executor = Arc::new_cyclic(|executor: &std::sync::Weak<Self>| {
            let (weak, shared, engines) = (executor.clone(), clock.clone(), [engine.clone(), loader.engine().clone()]);
            let ticker =
                thread::Builder::new().name("executor-clock".into()).spawn(move || tick(&weak, &shared, &engines)).ok();
            Self {
                description: Description {
                    plugin_digest: digest,
                    slots,
                    max_memory_bytes: max_memory(&options, reservation),
                    reservation_bytes: reservation,
                    pagemap_scan: PoolingAllocationConfig::is_pagemap_scan_available(),
                    from_cache,
                },
                engine,
                linker,
                code,
                imports,
                loader,
                egress,
                running: AtomicU32::new(0),
                clock,
                ticker,
            }
        });
        if executor.ticker.is_none() {
            return Err(Error::Engine("no thread for the clock".into()));
        }
        Ok(executor)
    }

    /// What was chosen for this machine.
    pub fn describe(&self) -> Description {
        self.description.clone()
    }

    pub(crate) fn describe_slots(&self) -> u32 {
        self.description.slots
    }

    /// Makes sure that epochs tick while something runs.
    pub(crate) fn wake_clock(&self) {
        if self.clock.asleep.load(Ordering::Relaxed)
            && self.clock.asleep.swap(false, Ordering::AcqRel)
            && let Some(ticker) = &self.ticker
        {
            ticker.thread().unpark();
        }
    }
}

impl Drop for Executor {
    fn drop(&mut self) {
        self.clock.stop.store(true, Ordering::Release);
        if let Some(ticker) = self.ticker.take() {
            ticker.thread().unpark();
        }
    }
}

/// Advances the epoch of both engines while anything runs.
fn tick(executor: &std::sync::Weak<Executor>, clock: &Clock, engines: &[Engine; 2]) {
    let mut idle = 0;
    while !clock.stop.load(Ordering::Acquire) {
        if clock.asleep.load(Ordering::Acquire) {
            thread::park();
            idle = 0;
            continue;
        }
        thread::sleep(TICK);
        engines.iter().for_each(Engine::increment_epoch);
        let running = executor.upgrade().map_or(0, |executor| executor.running.load(Ordering::Acquire));
        idle = if running == 0 { idle + 1 } else { 0 };
        if idle > IDLE_TICKS {
            clock.asleep.store(true, Ordering::Release);
            // Somebody may have started between the look and the store.
            if executor.upgrade().is_some_and(|executor| executor.running.load(Ordering::Acquire) > 0) {
                clock.asleep.store(false, Ordering::Release);
            }
        }
    }
}

fn max_memory(options: &ExecutorOptions, reservation: u64) -> usize {
    options.max_memory_bytes.unwrap_or(usize::MAX).min(reservation as usize)
}

/// The largest pool that this machine's address space has room for.
fn reserve(options: &ExecutorOptions) -> Result<(Engine, u32, u64), Error> {
    let mut refused = String::new();
    for (slots, reservation) in SIZES {
        let slots = options.slots.unwrap_or(slots);
        let mut pooled = config(reservation);
        pooled.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(slots, max_memory(options, reservation))));
        match Engine::new(&pooled) {
            Ok(engine) => return Ok((engine, slots, reservation)),
            Err(error) => refused = format!("{slots} sandboxes of {} MiB: {error:#}", reservation >> 20),
        }
    }
    Err(Error::Engine(format!("no room for a pool, not even for {refused}")))
}

fn pool(slots: u32, max_memory: usize) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    // An invocation is two instances: the memory and the code.
    pool.total_core_instances(slots * 2)
        .total_memories(slots)
        .total_tables(slots)
        .total_stacks(slots)
        .max_memories_per_module(1)
        .max_tables_per_module(1)
        .table_elements(host::MAX_TABLE_ELEMENTS)
        .max_core_instance_size(1 << 20)
        .max_memory_size(max_memory)
        .max_unused_warm_slots(slots)
        .linear_memory_keep_resident(KEEP_RESIDENT_BYTES)
        .table_keep_resident(1 << 20)
        .async_stack_keep_resident(0);
    if PoolingAllocationConfig::is_pagemap_scan_available() {
        pool.pagemap_scan(Enabled::Yes);
    }
    pool
}

/// What both engines share; native code made for one runs in the other.
fn config(reservation: u64) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .memory_init_cow(true)
        .memory_reservation(reservation)
        .memory_may_move(false)
        .max_wasm_stack(MAX_STACK_BYTES)
        .async_stack_size(MAX_STACK_BYTES + (1 << 20))
        .async_stack_zeroing(false)
        .wasm_backtrace_max_frames(None);
    config
}

/// The plugin's native code: from the cache when it was made there by this very engine, else compiled and kept.
fn native_code(engine: &Engine, code: &[u8], digest: &str, cache: Option<&Path>) -> Result<(Vec<u8>, bool), Error> {
    let Some(folder) = cache else { return Ok((engine.precompile_module(code).map_err(engine_error)?, false)) };
    let settings = {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    };
    let file = folder.join(format!("plugin-{}-{settings:016x}.cwasm", &digest[..16]));
    if let Ok(kept) = fs::read(&file)
        && let Some((sum, native)) = kept.split_at_checked(32)
        && *Sha256::digest(native) == *sum
    {
        return Ok((native.to_vec(), true));
    }
    let native = engine.precompile_module(code).map_err(engine_error)?;
    let mut kept = Sha256::digest(&native).to_vec();
    kept.extend_from_slice(&native);
    // Several edges may share the folder: each writes a file of its own, the last rename wins. A cache that can't be written
    // costs the next start some seconds, no more.
    let fresh = folder.join(format!(".plugin-{}-{:x}", std::process::id(), fastrand::u64(..)));
    if let Err(error) =
        fs::create_dir_all(folder).and_then(|()| fs::write(&fresh, kept)).and_then(|()| fs::rename(&fresh, &file))
    {
        tracing::warn!(folder = %folder.display(), %error, "the plugin's native code is not kept");
    }
    Ok((native, false))
}

fn imports_of(code: &Module) -> Result<Vec<HostImport>, Error> {
    let mut imports = Vec::new();
    for import in code.imports() {
        match import.ty().func() {
            Some(ty) => {
                imports.push(HostImport { module: import.module().into(), name: import.name().into(), ty: ty.clone() })
            }
            None if import.name() == split::MEMORY_IMPORT.1 => {}
            None => return Err(Error::Plugin(format!("it imports {} which is not a function", import.name()))),
        }
    }
    Ok(imports)
}

pub(crate) fn engine_error(error: wasmtime::Error) -> Error {
    Error::Engine(format!("{error:#}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

//! wasmtime, configured with what was measured (DESIGN §3) and sized from the machine; the plugin's code and its cache.

use crate::{
    Description, Error, ExecutorOptions,
    host::{self, Phase, State},
    keep::Keep,
    load::Loader,
    slots::Pool,
    split::{self, Split},
    wasm_memory::{Memories, Stacks},
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
    time::{Duration, Instant},
};
use swarmlambda_egress::Egress;
use wasmtime::{Config, Engine, InstancePre, Module, ModuleExport};

/// How long a guest computes before others get a turn, and how late a deadline may be noticed.
const TICK: Duration = Duration::from_millis(1);

/// Ticks without an invocation after which the clock stops, so that an idle edge sleeps.
const IDLE_TICKS: u32 = 200;

/// How often memories are looked for that nobody used since the last two times.
const SWEEP: Duration = Duration::from_secs(60);

/// How many of them are given back between two ticks.
const SWEPT_AT_ONCE: usize = 8;

/// The guest's native stack. QuickJS's own limit (see the plugin) is reached first.
const MAX_STACK_BYTES: usize = 8 << 20;

/// Inaccessible addresses behind each memory: a guest's address and a constant offset end there at the latest.
const GUARD_BYTES: u64 = 32 << 20;

/// Sandboxes at once, and the address space reserved for each, from roomy to small boards (39-bit addresses, RLIMIT_AS).
/// With 4 GiB a guest needs no bounds checks.
const SIZES: [(u32, u64); 5] = [(1_000, 4 << 30), (250, 4 << 30), (250, 512 << 20), (64, 256 << 20), (16, 128 << 20)];

/// The engine: the compiled plugin, the pool of sandboxes, the clock that interrupts them.
pub struct Executor {
    pub(crate) engine: Engine,
    /// The plugin's code, ready to be given a memory.
    pub(crate) plugin: InstancePre<State>,
    pub(crate) calls: Calls,
    pub(crate) loader: Loader,
    /// The memories.
    pub(crate) pool: Arc<Pool>,
    /// The functions' way out.
    pub(crate) egress: Arc<Egress>,
    pub(crate) running: AtomicU32,
    description: Description,
    clock: Arc<Clock>,
    ticker: Option<thread::JoinHandle<()>>,
}

/// What an invocation calls in the plugin.
pub(crate) struct Calls {
    pub call: ModuleExport,
    pub alloc: ModuleExport,
    pub memory: ModuleExport,
    /// Address of the plugin's input buffer, 64 KiB.
    pub input: usize,
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
        let Split { code, data, globals } = split::split(plugin)?;
        let (engine, pool, slots, reservation) = reserve(&options)?;
        let digest = hex(&Sha256::digest(plugin));
        let (native, from_cache) = native_code(&engine, &code, options.cache.as_deref())?;
        // SAFETY: `native` is what `native_code` compiled, or wrote earlier and found unchanged.
        let code = unsafe { Module::deserialize(&engine, &native).map_err(engine_error)? };
        let export =
            |name: &str| code.get_export_index(name).ok_or_else(|| Error::Plugin(format!("it exports no {name}")));
        let (call, alloc, memory) = (export("call")?, export("alloc")?, export("memory")?);
        let prepare = |phase| {
            let linker = host::linker(&engine, phase)?;
            linker.instantiate_pre(&code)
        };
        let plugin = prepare(Phase::Invoke).map_err(engine_error)?;
        let keep = Keep::new(options.cache.clone(), options.image_bytes.unwrap_or(usize::MAX));
        let loading = prepare(Phase::Load).map_err(engine_error)?;
        let (loader, input) = Loader::new(loading, pool.clone(), &data, globals, keep)?;
        let egress =
            Egress::open().map_err(|error| Error::Engine(format!("no thread for requests of functions: {error}")))?;
        let egress = Arc::new(egress);
        let clock = Arc::new(Clock { asleep: AtomicBool::new(true), stop: AtomicBool::new(false) });
        let executor = Arc::new_cyclic(|executor: &std::sync::Weak<Self>| {
            let (weak, shared, ticking) = (executor.clone(), clock.clone(), engine.clone());
            let ticker =
                thread::Builder::new().name("executor-clock".into()).spawn(move || tick(&weak, &shared, &ticking)).ok();
            Self {
                description: Description {
                    plugin_digest: digest,
                    slots,
                    max_memory_bytes: max_memory(&options, reservation),
                    reservation_bytes: reservation,
                    pagemap_scan: pool.scans(),
                    from_cache,
                },
                engine,
                plugin,
                calls: Calls { call, alloc, memory, input },
                loader,
                pool,
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

/// Advances the epoch while anything runs.
fn tick(executor: &std::sync::Weak<Executor>, clock: &Clock, engine: &Engine) {
    let (mut idle, mut swept, mut sweeping) = (0, Instant::now(), false);
    while !clock.stop.load(Ordering::Acquire) {
        if let Some(executor) = executor.upgrade()
            && (sweeping || swept.elapsed() >= SWEEP)
        {
            if !sweeping {
                swept = Instant::now();
                executor.pool.begin_sweep();
            }
            sweeping = executor.pool.sweep(SWEPT_AT_ONCE);
        }
        if clock.asleep.load(Ordering::Acquire) {
            thread::park_timeout(if sweeping { TICK } else { SWEEP });
            idle = 0;
            continue;
        }
        thread::sleep(TICK);
        engine.increment_epoch();
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
fn reserve(options: &ExecutorOptions) -> Result<(Engine, Arc<Pool>, u32, u64), Error> {
    let mut refused = String::new();
    for (slots, reservation) in SIZES {
        let slots = options.slots.unwrap_or(slots);
        match Pool::new(slots, (reservation + GUARD_BYTES) as usize) {
            Ok(pool) => {
                let engine = Engine::new(&config(reservation, options)).map_err(engine_error)?;
                return Ok((engine, pool, slots, reservation));
            }
            Err(error) => refused = format!("{slots} sandboxes of {} MiB: {error}", reservation >> 20),
        }
    }
    Err(Error::Engine(format!("no room for a pool, not even for {refused}")))
}

fn config(reservation: u64, options: &ExecutorOptions) -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .memory_reservation(reservation)
        .memory_guard_size(GUARD_BYTES)
        .memory_may_move(false)
        .with_host_memory(Arc::new(Memories { capacity: max_memory(options, reservation) }))
        .with_host_stack(Arc::new(Stacks::default()))
        .max_wasm_stack(MAX_STACK_BYTES)
        .async_stack_size(MAX_STACK_BYTES + (1 << 20))
        .async_stack_zeroing(false)
        .wasm_backtrace_max_frames(None);
    config
}

/// The plugin's native code: from the cache when it was made there by this very engine, else compiled and kept.
fn native_code(engine: &Engine, code: &[u8], cache: Option<&Path>) -> Result<(Vec<u8>, bool), Error> {
    let Some(folder) = cache else { return Ok((compile(engine, code)?, false)) };
    let settings = {
        use std::hash::{DefaultHasher, Hash, Hasher};
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        hasher.finish()
    };
    let file = folder.join(format!("plugin-{}-{settings:016x}.cwasm", hex(&Sha256::digest(code)[..8])));
    if let Ok(kept) = fs::read(&file)
        && let Some((sum, native)) = kept.split_at_checked(32)
        && *Sha256::digest(native) == *sum
    {
        return Ok((native.to_vec(), true));
    }
    let native = compile(engine, code)?;
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

/// Some seconds.
fn compile(engine: &Engine, code: &[u8]) -> Result<Vec<u8>, Error> {
    split::check(code)?;
    engine.precompile_module(code).map_err(engine_error)
}

pub(crate) fn engine_error(error: wasmtime::Error) -> Error {
    Error::Engine(format!("{error:#}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

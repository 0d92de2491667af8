//! `NativeEdge`: an engine, a gateway, and at most one listener.

use std::{
    num::NonZero,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::available_parallelism,
    time::Duration,
};

use napi::bindgen_prelude::{Buffer, spawn_blocking};
use napi_derive::napi;
use swarmlambda_executor::{Executor, ExecutorOptions, Function};
use swarmlambda_server::{Gateway, Health, Https, Limits, Listen, Server};
use tracing_subscriber::filter::LevelFilter;

use crate::{
    callbacks::{OnControl, OnMiss, host},
    convert::{to_bytes, to_origin},
    dto,
    error::{Failure, Settled},
};

/// An edge's engine and HTTP server. Opened once in a process; closed for good.
#[napi]
pub struct NativeEdge(Arc<Inner>);

struct Inner {
    executor: Arc<Executor>,
    gateway: Arc<Gateway>,
    threads: u32,
    state: Mutex<State>,
    checked: Mutex<Option<Checked>>,
}

/// What was checked last. A deploy is checked, published, then loaded like everywhere else: loading it here takes this.
struct Checked {
    module: Vec<u8>,
    function: Arc<Function>,
}

enum State {
    Open,
    Listening(Server),
    Closed,
}

#[napi]
impl NativeEdge {
    /// Opens the engine, off JavaScript's thread. Up to a few seconds the first time on a machine.
    #[napi(ts_return_type = "Promise<NativeEdge>")]
    pub async fn open(options: dto::EdgeOptions) -> napi::Result<Settled<NativeEdge>> {
        Ok(Settled(blocking(move || open(options)).await.map(NativeEdge)))
    }

    #[napi(catch_unwind)]
    pub fn info(&self) -> dto::EngineInfo {
        let description = self.0.executor.describe();
        dto::EngineInfo {
            plugin_digest: description.plugin_digest,
            slots: description.slots,
            max_memory_mb: u32::try_from(description.max_memory_bytes >> 20).unwrap_or(u32::MAX),
            reservation_bytes: description.reservation_bytes as f64,
            pagemap_scan: description.pagemap_scan,
            from_cache: description.from_cache,
            threads: self.0.threads,
        }
    }

    /// Turns bundled source (one ES module that exports `handler`) into a WebAssembly module.
    #[napi(ts_return_type = "Promise<Buffer>")]
    pub async fn compile(&self, source: String) -> napi::Result<Settled<Buffer>> {
        let inner = Arc::clone(&self.0);
        let compile = move || {
            inner.open()?;
            Ok(Buffer::from(swarmlambda_compiler::compile(&inner.executor, &source)?))
        };
        Ok(Settled(blocking(compile).await))
    }

    /// Loads the function without serving it: a deploy's validation. `LOAD`: `file:line:column: message`.
    #[napi(ts_return_type = "Promise<void>")]
    pub async fn check(&self, spec: dto::FunctionSpec, module: Buffer) -> napi::Result<Settled<()>> {
        let inner = Arc::clone(&self.0);
        let check = move || {
            let function = inner.load(spec, &module)?;
            *inner.checked() = Some(Checked { module: module.to_vec(), function });
            Ok(())
        };
        Ok(Settled(blocking(check).await))
    }

    /// Loads the function, then serves it in the place of the one of its name.
    #[napi(ts_return_type = "Promise<void>")]
    pub async fn load(&self, spec: dto::FunctionSpec, module: Buffer) -> napi::Result<Settled<()>> {
        let inner = Arc::clone(&self.0);
        let load = move || {
            let function = inner.load(spec, &module)?;
            inner.gateway.put(function);
            Ok(())
        };
        Ok(Settled(blocking(load).await))
    }

    /// Whether there was such a function. Invocations that run finish.
    #[napi(catch_unwind)]
    pub fn unload(&self, name: String) -> bool {
        self.0.gateway.remove(&name)
    }

    /// Which versions aliases mean: all of them, in the place of those before.
    #[napi(catch_unwind)]
    pub fn set_aliases(&self, aliases: Vec<dto::Alias>) {
        self.0.gateway.set_aliases(aliases.into_iter().map(Into::into).collect());
    }

    /// Invokes a function on this edge and on no other; `absent` when it isn't loaded.
    #[napi(ts_return_type = "Promise<Outcome>")]
    pub async fn invoke(&self, mut request: dto::InvokeRequest) -> napi::Result<Settled<dto::Outcome>> {
        if let Err(closed) = self.0.open() {
            return Ok(Settled(Err(closed)));
        }
        let gateway = Arc::clone(&self.0.gateway);
        let (name, origin) = (request.name.clone(), to_origin(request.origin.take()));
        Ok(Settled(Ok(gateway.invoke(&name, request.into(), origin).await.into())))
    }

    /// Whether traces are collected: invocations whose caller samples them are kept then.
    #[napi(catch_unwind)]
    pub fn set_traced(&self, traced: bool) {
        self.0.gateway.set_traced(traced);
    }

    /// The latest invocations of this edge: all that failed, moved, logged or asked for it, and samples of the rest.
    #[napi(catch_unwind)]
    pub fn recent(&self, query: dto::RecentQuery) -> dto::RecentPage {
        self.0.gateway.recent(&query.into()).into()
    }

    /// How long the functions took that were ever invoked here.
    #[napi(catch_unwind)]
    pub fn latencies(&self) -> Vec<dto::FunctionLatency> {
        self.0.gateway.latencies().into_iter().map(Into::into).collect()
    }

    /// The number of a response's body that is written piece by piece; `null`: there are too many.
    #[napi(catch_unwind)]
    pub fn open_stream(&self) -> Option<u32> {
        self.0.gateway.open_stream()
    }

    /// Whether somebody still reads it; if not, it is over.
    #[napi(catch_unwind)]
    pub fn write_stream(&self, id: u32, bytes: Buffer) -> bool {
        self.0.gateway.write_stream(id, to_bytes(&bytes))
    }

    #[napi(catch_unwind)]
    pub fn end_stream(&self, id: u32) {
        self.0.gateway.end_stream(id);
    }

    /// Serves HTTP; resolves with the ports when it accepts connections. Once in an edge's life.
    #[napi(
        ts_args_type = "options: ListenOptions, onMiss: (request: MissRequest) => Promise<MissResponse>, onControl: (request: ControlRequest) => Promise<ControlResponse>",
        ts_return_type = "Promise<Listening>"
    )]
    pub async fn listen(
        &self,
        options: dto::ListenOptions,
        on_miss: OnMiss,
        on_control: OnControl,
    ) -> napi::Result<Settled<dto::Listening>> {
        let inner = Arc::clone(&self.0);
        Ok(Settled(blocking(move || inner.listen(options, on_miss, on_control)).await))
    }

    /// Which function URLs and routes there are, all of them: JSON (crates/server/src/web/sites.rs).
    #[napi(catch_unwind)]
    pub fn set_sites(&self, json: String) -> Result<(), napi::Error<String>> {
        self.0.gateway.set_sites(&json).map_err(|error| Failure::from(error).into_error())
    }

    /// Replaces the certificates of HTTPS. `CERTIFICATE`: one is malformed, and all stay as they were.
    #[napi(catch_unwind)]
    pub fn set_certificates(&self, certificates: Vec<dto::Certificate>) -> Result<(), napi::Error<String>> {
        let certificates: Vec<_> = certificates.into_iter().map(Into::into).collect();
        self.0.gateway.set_certificates(&certificates).map_err(|error| Failure::from(error).into_error())
    }

    /// Replaces the UI's files.
    #[napi(catch_unwind)]
    pub fn set_assets(&self, assets: Vec<dto::Asset>) -> Result<(), napi::Error<String>> {
        let assets = assets.into_iter().map(Into::into).collect();
        self.0.gateway.set_assets(assets).map_err(|error| Failure::from(error).into_error())
    }

    /// The body of `GET /cluster`, and a `snapshot` event of `GET /events`.
    #[napi(catch_unwind)]
    pub fn set_snapshot(&self, json: String) {
        self.0.gateway.set_snapshot(&json);
    }

    /// Sends an event to the listeners of `GET /events`.
    #[napi(catch_unwind)]
    pub fn publish(&self, event: String, json: String) {
        self.0.gateway.publish(&event, &json);
    }

    /// What `GET /healthz` says.
    #[napi(catch_unwind, ts_args_type = "status: 'starting' | 'ok' | 'draining' | 'stopping'")]
    pub fn set_health(&self, status: String) {
        self.0.gateway.set_health(Health::parse(&status).unwrap_or(Health::Starting));
    }

    #[napi(catch_unwind)]
    pub fn stats(&self) -> dto::Stats {
        self.0.gateway.stats().into()
    }

    /// Stops accepting, lets what runs finish for at most so long, then drops it.
    #[napi(ts_return_type = "Promise<void>")]
    pub async fn close(&self, grace_ms: u32) -> napi::Result<Settled<()>> {
        let inner = Arc::clone(&self.0);
        let close = move || {
            let state = std::mem::replace(&mut *inner.state(), State::Closed);
            if let State::Listening(server) = state {
                server.close(Duration::from_millis(grace_ms.into()));
            }
            Ok(())
        };
        Ok(Settled(blocking(close).await))
    }
}

fn open(options: dto::EdgeOptions) -> Result<Arc<Inner>, Failure> {
    // Warnings of the Rust side, beside the host's own log on stderr. A second edge in the process finds it set.
    let _ = tracing_subscriber::fmt().with_max_level(LevelFilter::WARN).with_writer(std::io::stderr).try_init();
    let executor_options = ExecutorOptions {
        slots: options.slots,
        max_memory_bytes: options.max_memory_mb.map(|mb| (mb as usize) << 20),
        cache: options.cache_dir.map(PathBuf::from),
        image_bytes: options.image_memory_mb.map(|mb| (mb as usize) << 20),
    };
    let executor = Executor::open(&options.plugin, executor_options)?;
    let cores = available_parallelism().map_or(1, NonZero::get);
    let threads = options.threads.unwrap_or_else(|| u32::try_from(cores).unwrap_or(1)).max(1);
    let sandboxes = executor.describe().slots as usize;
    let standard = Limits::default();
    let max_connections = options.max_connections.map_or(standard.max_connections, |most| most as usize);
    let limits = Limits { max_connections, sandboxes, peer_threads: threads as usize, ..standard };
    let gateway = Gateway::new(&options.edge, &options.region, limits)?;
    Ok(Arc::new(Inner { executor, gateway, threads, state: Mutex::new(State::Open), checked: Mutex::new(None) }))
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn checked(&self) -> MutexGuard<'_, Option<Checked>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails when the edge is closed.
    fn open(&self) -> Result<(), Failure> {
        if matches!(*self.state(), State::Closed) { Err(Failure::closed()) } else { Ok(()) }
    }

    fn load(&self, spec: dto::FunctionSpec, module: &[u8]) -> Result<Arc<Function>, Failure> {
        self.open()?;
        let bytecode = swarmlambda_compiler::bytecode(module)?;
        let spec = spec.into();
        if let Some(checked) = self.checked().take()
            && checked.module == module
            && *checked.function.spec() == spec
        {
            return Ok(checked.function);
        }
        Ok(self.executor.load(bytecode, spec)?)
    }

    fn listen(
        &self,
        options: dto::ListenOptions,
        on_miss: OnMiss,
        on_control: OnControl,
    ) -> Result<dto::Listening, Failure> {
        let mut state = self.state();
        match *state {
            State::Open => {}
            State::Listening(_) => return Err(Failure::new("LISTEN", "the edge listens already")),
            State::Closed => return Err(Failure::closed()),
        }
        let listen = to_listen(options)?;
        let host = host(on_miss, on_control);
        let server = Server::listen(Arc::clone(&self.gateway), host, &listen, self.threads as usize)?;
        let https_port = server.https_address().map(|address| address.port().into());
        let listening = dto::Listening { port: server.address().port().into(), https_port };
        *state = State::Listening(server);
        Ok(listening)
    }
}

fn to_listen(dto::ListenOptions { host, port, https }: dto::ListenOptions) -> Result<Listen, Failure> {
    let https = https.map(|dto::HttpsOptions { host, port, redirect, hsts }| {
        Ok::<_, Failure>(Https { address: resolve(&host, port)?, redirect, hsts })
    });
    Ok(Listen { http: resolve(&host, port)?, https: https.transpose()? })
}

fn resolve(host: &str, port: u32) -> Result<std::net::SocketAddr, Failure> {
    use std::net::ToSocketAddrs;
    let failed = |reason: String| Failure::new("LISTEN", format!("cannot listen on {host}:{port}: {reason}"));
    let port = u16::try_from(port).map_err(|_| failed("a port is 0 to 65535".to_owned()))?;
    let mut addresses = (host, port).to_socket_addrs().map_err(|error| failed(error.to_string()))?;
    addresses.next().ok_or_else(|| failed("the name has no address".to_owned()))
}

/// Runs what blocks on a thread of its own. Loading a function takes several times its size for a moment; what is free
/// afterwards goes back to the system now, as nothing may happen on that thread for hours.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    let work = || {
        let result = work();
        crate::give_back();
        result
    };
    let result = spawn_blocking(work).await;
    result.unwrap_or_else(|error| Err(Failure::new("ENGINE", format!("the engine failed: {error}"))))
}

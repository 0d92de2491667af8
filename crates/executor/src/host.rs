//! What a guest can ask of the host, and what the host keeps about one instance.

use crate::{
    MAX_STREAM_BYTES, Part,
    fetch::{Fetches, Outlet},
};
use bytes::Bytes;
use std::{
    sync::Arc,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};
use tokio::sync::mpsc;
use wasmtime::{Caller, Engine, Extern, Linker, Memory, ResourceLimiter};

/// The plugin's table of functions; guests have no way to grow it.
pub const MAX_TABLE_ELEMENTS: usize = 8_192;

/// WASI's errno for a bad descriptor: a function has no files.
const BADF: i32 = 8;

/// Of the two kinds of `write`, the one that is not bytes of the body.
const HEAD: u32 = 0;
/// What is sent on at once; the host keeps a few of them for a client that is slow.
const PART_BYTES: u32 = 64 << 10;

const LEVELS: [&str; 5] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR"];

/// What makes a guest stop before it is done.
#[derive(Debug, Clone, Copy, thiserror::Error)]
pub enum Stop {
    #[error("the deadline passed")]
    Deadline,
    /// An exit code, or 256 and a signal.
    #[error("the function exited")]
    Exit(u32),
    #[error("the client went away")]
    Gone,
    #[error("the streamed response is too large")]
    StreamTooLarge,
}

/// One instance's share of the host.
pub struct State {
    pub deadline: Instant,
    pub request_id: String,
    pub logs: Vec<u8>,
    /// The most memory it may have, bytes.
    pub memory_limit: usize,
    /// It asked for more.
    pub exhausted: bool,
    log_limit: usize,
    /// Where a streamed response goes.
    stream: Option<mpsc::Sender<Part>>,
    streamed_bytes: u64,
    /// `None`: it may not ask for anything outside.
    outlet: Option<Arc<Outlet>>,
    /// Made with the first request.
    fetches: Option<Box<Fetches>>,
    random: fastrand::Rng,
}

impl State {
    pub fn new(
        request_id: String,
        deadline: Instant,
        memory_limit: usize,
        log_limit: usize,
        outlet: Option<Arc<Outlet>>,
    ) -> Self {
        Self {
            deadline,
            request_id,
            logs: Vec::new(),
            memory_limit,
            exhausted: false,
            log_limit,
            stream: None,
            streamed_bytes: 0,
            outlet,
            fetches: None,
            random: fastrand::Rng::new(),
        }
    }

    /// The same, with somebody who takes the response as it is produced.
    pub fn streaming(self, stream: Option<mpsc::Sender<Part>>) -> Self {
        Self { stream, ..self }
    }

    /// Lets go of everything outside: who reads a stream shall see its end.
    pub fn end(&mut self) {
        (self.stream, self.outlet, self.fetches) = (None, None, None);
    }

    /// A number for the guest's `Math.random`.
    pub fn seed(&mut self) -> u64 {
        self.random.u64(..)
    }

    fn log(&mut self, level: &str, text: &[u8]) {
        const CUT: &str = "[console output cut: limits.logBytes]\n";
        let max = self.log_limit;
        if self.logs.len() >= max {
            return;
        }
        let room = max - self.logs.len();
        // Not more of it than can be kept, and so much more that the line below is too long.
        let text = String::from_utf8_lossy(&text[..text.len().min(room + 4)]);
        let line =
            format!("{}\t{}\t{level}\t{text}\n", humantime::format_rfc3339_millis(SystemTime::now()), self.request_id);
        if line.len() <= room {
            self.logs.extend_from_slice(line.as_bytes());
        } else {
            self.logs.extend_from_slice(&line.as_bytes()[..line.floor_char_boundary(room)]);
            self.logs.resize(max, b'\n');
            self.logs.extend_from_slice(CUT.as_bytes());
        }
    }
}

impl ResourceLimiter for State {
    fn memory_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let fits = desired <= self.memory_limit;
        self.exhausted |= !fits;
        Ok(fits)
    }

    fn table_growing(&mut self, _current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= MAX_TABLE_ELEMENTS)
    }
}

/// Whether a guest may wait for timers: it may when invoked, not while it loads.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Load,
    Invoke,
}

/// Everything the plugin imports.
pub fn linker(engine: &Engine, phase: Phase) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    let ours = "swarmlambda";
    linker.func_wrap(
        ours,
        "log",
        |mut caller: Caller<'_, State>, level: u32, ptr: u32, len: u32| -> wasmtime::Result<()> {
            let (bytes, state) = view(&mut caller)?;
            state.log(LEVELS.get(level as usize).unwrap_or(&"INFO"), range(bytes, ptr, len)?);
            Ok(())
        },
    )?;
    linker.func_wrap(ours, "remaining", |caller: Caller<'_, State>| -> f64 {
        caller.data().deadline.saturating_duration_since(Instant::now()).as_secs_f64() * 1e3
    })?;
    match phase {
        Phase::Load => {
            // Loading has a thread to itself.
            linker.func_wrap(ours, "sleep", |caller: Caller<'_, State>, ms: f64| -> wasmtime::Result<()> {
                let left = caller.data().deadline.saturating_duration_since(Instant::now());
                let wanted = milliseconds(ms);
                std::thread::sleep(wanted.min(left));
                if wanted > left { Err(Stop::Deadline.into()) } else { Ok(()) }
            })?
        }
        Phase::Invoke => linker.func_wrap_async(ours, "sleep", |caller: Caller<'_, State>, (ms,): (f64,)| {
            let deadline = caller.data().deadline;
            Box::new(async move {
                let now = Instant::now();
                let until = now + milliseconds(ms);
                tokio::time::sleep_until(until.min(deadline).into()).await;
                if until > deadline { Err(wasmtime::Error::from(Stop::Deadline)) } else { Ok(()) }
            })
        })?,
    };
    linker.func_wrap(ours, "exit", |code: u32| -> wasmtime::Result<()> { Err(Stop::Exit(code).into()) })?;
    streaming(&mut linker, phase)?;
    requests(&mut linker, phase)?;
    wasi(&mut linker)?;
    Ok(linker)
}

/// The plugin's `write`: a part of a streamed response. It waits for a client that is slower than the function.
fn streaming(linker: &mut Linker<State>, phase: Phase) -> wasmtime::Result<()> {
    let (ours, name) = ("swarmlambda", "write");
    match phase {
        Phase::Load => linker.func_wrap(ours, name, |_: u32, _: u32, _: u32| 0u32)?,
        Phase::Invoke => {
            linker.func_wrap_async(ours, name, |mut caller: Caller<'_, State>, (kind, ptr, len): (u32, u32, u32)| {
                Box::new(async move {
                    let Some(stream) = caller.data().stream.clone() else { return Ok(0) };
                    let deadline = caller.data().deadline;
                    caller.data_mut().streamed_bytes += u64::from(len);
                    if caller.data().streamed_bytes > MAX_STREAM_BYTES {
                        return Err(Stop::StreamTooLarge.into());
                    }
                    let mut sent = 0;
                    while sent < len || (sent == 0 && kind == HEAD) {
                        let size = if kind == HEAD { len } else { (len - sent).min(PART_BYTES) };
                        let (bytes, _) = view(&mut caller)?;
                        let content = Bytes::copy_from_slice(range(bytes, ptr.saturating_add(sent), size)?);
                        let part = if kind == HEAD { Part::Head(content) } else { Part::Data(content) };
                        match tokio::time::timeout_at(deadline.into(), stream.send(part)).await {
                            Ok(Ok(())) => sent += size,
                            Ok(Err(_)) => return Err(Stop::Gone.into()),
                            Err(_) => return Err(wasmtime::Error::from(Stop::Deadline)),
                        }
                    }
                    Ok(1u32)
                })
            })?
        }
    };
    Ok(())
}

/// The plugin's `fetch`: see [`Fetches`].
fn requests(linker: &mut Linker<State>, phase: Phase) -> wasmtime::Result<()> {
    let ours = "swarmlambda";
    linker.func_wrap(
        ours,
        "begin",
        |mut caller: Caller<'_, State>, ptr: u32, len: u32, body: u32, body_len: u32| -> wasmtime::Result<u32> {
            let (bytes, state) = view(&mut caller)?;
            let (described, body) = (range(bytes, ptr, len)?, range(bytes, body, body_len)?);
            let Some(outlet) = &state.outlet else { return Ok(0) };
            let fetches = state.fetches.get_or_insert_with(|| Box::new(Fetches::new(outlet.clone())));
            Ok(fetches.begin(described, body))
        },
    )?;
    linker.func_wrap(ours, "ask", |mut caller: Caller<'_, State>, id: u32| {
        if let Some(fetches) = &mut caller.data_mut().fetches {
            fetches.ask(id);
        }
    })?;
    linker.func_wrap(ours, "cancel", |mut caller: Caller<'_, State>, id: u32| {
        if let Some(fetches) = &mut caller.data_mut().fetches {
            fetches.cancel(id);
        }
    })?;
    linker.func_wrap(ours, "event_len", |caller: Caller<'_, State>, id: u32| -> u32 {
        caller.data().fetches.as_ref().map_or(0, |fetches| fetches.event(id).len() as u32)
    })?;
    linker.func_wrap(ours, "event", |mut caller: Caller<'_, State>, id: u32, ptr: u32| -> wasmtime::Result<()> {
        let (bytes, state) = view(&mut caller)?;
        if let Some(fetches) = &mut state.fetches {
            put(bytes, ptr, fetches.event(id))?;
            fetches.taken(id);
        }
        Ok(())
    })?;
    match phase {
        Phase::Load => linker.func_wrap(ours, "next", |_: f64| 0u32)?,
        Phase::Invoke => linker.func_wrap_async(ours, "next", |mut caller: Caller<'_, State>, (ms,): (f64,)| {
            Box::new(async move {
                let State { deadline, fetches, .. } = caller.data_mut();
                let deadline = *deadline;
                let until = Instant::now() + milliseconds(if ms < 0.0 { f64::INFINITY } else { ms });
                let id = match fetches {
                    Some(fetches) => fetches.next(until.min(deadline)).await,
                    None => 0,
                };
                if id == 0 && until > deadline { Err(wasmtime::Error::from(Stop::Deadline)) } else { Ok(id) }
            })
        })?,
    };
    Ok(())
}

/// The nine calls of WASI preview 1 that the plugin's libraries link. No files, no environment, no arguments.
fn wasi(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    let module = "wasi_snapshot_preview1";
    linker.func_wrap(
        module,
        "fd_write",
        |mut caller: Caller<'_, State>, fd: i32, iovs: u32, count: u32, written: u32| -> wasmtime::Result<i32> {
            let (bytes, state) = view(&mut caller)?;
            let (mut text, mut total) = (Vec::new(), 0u32);
            for index in 0..count.min(64) {
                let ptr = word(bytes, iovs.saturating_add(index * 8))?;
                let len = word(bytes, iovs.saturating_add(index * 8 + 4))?;
                let part = range(bytes, ptr, len)?;
                // All parts may be the same megabytes; more than can be kept isn't copied.
                text.extend_from_slice(&part[..part.len().min(state.log_limit.saturating_sub(text.len()))]);
                total = total.wrapping_add(len);
            }
            put(bytes, written, &total.to_le_bytes())?;
            let level = if fd == 2 { "ERROR" } else { "INFO" };
            state.log(level, text.trim_ascii_end());
            Ok(0)
        },
    )?;
    linker.func_wrap(
        module,
        "clock_time_get",
        |mut caller: Caller<'_, State>, _clock: i32, _precision: i64, out: u32| -> wasmtime::Result<i32> {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
            let (bytes, _) = view(&mut caller)?;
            put(bytes, out, &now.to_le_bytes())?;
            Ok(0)
        },
    )?;
    linker.func_wrap(
        module,
        "random_get",
        |mut caller: Caller<'_, State>, ptr: u32, len: u32| -> wasmtime::Result<i32> {
            let (bytes, _) = view(&mut caller)?;
            let room =
                bytes.get_mut(ptr as usize..).and_then(|rest| rest.get_mut(..len as usize)).ok_or_else(outside)?;
            getrandom::fill(room).map_err(|error| wasmtime::Error::msg(error.to_string()))?;
            Ok(0)
        },
    )?;
    for name in ["environ_sizes_get", "args_sizes_get"] {
        linker.func_wrap(
            module,
            name,
            |mut caller: Caller<'_, State>, count: u32, size: u32| -> wasmtime::Result<i32> {
                let (bytes, _) = view(&mut caller)?;
                put(bytes, count, &[0; 4])?;
                put(bytes, size, &[0; 4])?;
                Ok(0)
            },
        )?;
    }
    for name in ["environ_get", "args_get"] {
        linker.func_wrap(module, name, |_: i32, _: i32| 0i32)?;
    }
    linker.func_wrap(module, "proc_exit", |code: i32| -> wasmtime::Result<()> {
        Err(Stop::Exit(code.unsigned_abs()).into())
    })?;
    linker.func_wrap(module, "sched_yield", || 0i32)?;
    linker.func_wrap(module, "fd_close", |_: i32| BADF)?;
    linker.func_wrap(module, "fd_read", |_: i32, _: i32, _: i32, _: i32| BADF)?;
    linker.func_wrap(module, "fd_seek", |_: i32, _: i64, _: i32, _: i32| BADF)?;
    linker.func_wrap(module, "fd_fdstat_get", |_: i32, _: i32| BADF)?;
    linker.func_wrap(module, "fd_prestat_get", |_: i32, _: i32| BADF)?;
    linker.func_wrap(module, "fd_prestat_dir_name", |_: i32, _: i32, _: i32| BADF)?;
    Ok(())
}

/// The guest's memory and our state beside it. The plugin exports its memory, imported or not.
fn view<'a>(caller: &'a mut Caller<'_, State>) -> wasmtime::Result<(&'a mut [u8], &'a mut State)> {
    let memory: Memory = match caller.get_export("memory") {
        Some(Extern::Memory(memory)) => memory,
        _ => return Err(wasmtime::Error::msg("the plugin exports no memory")),
    };
    Ok(memory.data_and_store_mut(caller))
}

/// What a guest calls milliseconds may be any number, or none. At most 30 years.
fn milliseconds(ms: f64) -> Duration {
    Duration::from_secs_f64(if ms > 0.0 { (ms / 1e3).min(1e9) } else { 0.0 })
}

fn outside() -> wasmtime::Error {
    wasmtime::Error::msg("a host call named memory that isn't there")
}

fn range(bytes: &[u8], ptr: u32, len: u32) -> wasmtime::Result<&[u8]> {
    bytes.get(ptr as usize..).and_then(|rest| rest.get(..len as usize)).ok_or_else(outside)
}

fn word(bytes: &[u8], at: u32) -> wasmtime::Result<u32> {
    let bytes = range(bytes, at, 4)?;
    Ok(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}

fn put(bytes: &mut [u8], at: u32, value: &[u8]) -> wasmtime::Result<()> {
    bytes
        .get_mut(at as usize..)
        .and_then(|rest| rest.get_mut(..value.len()))
        .ok_or_else(outside)?
        .copy_from_slice(value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_logs_once_and_says_so() {
        let mut state = State::new("id".into(), Instant::now(), 0, 100_000, None);
        for _ in 0..40 {
            state.log("INFO", "ä".repeat(5_000).as_bytes());
        }
        assert!(state.logs.ends_with(b"limits.logBytes]\n"));
        assert!(state.logs.len() < 100_100);
        assert!(std::str::from_utf8(&state.logs).is_ok());
    }
}

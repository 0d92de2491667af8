//! One invocation: a memory from the pool, an instance on it, one call, everything thrown away.

use crate::{
    Class, Function, Invocation, MAX_PAYLOAD_BYTES, MAX_STREAM_BYTES, Outcome,
    host::{State, Stop},
    slots::Lease,
    sys,
    types::FunctionSpec,
    wasm_memory::hand_over,
};
use serde_json::json;
use std::{
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicU32, Ordering},
    task::Poll,
    time::{Duration, Instant},
};
use wasmtime::{Extern, Memory, Store, TypedFunc, UpdateDeadline};

/// What fits into the plugin's static input buffer.
const INPUT_BYTES: usize = 64 * 1024;

type Call = TypedFunc<(u32, u32, u32, u32, u64), u64>;

/// Counts down again when the invocation ends, or its future is dropped.
struct Running<'a>(&'a AtomicU32);

impl<'a> Running<'a> {
    fn start(counter: &'a AtomicU32, limit: u32) -> Option<Self> {
        let running = Self(counter);
        (counter.fetch_add(1, Ordering::AcqRel) < limit).then_some(running)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// One invocation's store and memory; dropped in this order, at its end, or half-way with a client that went away.
struct Sandbox {
    store: Store<State>,
    lease: Lease,
}

/// What came back from the guest: it answered, or its handler failed.
struct Answer {
    bytes: bytes::Bytes,
    failed: bool,
}

const NO_SANDBOX: &str = "ConcurrentInvocationLimitExceeded";
const RESERVED: &str = "ReservedFunctionConcurrentInvocationLimitExceeded";

impl Function {
    /// What the function was loaded with, without its source map.
    pub fn spec(&self) -> &FunctionSpec {
        &self.spec
    }

    /// What the function costs while it is idle, bytes: pages of its own, beside the base that all functions share; and what
    /// each invocation makes new again in a sandbox's memory (0: none has ended yet).
    pub fn footprint(&self) -> (usize, usize) {
        let written = self.image.usual.load(Ordering::Relaxed);
        (self.image.own_bytes(), if written == usize::MAX { 0 } else { written })
    }

    /// Runs the handler once in a fresh sandbox. Never fails: every ending is a [`Class`]. The future is `Send`, yields
    /// to its executor while the guest computes, and stops the guest when it is dropped.
    pub async fn invoke(&self, invocation: Invocation) -> Outcome {
        let started = Instant::now();
        let Some(_all) = Running::start(&self.executor.running, self.executor.describe_slots()) else {
            return Outcome::refused(NO_SANDBOX, "this edge has no free sandbox");
        };
        let Some(_own) = Running::start(&self.running, self.spec.concurrency.unwrap_or(u32::MAX)) else {
            return Outcome::refused(RESERVED, "the function's reserved concurrency is used up");
        };
        self.executor.wake_clock();
        let own = started + self.spec.timeout;
        let deadline = invocation.deadline.map_or(own, |deadline| deadline.min(own));
        let Invocation { request_id, payload, client_context, stream, .. } = invocation;
        let lease = match self.executor.pool.lease(&self.image) {
            Ok(Some(lease)) => lease,
            Ok(None) => return Outcome::refused(NO_SANDBOX, "this edge has no free sandbox"),
            Err(error) => {
                tracing::error!(function = self.spec.name, %error, "no memory for a sandbox");
                return Outcome::refused(NO_SANDBOX, "this edge has no memory for a sandbox");
            }
        };
        let state =
            State::new(request_id, deadline, self.memory_limit, self.spec.limits.log_bytes, Some(self.outlet.clone()))
                .streaming(stream);
        let mut sandbox = Sandbox { store: Store::new(&self.executor.engine, state), lease };
        let store = &mut sandbox.store;
        store.limiter(|state| state);
        // The next tick may come at once: the first slice ends with the one after it.
        store.set_epoch_deadline(2);
        store.epoch_deadline_callback(|store| match store.data().deadline {
            deadline if Instant::now() < deadline => Ok(UpdateDeadline::Yield(1)),
            _ => Err(Stop::Deadline.into()),
        });
        let mut memory_bytes = 0;
        let call = self.call(&mut sandbox, &payload, client_context.as_deref().unwrap_or_default(), &mut memory_bytes);
        let (answer, faults) = contain(call).await;
        if faults == 0 {
            sandbox.lease.settle();
        }
        let duration = started.elapsed();
        let logs = self.trace.rewrite_logs(std::mem::take(&mut sandbox.store.data_mut().logs));
        let (class, payload) = self.ending(answer, sandbox.store.data(), duration);
        Outcome { class, payload, logs, duration, memory_bytes }
    }

    async fn call(
        &self,
        sandbox: &mut Sandbox,
        event: &[u8],
        client: &str,
        memory_bytes: &mut usize,
    ) -> wasmtime::Result<Answer> {
        let Sandbox { store, lease } = sandbox;
        let missing = || wasmtime::Error::msg("an export is missing");
        hand_over(lease.handle());
        let instance = self.executor.plugin.instantiate_async(&mut *store).await;
        hand_over(None);
        let instance = instance?;
        let calls = &self.executor.calls;
        let memory: Memory =
            instance.get_module_export(&mut *store, &calls.memory).and_then(Extern::into_memory).ok_or_else(missing)?;
        let id_len = store.data().request_id.len();
        let len = event.len() + id_len + client.len();
        let input = if len <= INPUT_BYTES {
            calls.input
        } else {
            let alloc = instance
                .get_module_export(&mut *store, &calls.alloc)
                .and_then(Extern::into_func)
                .ok_or_else(missing)?;
            alloc.typed::<u32, u32>(&*store)?.call_async(&mut *store, len as u32).await? as usize
        };
        let (bytes, state) = memory.data_and_store_mut(&mut *store);
        let room = bytes.get_mut(input..).and_then(|rest| rest.get_mut(..len)).ok_or_else(missing)?;
        let (event_room, rest) = room.split_at_mut(event.len());
        let (id_room, client_room) = rest.split_at_mut(id_len);
        event_room.copy_from_slice(event);
        id_room.copy_from_slice(state.request_id.as_bytes());
        client_room.copy_from_slice(client.as_bytes());
        let seed = state.seed();
        let call =
            instance.get_module_export(&mut *store, &calls.call).and_then(Extern::into_func).ok_or_else(missing)?;
        let call: Call = call.typed(&*store)?;
        let result = call
            .call_async(&mut *store, (input as u32, event.len() as u32, id_len as u32, client.len() as u32, seed))
            .await;
        *memory_bytes = memory.data_size(&*store);
        let result = result?;
        let (ptr, len) = ((result >> 32) as usize, (result & 0x7fff_ffff) as usize);
        let bytes = memory.data(&*store).get(ptr..).and_then(|rest| rest.get(..len)).ok_or_else(missing)?;
        Ok(Answer { bytes: bytes::Bytes::copy_from_slice(bytes), failed: result & (1 << 31) != 0 })
    }

    /// Puts an answer, or what stopped the guest, into Lambda's words.
    fn ending(&self, answer: wasmtime::Result<Answer>, state: &State, duration: Duration) -> (Class, bytes::Bytes) {
        match answer {
            Ok(Answer { bytes, failed: false }) if bytes.len() <= MAX_PAYLOAD_BYTES => (Class::Ok, bytes),
            Ok(Answer { bytes, failed: false }) => {
                let message = format!(
                    "Response payload size ({} bytes) exceeded maximum allowed payload size ({MAX_PAYLOAD_BYTES} bytes).",
                    bytes.len()
                );
                (Class::Error, describe("Function.ResponseSizeTooLarge", &message))
            }
            Ok(Answer { bytes, failed: true }) if state.exhausted || is_out_of_memory(&bytes) => {
                (Class::Crashed, self.out_of_memory(state))
            }
            Ok(Answer { bytes, failed: true }) => (Class::Error, self.trace.rewrite(bytes)),
            Err(error) => match error.downcast_ref::<Stop>() {
                Some(Stop::Deadline) => {
                    let message = format!(
                        "RequestId: {} Error: Task timed out after {:.2} seconds",
                        state.request_id,
                        duration.as_secs_f64()
                    );
                    (Class::Timeout, describe("Sandbox.Timedout", &message))
                }
                Some(Stop::StreamTooLarge) => {
                    let message = format!(
                        "The streamed response exceeded the maximum allowed payload size ({MAX_STREAM_BYTES} bytes)."
                    );
                    (Class::Error, describe("Function.ResponseSizeTooLarge", &message))
                }
                Some(Stop::Exit(status)) => {
                    let why = match status {
                        0 => "Runtime exited without providing a reason".to_owned(),
                        1..256 => format!("Runtime exited with error: exit status {status}"),
                        _ => format!("Runtime exited with error: signal: {}", signal(status - 256)),
                    };
                    let message = format!("RequestId: {} Error: {why}", state.request_id);
                    (Class::Crashed, describe("Runtime.ExitError", &message))
                }
                _ if state.exhausted => (Class::Crashed, self.out_of_memory(state)),
                _ => {
                    tracing::debug!(function = self.spec.name, error = format!("{error:#}"), "a guest trapped");
                    let message = format!(
                        "RequestId: {} Error: Runtime exited with error: {}",
                        state.request_id,
                        error.root_cause()
                    );
                    (Class::Crashed, describe("Runtime.ExitError", &message))
                }
            },
        }
    }

    fn out_of_memory(&self, state: &State) -> bytes::Bytes {
        let message = format!(
            "RequestId: {} Error: Runtime exited: out of memory (memorySize is {} MB)",
            state.request_id, self.spec.memory_mb
        );
        describe("Runtime.OutOfMemory", &message)
    }
}

/// Polls a guest's call such that a panic of the host, in one of its own calls, ends this invocation and not its caller, whose
/// other invocations share a thread and perhaps a connection. Also counts the page faults of whatever threads it ran on.
async fn contain<T>(call: impl Future<Output = wasmtime::Result<T>>) -> (wasmtime::Result<T>, u64) {
    let mut call = std::pin::pin!(call);
    let mut faults = 0u64;
    std::future::poll_fn(move |cx| {
        let before = sys::thread_faults();
        // After a panic nothing of the call is looked at but its state, which any host call leaves whole.
        let polled = panic::catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)))
            .unwrap_or_else(|_| Poll::Ready(Err(wasmtime::Error::msg("the host failed"))));
        faults += sys::thread_faults().wrapping_sub(before);
        polled.map(|ended| (ended, faults))
    })
    .await
}

/// QuickJS's own limit was reached; it throws an error that a handler could even catch.
fn is_out_of_memory(error: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 2] =
        [br#"{"errorType":"InternalError","errorMessage":"out of memory""#, br#"{"errorType":"Runtime.OutOfMemory""#];
    BEGINNINGS.iter().any(|beginning| error.starts_with(beginning))
}

fn signal(number: u32) -> &'static str {
    if number == 6 { "aborted" } else { "killed" }
}

fn describe(kind: &str, message: &str) -> bytes::Bytes {
    json!({ "errorType": kind, "errorMessage": message }).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_of_the_host_is_an_ending() {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let ended = contain(async {
            tokio::task::yield_now().await;
            if true { panic!("on purpose") } else { Ok(()) }
        });
        assert!(ended.await.0.is_err());
        panic::set_hook(hook);
        assert_eq!(contain(async { Ok(1) }).await.0.unwrap(), 1);
    }
}

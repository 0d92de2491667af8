//! One invocation: a sandbox on a memory from the pool, one call, the memory made new again.

use crate::{
    Class, Function, Invocation, MAX_PAYLOAD_BYTES, MAX_STREAM_BYTES, Outcome,
    host::{State, Stop},
    sandbox::Answer,
    sys,
    types::FunctionSpec,
};
use serde_json::json;
use std::{
    panic::{self, AssertUnwindSafe},
    sync::atomic::{AtomicU32, Ordering},
    task::Poll,
    time::{Duration, Instant},
};

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
        let started = invocation.began.unwrap_or_else(Instant::now);
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
        let mut lease = match self.executor.pool.lease(&self.image) {
            Ok(Some(lease)) => lease,
            Ok(None) => return Outcome::refused(NO_SANDBOX, "this edge has no free sandbox"),
            Err(error) => return self.no_memory(&error),
        };
        let state =
            State::new(request_id, deadline, self.memory_limit, self.spec.limits.log_bytes, Some(self.outlet.clone()))
                .streaming(stream);
        let sandbox = match lease.sandbox(&self.executor, state).await {
            Ok(sandbox) => sandbox,
            Err(error) => return self.no_memory(&error),
        };
        let client = client_context.as_deref().unwrap_or_default();
        let (answer, faults) = contain(sandbox.call(&self.executor.calls, &payload, client)).await;
        let duration = started.elapsed();
        let memory_bytes = sandbox.memory_size();
        let logs = self.trace.rewrite_logs(std::mem::take(&mut sandbox.state_mut().logs));
        let ended = answer.is_ok();
        let (class, payload) = self.ending(answer, sandbox.state(), duration);
        if ended {
            lease.keep_sandbox();
        }
        if faults == 0 {
            lease.settle();
        }
        Outcome { class, payload, logs, duration, memory_bytes }
    }

    fn no_memory(&self, error: &dyn std::fmt::Display) -> Outcome {
        tracing::error!(function = self.spec.name, %error, "no memory for a sandbox");
        Outcome::refused(NO_SANDBOX, "this edge has no memory for a sandbox")
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
/// other invocations share a thread and perhaps a connection. Also counts the page faults of whatever threads it ran on, and those
/// that they had since the last invocation: to ask beforehand as well would cost more than to look for written pages for nothing.
async fn contain<T>(call: impl Future<Output = wasmtime::Result<T>>) -> (wasmtime::Result<T>, u64) {
    let mut call = std::pin::pin!(call);
    let mut faults = 0u64;
    std::future::poll_fn(move |cx| {
        // After a panic nothing of the call is looked at but its state, which any host call leaves whole.
        let polled = panic::catch_unwind(AssertUnwindSafe(|| call.as_mut().poll(cx)))
            .unwrap_or_else(|_| Poll::Ready(Err(wasmtime::Error::msg("the host failed"))));
        faults += sys::new_faults();
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

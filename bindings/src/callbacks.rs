//! The server's two closures, made from two functions of JavaScript.

use std::sync::Arc;

use napi::{Status, bindgen_prelude::Promise, threadsafe_function::ThreadsafeFunction};
use swarmlambda_server::{Host, HostError, HostFuture};

use crate::dto;

/// A function that is called from any thread with one object and returns a promise of another. Weak: it doesn't keep Node
/// alive. Unbounded: the server bounds the calls in flight.
pub type Callback<A, R> = ThreadsafeFunction<A, Promise<R>, A, Status, false, true>;
pub type OnMiss = Callback<dto::MissRequest, dto::MissResponse>;
pub type OnControl = Callback<dto::ControlRequest, dto::ControlResponse>;

pub fn host(on_miss: OnMiss, on_control: OnControl) -> Host {
    let (on_miss, on_control) = (Arc::new(on_miss), Arc::new(on_control));
    Host {
        miss: Box::new(move |request| {
            let on_miss = Arc::clone(&on_miss);
            boxed(async move {
                let promise = on_miss.call_async(request.into()).await.map_err(failed)?;
                promise.await.map_err(failed)?.try_into()
            })
        }),
        control: Box::new(move |request| {
            let on_control = Arc::clone(&on_control);
            boxed(async move {
                let promise = on_control.call_async(request.into()).await.map_err(failed)?;
                promise.await.map_err(failed)?.try_into()
            })
        }),
        give_back: crate::give_back,
    }
}

fn boxed<T>(future: impl Future<Output = Result<T, HostError>> + Send + 'static) -> HostFuture<T> {
    Box::pin(future)
}

fn failed(error: napi::Error) -> HostError {
    HostError(error.reason.clone())
}

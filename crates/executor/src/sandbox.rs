//! The plugin's instance on one memory. To make one costs as much as a short invocation, so it stays with its memory: what an
//! invocation can change of it is the memory, which is made new again ([`slots`](crate::slots)), and globals, which are looked at.
//! The plugin has no instruction that changes a table ([`split::check`](crate::split::check)). After anything but an ordinary end
//! it is thrown away.

use crate::{
    Executor,
    engine::Calls,
    host::{State, Stop},
    slots::Handle,
    split,
    wasm_memory::hand_over,
};
use std::time::Instant;
use wasmtime::{Extern, Global, Instance, Memory, Store, TypedFunc, UpdateDeadline};

/// What fits into the plugin's static input buffer.
const INPUT_BYTES: usize = 64 * 1024;

/// Ticks: the next may come at once, so the first slice ends with the one after it.
const FIRST_SLICE: u64 = 2;

/// Event, request id and client context are beside each other at the first number; their lengths, and a seed for `Math.random`.
type Call = TypedFunc<(u32, u32, u32, u32, u64), u64>;

pub struct Sandbox {
    store: Store<State>,
    instance: Instance,
    memory: Memory,
    call: Call,
    /// Each mutable global and its value at the start.
    globals: Vec<(Global, i32)>,
    /// The memory's size at the start.
    bytes: usize,
}

/// What came back from the guest: it answered, or its handler failed.
pub struct Answer {
    pub bytes: bytes::Bytes,
    pub failed: bool,
}

fn missing() -> wasmtime::Error {
    wasmtime::Error::msg("an export is missing")
}

impl Sandbox {
    /// An instance on a leased memory, for its first invocation.
    pub async fn new(executor: &Executor, handle: Option<Handle>, state: State) -> wasmtime::Result<Self> {
        let Executor { calls, engine, plugin, .. } = executor;
        let mut store = Store::new(engine, state);
        store.limiter(|state| state);
        store.epoch_deadline_callback(|store| match store.data().deadline {
            deadline if Instant::now() < deadline => Ok(UpdateDeadline::Yield(1)),
            _ => Err(Stop::Deadline.into()),
        });
        store.set_epoch_deadline(FIRST_SLICE);
        hand_over(handle);
        let instance = plugin.instantiate_async(&mut store).await;
        hand_over(None);
        let instance = instance?;
        let memory = instance.get_module_export(&mut store, &calls.memory).and_then(Extern::into_memory);
        let memory = memory.ok_or_else(missing)?;
        let call = instance.get_module_export(&mut store, &calls.call).and_then(Extern::into_func);
        let call = call.ok_or_else(missing)?.typed(&store)?;
        let mut globals = Vec::new();
        while let Some(global) = instance.get_global(&mut store, &split::global_export(globals.len())) {
            let initial = global.get(&mut store).i32().ok_or_else(missing)?;
            globals.push((global, initial));
        }
        let bytes = memory.data_size(&store);
        Ok(Self { store, instance, memory, call, globals, bytes })
    }

    /// Makes it ready for one more invocation.
    pub fn begin(&mut self, state: State) {
        *self.store.data_mut() = state;
        self.store.set_epoch_deadline(FIRST_SLICE);
    }

    /// Whether nothing but the memory's content can differ from a new one.
    pub fn is_as_new(&mut self) -> bool {
        self.memory.data_size(&self.store) == self.bytes
            && self.globals.iter().all(|(global, initial)| global.get(&mut self.store).i32() == Some(*initial))
    }

    pub fn state(&self) -> &State {
        self.store.data()
    }

    pub fn state_mut(&mut self) -> &mut State {
        self.store.data_mut()
    }

    /// Bytes.
    pub fn memory_size(&self) -> usize {
        self.memory.data_size(&self.store)
    }

    /// Calls the handler. A trap, a deadline or an exit is an error.
    pub async fn call(&mut self, calls: &Calls, event: &[u8], client: &str) -> wasmtime::Result<Answer> {
        let Self { store, instance, memory, call, .. } = self;
        let id_len = store.data().request_id.len();
        let len = event.len() + id_len + client.len();
        let input = if len <= INPUT_BYTES {
            calls.input
        } else {
            let alloc = instance.get_module_export(&mut *store, &calls.alloc).and_then(Extern::into_func);
            let alloc = alloc.ok_or_else(missing)?.typed::<u32, u32>(&*store)?;
            alloc.call_async(&mut *store, len as u32).await? as usize
        };
        let (bytes, state) = memory.data_and_store_mut(&mut *store);
        let room = bytes.get_mut(input..).and_then(|rest| rest.get_mut(..len)).ok_or_else(missing)?;
        let (event_room, rest) = room.split_at_mut(event.len());
        let (id_room, client_room) = rest.split_at_mut(id_len);
        event_room.copy_from_slice(event);
        id_room.copy_from_slice(state.request_id.as_bytes());
        client_room.copy_from_slice(client.as_bytes());
        let seed = state.seed();
        let lengths = (event.len() as u32, id_len as u32, client.len() as u32);
        let result = call.call_async(&mut *store, (input as u32, lengths.0, lengths.1, lengths.2, seed)).await?;
        let (ptr, len) = ((result >> 32) as usize, (result & 0x7fff_ffff) as usize);
        let bytes = memory.data(&*store).get(ptr..).and_then(|rest| rest.get(..len)).ok_or_else(missing)?;
        Ok(Answer { bytes: bytes::Bytes::copy_from_slice(bytes), failed: result & (1 << 31) != 0 })
    }
}

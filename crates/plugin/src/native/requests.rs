//! What the host does for JavaScript: requests, begun here, whose events the plugin's loop waits for; a streamed response; an
//! end at once.

use super::bytes::{Bytes, give, view};
use crate::host;
use javy_plugin_api::javy::quickjs::{Array, Ctx, Function, Object, Result};

/// The next event of the request that the host named: its letter and its content, or nothing.
fn event(id: u32) -> Option<(u8, Vec<u8>)> {
    // SAFETY: an import without pointers; then one that fills what the first measured.
    let mut bytes = vec![0; unsafe { host::event_len(id) }];
    unsafe { host::event(id, bytes.as_mut_ptr()) };
    let content = bytes.split_off(bytes.len().min(1));
    bytes.first().map(|kind| (*kind, content))
}

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "begin",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, described: String, body: Bytes<'js>| -> Result<u32> {
            let body = view(&ctx, &body)?;
            // SAFETY: both ranges are alive during the call.
            Ok(unsafe { host::begin(described.as_ptr(), described.len(), body.as_ptr(), body.len()) })
        })?,
    )?;
    // SAFETY: imports without pointers.
    native.set("ask", Function::new(ctx.clone(), |id: u32| unsafe { host::ask(id) })?)?;
    native.set("cancel", Function::new(ctx.clone(), |id: u32| unsafe { host::cancel(id) })?)?;
    native.set("exit", Function::new(ctx.clone(), |code: u32| unsafe { host::exit(code) })?)?;
    native.set(
        "write",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, kind: u32, bytes: Bytes<'js>| -> Result<bool> {
            let bytes = view(&ctx, &bytes)?;
            // SAFETY: the range is alive during the call.
            Ok(unsafe { host::write(kind, bytes.as_ptr(), bytes.len()) } != 0)
        })?,
    )?;
    native.set(
        "event",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, id: u32| -> Result<Array<'js>> {
            let array = Array::new(ctx.clone())?;
            if let Some((kind, content)) = event(id) {
                array.set(0, char::from(kind).to_string())?;
                array.set(1, give(&ctx, content)?)?;
            }
            Ok(array)
        })?,
    )
}

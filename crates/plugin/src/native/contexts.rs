//! The async context of the running job, which QuickJS carries through promises and microtasks (`quickjs.patch`).

use javy_plugin_api::javy::quickjs::{Ctx, Function, Object, Result, Value, qjs};

unsafe extern "C" {
    /// A reference of the caller's own.
    fn JS_GetAsyncContext(ctx: *mut qjs::JSContext) -> qjs::JSValue;
    /// Takes the reference.
    fn JS_SetAsyncContext(ctx: *mut qjs::JSContext, value: qjs::JSValue);
}

pub fn register<'js>(ctx: &Ctx<'js>, native: &Object<'js>) -> Result<()> {
    native.set(
        "asyncContext",
        Function::new(ctx.clone(), |ctx: Ctx<'js>| -> Value<'js> {
            // SAFETY: the context is alive, and the value's reference goes to what is returned.
            unsafe { Value::from_raw(ctx.clone(), JS_GetAsyncContext(ctx.as_raw().as_ptr())) }
        })?,
    )?;
    native.set(
        "setAsyncContext",
        Function::new(ctx.clone(), |ctx: Ctx<'js>, value: Value<'js>| {
            // SAFETY: the context is alive, and the value is of its runtime; the reference is one more.
            unsafe {
                JS_SetAsyncContext(ctx.as_raw().as_ptr(), qjs::JS_DupValue(ctx.as_raw().as_ptr(), value.as_raw()))
            };
        })?,
    )
}

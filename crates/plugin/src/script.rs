//! Bundles of CommonJS: scripts, because modules are always in strict mode and many packages are not made for that.

use javy_plugin_api::javy::quickjs::{Ctx, Result, Value, qjs};
use std::ffi::CString;

/// What the bytecode of a script begins with; a module's is QuickJS's own.
pub const MARK: &[u8] = b"SLSC";

/// As Javy names modules: hosts map such frames to the author's files.
const NAME: &std::ffi::CStr = c"function.mjs";

/// Compiles a script.
pub fn compile(ctx: &Ctx<'_>, source: &[u8]) -> Result<Vec<u8>> {
    // A text ends at its first NUL, for the engine too.
    let source = CString::new(source.split(|&byte| byte == 0).next().unwrap_or_default()).unwrap_or_default();
    let flags = qjs::JS_EVAL_TYPE_GLOBAL | qjs::JS_EVAL_FLAG_COMPILE_ONLY;
    let ctx_ptr = ctx.as_raw().as_ptr();
    // SAFETY: the source ends with a NUL beyond its length, as the engine wants; what it returns is ours to free.
    unsafe {
        let compiled = qjs::JS_Eval(ctx_ptr, source.as_ptr(), source.as_bytes().len() as _, NAME.as_ptr(), flags as _);
        // An exception becomes an error; the value is freed with its `Value`.
        let compiled = own(ctx, compiled)?;
        let mut len = 0;
        // As of modules, sources are not kept.
        let flags = qjs::JS_WRITE_OBJ_BYTECODE | qjs::JS_WRITE_OBJ_STRIP_SOURCE;
        let bytes = qjs::JS_WriteObject(ctx_ptr, &raw mut len, compiled.as_raw(), flags as _);
        if bytes.is_null() {
            return Err(javy_plugin_api::javy::quickjs::Error::Exception);
        }
        let mut marked = MARK.to_vec();
        marked.extend_from_slice(std::slice::from_raw_parts(bytes, len as _));
        qjs::js_free(ctx_ptr, bytes.cast());
        Ok(marked)
    }
}

/// Runs what [`compile`] made, without its mark; the value of its last expression.
///
/// # Safety
/// The bytecode is this plugin's, and is never freed.
pub unsafe fn run<'js>(ctx: &Ctx<'js>, bytecode: &'static [u8]) -> Result<Value<'js>> {
    let flags = qjs::JS_READ_OBJ_BYTECODE | qjs::JS_READ_OBJ_ROM_DATA;
    let ctx_ptr = ctx.as_raw().as_ptr();
    // SAFETY: the caller's; evaluation takes the function over.
    unsafe {
        let function = qjs::JS_ReadObject(ctx_ptr, bytecode.as_ptr(), bytecode.len() as _, flags as _);
        if qjs::JS_VALUE_GET_NORM_TAG(function) == qjs::JS_TAG_EXCEPTION {
            return Err(javy_plugin_api::javy::quickjs::Error::Exception);
        }
        own(ctx, qjs::JS_EvalFunction(ctx_ptr, function))
    }
}

/// # Safety
/// The value is the caller's to free.
unsafe fn own<'js>(ctx: &Ctx<'js>, value: qjs::JSValue) -> Result<Value<'js>> {
    // SAFETY: the caller's.
    unsafe {
        if qjs::JS_VALUE_GET_NORM_TAG(value) == qjs::JS_TAG_EXCEPTION {
            return Err(javy_plugin_api::javy::quickjs::Error::Exception);
        }
        Ok(Value::from_raw(ctx.clone(), value))
    }
}

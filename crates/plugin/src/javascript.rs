//! The JavaScript side of an invocation: finds the handler, calls it, runs jobs and timers until it settles.

use crate::{host, script};
use javy_plugin_api::javy::quickjs::{
    self, CatchResultExt, Context, Ctx, Error, Function, Module, Object, Persistent, TypedArray, Value, function::This,
    prelude::Func, promise::PromiseState, qjs,
};
use std::{cell::Cell, rc::Rc};

/// Cycles are collected only in functions that allocate more than this; a fresh heap is thrown away anyway.
pub const GC_THRESHOLD_BYTES: usize = 32 << 20;

unsafe extern "C" {
    /// Ours, in quickjs/photograph.h.
    fn JS_MakeLasting(ctx: *mut qjs::JSContext, written: qjs::JSValue);
    /// Ours, in quickjs/call.h: calls a handler, and writes its result when that is there already and plain data.
    fn JS_CallHandler(
        ctx: *mut qjs::JSContext,
        handler: *const Handler,
        event: *mut u8,
        event_len: usize,
        id: *const u8,
        id_len: usize,
        returned: *mut qjs::JSValue,
        text: *mut *const u8,
        len: *mut usize,
    ) -> u32;
}
const ANSWERED: u32 = 0;
const RETURNED: u32 = 1;

/// Rounds of ticks and immediates that a loaded module may have.
const MAX_SOON: usize = 1_000;

/// QuickJS checks no stack under WASI; below this address of the 1 MiB stack its check throws a `RangeError`.
const STACK_LIMIT: usize = 192 * 1024;

/// `js/`, bundled by `js/build.mjs`: a mark, its length, and the source. `js/precompile.mjs` writes bytecode over it, after
/// another mark.
static mut RUNTIME_JS: [u8; RUNTIME_BYTES] = {
    let source = include_bytes!("../target/runtime.js");
    let mut bytes = [0; RUNTIME_BYTES];
    let (mark, length) = (SOURCE_MARK, (source.len() as u32).to_le_bytes());
    let mut at = 0;
    while at < 4 {
        bytes[at] = mark[at];
        bytes[at + 4] = length[at];
        at += 1;
    }
    at = 0;
    while at < source.len() {
        bytes[at + 8] = source[at];
        at += 1;
    }
    bytes
};
const SOURCE_MARK: &[u8; 4] = b"SLJS";
/// Bytecode is longer than its minified source.
const RUNTIME_BYTES: usize = 2 * include_bytes!("../target/runtime.js").len();
/// How frames of it are named; hosts leave them out of traces.
const RUNTIME_NAME: &str = "eval_script";

type Saved = Persistent<Function<'static>>;

/// The one context, and the parts of `runtime.js` that are called from here.
pub struct Runtime {
    context: Context,
    stack_limit: *mut usize,
    glue: Glue,
    loaded: std::cell::OnceCell<Loaded>,
    /// Promises that were rejected and have no handler, so far.
    rejected: Rc<Cell<u32>>,
}

struct Glue {
    object: Persistent<Object<'static>>,
    describe: Saved,
    callback: Saved,
    settled: Saved,
    /// `Object.prototype`: what a result that is just JSON has for one.
    plain: Persistent<Object<'static>>,
}

/// A function that can be called, as quickjs/call.h has it. Its values are never freed.
#[repr(C)]
struct Handler {
    handler: qjs::JSValue,
    context: qjs::JSValue,
    callback: qjs::JSValue,
    id_name: qjs::JSAtom,
}

struct Loaded {
    ctx: *mut qjs::JSContext,
    handler: Handler,
}

impl Loaded {
    fn new(ctx: &Ctx<'_>, handler: Function<'_>, context: Object<'_>, callback: Function<'_>) -> Self {
        let raw = ctx.as_raw().as_ptr();
        let own = |value: Value<'_>| {
            let value = std::mem::ManuallyDrop::new(value);
            value.as_raw()
        };
        let (handler, context, callback) =
            (own(handler.into_value()), own(context.into_value()), own(callback.into_value()));
        // SAFETY: the context is alive, and the name is as long.
        let id_name = unsafe { qjs::JS_NewAtomLen(raw, ID_NAME.as_ptr().cast(), ID_NAME.len() as _) };
        Self { ctx: raw, handler: Handler { handler, context, callback, id_name } }
    }
}

/// The context's property that differs in each invocation.
const ID_NAME: &str = "awsRequestId";

/// How a handler ended: JSON of the result, or of the error.
type Ending = Result<&'static [u8], Vec<u8>>;

/// The mark and the content of [`RUNTIME_JS`].
fn runtime_js() -> (&'static [u8], &'static [u8]) {
    // SAFETY: one thread; what is cleared is not looked at again.
    let bytes: &'static [u8] = unsafe { &*(&raw const RUNTIME_JS) };
    let (head, rest) = bytes.split_at(8);
    let length = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
    (&head[..4], &rest[..length.min(rest.len())])
}

fn run_runtime(ctx: &Ctx<'_>) -> quickjs::Result<()> {
    let (mark, content) = runtime_js();
    let module = if mark == SOURCE_MARK {
        Module::declare(ctx.clone(), RUNTIME_NAME, content)?
    } else {
        // SAFETY: bytecode that this very engine wrote, at the plugin's build.
        unsafe { Module::load(ctx.clone(), content)? }
    };
    let (_, promise) = module.eval()?;
    promise.finish::<()>()?;
    // A snapshot needs no page for what is evaluated once.
    // SAFETY: one thread, and no reference is alive.
    unsafe { (*(&raw mut RUNTIME_JS)).fill(0) };
    Ok(())
}

/// The same, never freed: the memory is thrown away after the invocation, and to take an object to pieces costs as much as to make it.
fn kept<T: Clone>(value: T) -> T {
    std::mem::forget(value.clone());
    value
}

/// See the export `compile-runtime`.
pub fn compile_runtime() -> Result<Vec<u8>, String> {
    let runtime = quickjs::Runtime::new().map_err(|error| error.to_string())?;
    let context = Context::full(&runtime).map_err(|error| error.to_string())?;
    context.with(|ctx| {
        let options = quickjs::WriteOptions { strip_source: true, ..Default::default() };
        let written =
            Module::declare(ctx.clone(), RUNTIME_NAME, runtime_js().1).and_then(|module| module.write(options));
        written.catch(&ctx).map_err(|error| error.to_string())
    })
}

impl Runtime {
    /// Evaluates `runtime.js` and calls its paths once, so that what they allocate is in the base snapshot.
    pub fn new(context: Context) -> Result<Self, String> {
        let (glue, stack_limit) = context.with(|ctx| {
            let made = (|| -> quickjs::Result<_> {
                let native = Object::new(ctx.clone())?;
                native.set(
                    "log",
                    Func::from(|level: u32, text: quickjs::String<'_>| -> quickjs::Result<()> {
                        let text = crate::native::well_formed(text)?;
                        // SAFETY: the range is alive during the call.
                        unsafe { host::log(level, text.as_ptr(), text.len()) };
                        Ok(())
                    }),
                )?;
                native.set("remaining", Func::from(|| unsafe { host::remaining() }))?;
                native.set("native", crate::native::object(&ctx)?)?;
                ctx.globals().set("__host", native.clone())?;
                run_runtime(&ctx)?;
                ctx.globals().remove("__host")?;
                let object: Object = native.get("glue")?;
                let save = |name: &str| -> quickjs::Result<Saved> {
                    Ok(Persistent::save(&ctx, object.get::<_, Function>(name)?))
                };
                let glue = Glue {
                    describe: save("describe")?,
                    callback: save("callback")?,
                    settled: save("settled")?,
                    plain: Persistent::save(&ctx, object.get::<_, Object>("plain")?),
                    object: Persistent::save(&ctx, object.clone()),
                };
                ctx.eval::<(), _>("console.log('%s', 'warm', { a: [1] }, new Error('warm'))")?;
                let value = ctx.json_parse(&b"{\"a\":[1,\"b\",null,1.5]}"[..])?;
                ctx.json_stringify(value)?;
                Ok(glue)
            })();
            made.catch(&ctx).map(|glue| (glue, stack_limit_of(&ctx))).map_err(|error| error.to_string())
        })?;
        let rejected = watch_rejections(&context, &glue.object).map_err(|error| error.to_string())?;
        Ok(Self { context, stack_limit, glue, rejected, loaded: std::cell::OnceCell::new() })
    }

    /// Prepares the memory for being photographed: as base, or with a function, of which invocations get `headroom` bytes
    /// without growth.
    pub fn settle(&self, headroom: usize) {
        crate::holes::fill(headroom);
        // SAFETY: the context is alive as long as the instance; what was freed is not used, and what lasts is not freed.
        self.context.with(|ctx| unsafe {
            let written = self.loaded.get().map_or(qjs::JS_UNDEFINED, |loaded| loaded.handler.context);
            JS_MakeLasting(ctx.as_raw().as_ptr(), written);
        });
    }

    /// See the export `compile-script`.
    pub fn compile_script(&self, source: &[u8]) -> Result<Vec<u8>, String> {
        self.context.with(|ctx| script::compile(&ctx, source).catch(&ctx).map_err(|error| error.to_string()))
    }

    /// See the export `limit`.
    pub fn limit_memory(&self, bytes: usize) {
        // SAFETY: the context is alive as long as the instance.
        self.context
            .with(|ctx| unsafe { qjs::JS_SetMemoryLimit(qjs::JS_GetRuntime(ctx.as_raw().as_ptr()), bytes as _) });
    }

    /// See the export `load`.
    pub fn load(&self, bytecode: &'static [u8], options: &[u8]) -> Result<(), Vec<u8>> {
        self.enter(|ctx, glue| {
            let loaded = (|| -> quickjs::Result<Option<Loaded>> {
                let options: Object = ctx.json_parse(options)?.get()?;
                let context: Object = glue.get::<_, Function>("prepare")?.call((This(glue.clone()), options))?;
                let Some(handler) = self.evaluate(ctx, glue, bytecode)?.and_then(Value::into_function) else {
                    return Ok(None);
                };
                glue.get::<_, Function>("freeze")?.call::<_, Value>((This(glue.clone()),))?;
                Ok(Some(Loaded::new(ctx, handler, context, self.glue.callback.clone().restore(ctx)?)))
            })();
            match loaded {
                Ok(Some(loaded)) => {
                    let _ = self.loaded.set(loaded);
                    Ok(())
                }
                Ok(None) => Err(plain(
                    "Runtime.HandlerNotFound",
                    "the handler is not a function, or the top level awaits what never comes",
                )),
                Err(error) => Err(self.describe(ctx, error)),
            }
        })
    }

    /// Runs a function's top level; its handler, or `None` when that awaits what never comes.
    fn evaluate<'js>(
        &self,
        ctx: &Ctx<'js>,
        glue: &Object<'js>,
        bytecode: &'static [u8],
    ) -> quickjs::Result<Option<Value<'js>>> {
        let (module, handler) = match bytecode.strip_prefix(script::MARK) {
            // SAFETY: bytecode from this plugin's own compilers (hosts check the plugin's digest first), never freed.
            Some(bytecode) => (None, unsafe { script::run(ctx, bytecode)? }),
            None => {
                // SAFETY: as above.
                let module = unsafe { Module::load(ctx.clone(), bytecode)? };
                let (module, promise) = module.eval()?;
                while promise.state() == PromiseState::Pending && self.advance(ctx, glue)? {}
                match promise.result::<()>() {
                    None => return Ok(None),
                    Some(result) => result?,
                }
                (Some(module), Value::new_undefined(ctx.clone()))
            }
        };
        self.settle_rejections(ctx, glue)?;
        self.finish_what_is_soon(ctx, glue)?;
        Ok(Some(match module {
            Some(module) => module.get("handler")?,
            None => handler,
        }))
    }

    /// See the export `call`.
    ///
    /// # Safety
    /// The event is readable, and writable with one byte beyond it, which may be the first of the id.
    pub unsafe fn call(&self, event: *mut [u8], id: &[u8], client: &[u8]) -> Ending {
        let Some(loaded) = self.loaded.get() else {
            return Err(plain("Runtime.PluginError", "no function is loaded"));
        };
        if !client.is_empty() {
            let client = std::str::from_utf8(client).unwrap_or_default();
            self.enter(|ctx, glue| {
                let set = glue.get::<_, Function>("clientContext").and_then(|set| set.call::<_, ()>((client,)));
                set.map_err(|error| self.describe(ctx, error))
            })?;
        }
        let (mut returned, mut text, mut len) = (qjs::JS_UNDEFINED, std::ptr::null(), 0);
        // SAFETY: the context and the handler's values are alive as long as the instance; the caller's.
        let ending = unsafe {
            let (returned, text, len) = (&raw mut returned, &raw mut text, &raw mut len);
            let (event, event_len) = (event.cast(), event.len());
            JS_CallHandler(loaded.ctx, &loaded.handler, event, event_len, id.as_ptr(), id.len(), returned, text, len)
        };
        if ending == ANSWERED && self.rejected.get() == 0 {
            // SAFETY: it is so long, and never freed.
            return Ok(unsafe { std::slice::from_raw_parts(text, len) });
        }
        self.enter(|ctx, glue| {
            let ended = match ending {
                // SAFETY: a value of this context, ours.
                ANSWERED | RETURNED => self.finish(ctx, glue, unsafe { Value::from_raw(ctx.clone(), returned) }),
                _ => Err(Error::Exception),
            };
            ended.unwrap_or_else(|error| Err(self.describe(ctx, error)))
        })
    }

    /// Waits until what a handler returned is settled.
    fn finish<'js>(&self, ctx: &Ctx<'js>, glue: &Object<'js>, returned: Value<'js>) -> quickjs::Result<Ending> {
        let returned = kept(returned);
        let value = match returned.as_promise() {
            None => self.until_called_back(ctx, glue, returned)?,
            Some(promise) => loop {
                match promise.state() {
                    PromiseState::Pending if self.advance(ctx, glue)? => {}
                    // `context.succeed` and the callback settle async handlers too.
                    PromiseState::Pending => match self.called_back(ctx, glue)? {
                        Some(value) => break Some(value),
                        None if glue.get::<_, Function>("endStream")?.call(())? => {}
                        None => break None,
                    },
                    _ => break Some(promise.result::<Value>().ok_or(Error::WouldBlock)??),
                }
            },
        };
        let Some(value) = value else {
            return Ok(Err(plain(
                "Runtime.NeverSettled",
                "the handler's promise can never settle: no job, timer or request is pending",
            )));
        };
        if self.rejected.get() > 0 {
            self.settle_rejections(ctx, glue)?;
        }
        self.render(ctx, glue, value)
    }

    /// The payload of a result: its JSON, or the bytes of a streamed one that nobody took as it was produced.
    fn render<'js>(&self, ctx: &Ctx<'js>, glue: &Object<'js>, mut value: Value<'js>) -> quickjs::Result<Ending> {
        if let Some(object) = value.as_object()
            && object.get_prototype().is_some_and(|prototype| !self.is_plain(ctx, &prototype))
        {
            let rendered: Value = glue.get::<_, Function>("render")?.call((value.clone(),))?;
            if let Some(promise) = rendered.as_promise() {
                while promise.state() == PromiseState::Pending && self.advance(ctx, glue)? {}
                value = promise.result::<Value>().ok_or(Error::WouldBlock)??;
                if let Ok(bytes) = TypedArray::<u8>::from_value(value.clone()) {
                    return Ok(Ok(bytes.as_bytes().unwrap_or_default().to_vec().leak()));
                }
            }
        }
        Ok(match ctx.json_stringify(kept(value)).catch(ctx) {
            Ok(Some(json)) => Ok(kept(json).to_string()?.into_bytes().leak()),
            Ok(None) => Ok(b"null"),
            Err(error) => Err(plain(
                "Runtime.MarshalError",
                &format!("Unable to stringify response body: {}", first_line(&error.to_string())),
            )),
        })
    }

    fn is_plain<'js>(&self, ctx: &Ctx<'js>, prototype: &Object<'js>) -> bool {
        self.glue.plain.clone().restore(ctx).is_ok_and(|plain| plain.as_value() == prototype.as_value())
    }

    /// Ticks and immediates of a top level that has ended: modules may wait for their own, in every invocation, if they are
    /// dropped. One that begins itself anew each time is dropped after all.
    fn finish_what_is_soon<'js>(&self, ctx: &Ctx<'js>, glue: &Object<'js>) -> quickjs::Result<()> {
        let run_soon: Function = glue.get("runSoon")?;
        for _ in 0..MAX_SOON {
            while self.run_job(ctx, glue)? {}
            if !run_soon.call::<_, bool>(())? {
                break;
            }
        }
        self.settle_rejections(ctx, glue)
    }

    /// Rejections that have no handler once the jobs have run out fail the invocation, or are told to who listens.
    fn settle_rejections<'js>(&self, ctx: &Ctx<'js>, glue: &Object<'js>) -> quickjs::Result<()> {
        while self.run_job(ctx, glue)? {}
        if self.rejected.replace(0) > 0 { glue.get::<_, Function>("unhandled")?.call(()) } else { Ok(()) }
    }

    /// Runs one job; false when there is none. What a job throws, no one caught.
    fn run_job<'js>(&self, ctx: &Ctx<'js>, glue: &Object<'js>) -> quickjs::Result<bool> {
        let ran = ctx.execute_pending_job();
        if ctx.has_exception() {
            glue.get::<_, Function>("caught")?.call::<_, ()>((ctx.catch(),))?;
        }
        Ok(ran)
    }

    /// A handler that returned no promise: its callback decides, or, when nothing is left to run, what it returned.
    fn until_called_back<'js>(
        &self,
        ctx: &Ctx<'js>,
        glue: &Object<'js>,
        returned: Value<'js>,
    ) -> quickjs::Result<Option<Value<'js>>> {
        loop {
            if let Some(value) = self.called_back(ctx, glue)? {
                return Ok(Some(value));
            }
            if !self.advance(ctx, glue)? {
                return Ok(Some(returned));
            }
        }
    }

    fn called_back<'js>(&self, ctx: &Ctx<'js>, glue: &Object<'js>) -> quickjs::Result<Option<Value<'js>>> {
        let settled: u32 = self.glue.settled.clone().restore(ctx)?.call(())?;
        if settled == 0 {
            return Ok(None);
        }
        let value: Value = glue.get::<_, Function>("outcome")?.call(())?;
        if settled == 2 { Err(ctx.throw(value)) } else { Ok(Some(value)) }
    }

    /// Runs one job, or waits for the next timer or the host's next event and runs what follows from it. False: nothing is
    /// left that could run.
    fn advance<'js>(&self, ctx: &Ctx<'js>, glue: &Object<'js>) -> quickjs::Result<bool> {
        if self.run_job(ctx, glue)? {
            return Ok(true);
        }
        if self.rejected.get() > 0 {
            self.settle_rejections(ctx, glue)?;
            return Ok(true);
        }
        let wait: f64 = glue.get::<_, Function>("wait")?.call(())?;
        if glue.get::<_, Function>("isWaiting")?.call(())? {
            // SAFETY: an import without pointers.
            let id = unsafe { host::next(wait) };
            if id != 0 {
                glue.get::<_, Function>("arrive")?.call::<_, ()>((id,))?;
                return Ok(true);
            }
        } else if wait < 0.0 {
            return Ok(false);
        } else if wait > 0.0 {
            // SAFETY: an import without pointers.
            unsafe { host::sleep(wait) };
        }
        glue.get::<_, Function>("tick")?.call::<_, ()>(())?;
        Ok(true)
    }

    fn enter<T>(
        &self,
        body: impl for<'js> FnOnce(&Ctx<'js>, &Object<'js>) -> Result<T, Vec<u8>>,
    ) -> Result<T, Vec<u8>> {
        self.context.with(|ctx| {
            if !self.stack_limit.is_null() {
                // SAFETY: found by `stack_limit_of` in this very runtime, which lives as long as the instance.
                unsafe { *self.stack_limit = STACK_LIMIT };
            }
            let glue = self
                .glue
                .object
                .clone()
                .restore(&ctx)
                .map_err(|error| plain("Runtime.PluginError", &error.to_string()))?;
            body(&ctx, &glue)
        })
    }

    fn describe(&self, ctx: &Ctx<'_>, error: Error) -> Vec<u8> {
        let described = match quickjs::CaughtError::from_error(ctx, error) {
            quickjs::CaughtError::Exception(exception) => {
                self.glue.describe.clone().restore(ctx).and_then(|f| f.call::<_, String>((exception,)))
            }
            quickjs::CaughtError::Value(value) => {
                self.glue.describe.clone().restore(ctx).and_then(|f| f.call::<_, String>((value,)))
            }
            quickjs::CaughtError::Error(error) => return plain("Runtime.Error", &error.to_string()),
        };
        described.map(String::into_bytes).unwrap_or_else(|error| match quickjs::CaughtError::from_error(ctx, error) {
            // Who broke what the description needs (`Array.prototype`, say) is told no more than this.
            quickjs::CaughtError::Exception(exception) if exception.message().as_deref() != Some("out of memory") => {
                plain("Error", "what was thrown can't be read")
            }
            _ => plain("Runtime.OutOfMemory", "the error could not be described: out of memory"),
        })
    }
}

/// Counts rejections without a handler, and lets `js/runtime/uncaught.js` keep them.
fn watch_rejections(context: &Context, glue: &Persistent<Object<'static>>) -> quickjs::Result<Rc<Cell<u32>>> {
    let rejected = Rc::new(Cell::new(0));
    let keep: Saved = context.with(|ctx| -> quickjs::Result<Saved> {
        let glue = glue.clone().restore(&ctx)?;
        Ok(Persistent::save(&ctx, glue.get::<_, Function>("rejection")?))
    })?;
    let count = rejected.clone();
    context.runtime().set_host_promise_rejection_tracker(Some(Box::new(move |ctx, promise, reason, handled| {
        // Out of memory: then the invocation ends for that reason.
        let kept = keep.clone().restore(&ctx).and_then(|keep| keep.call((promise, reason, handled)));
        count.set(kept.unwrap_or_default());
    })));
    Ok(rejected)
}

/// An error of ours, as Lambda writes them. Neither string may need escaping beyond quotes and backslashes.
fn plain(kind: &str, message: &str) -> Vec<u8> {
    let message: String = message
        .chars()
        .flat_map(|c| match c {
            '"' | '\\' => vec!['\\', c],
            c if c.is_control() => vec![' '],
            c => vec![c],
        })
        .collect();
    format!(r#"{{"errorType":"{kind}","errorMessage":"{message}","trace":[]}}"#).into_bytes()
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The address of `JSRuntime::stack_limit`, which quickjs-ng leaves at zero under WASI although its checks read it.
///
/// `stack_size`, `stack_top` and `stack_limit` stand one after the other; the first is found by setting it to a number that
/// nothing else holds. Null when that finds nothing, or not just one place: then recursion ends in a trap instead.
fn stack_limit_of(ctx: &Ctx<'_>) -> *mut usize {
    const MARK: usize = 0x5eed_51ac;
    const WORDS: usize = 512;
    // SAFETY: the runtime was allocated early and the heap behind it is larger than what is read; reads change nothing, and
    // whatever they find, linear memory bounds them.
    unsafe {
        let runtime = qjs::JS_GetRuntime(ctx.as_raw().as_ptr());
        qjs::JS_SetMaxStackSize(runtime, MARK as _);
        let words = runtime.cast::<usize>();
        let places: Vec<usize> = (0..WORDS).filter(|&i| std::ptr::read_volatile(words.add(i)) == MARK).collect();
        qjs::JS_SetMaxStackSize(runtime, 0);
        match places[..] {
            [place] if std::ptr::read_volatile(words.add(place + 2)) == 0 => words.add(place + 2),
            _ => std::ptr::null_mut(),
        }
    }
}

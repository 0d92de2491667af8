//! Fuzzing of every host import. `PROPTEST_CASES=100000` for a long run. A function can't make such calls, the plugin makes
//! them for it; this is for the day that the plugin is broken into.
//!
//! Bytecode is trusted (it comes from this plugin's compiler, bound to its digest) and is not fuzzed.

use super::{block, executor, load, state};
use crate::{Executor, Function, host};
use proptest::{collection::vec, prelude::*, sample::select};
use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};
use wasm_encoder as we;
use wasmtime::{Config, Engine, FuncType, Linker, Module, Store, Val, ValType};

const PAGE_BYTES: u32 = 65_536;
const LOG_BYTES: usize = 4096;
/// What `begin` takes, where a call finds it.
const REQUEST: &[u8] = br#"{"method":"GET","url":"http://127.0.0.1:1/","headers":[],"redirect":"follow"}"#;

/// One of the plugin's imports.
struct HostImport {
    module: String,
    name: String,
    ty: FuncType,
}

impl HostImport {
    fn export(&self) -> String {
        format!("{}/{}", self.module, self.name)
    }
}

fn imports_of(executor: &Executor) -> Vec<HostImport> {
    let imports = executor.plugin.module().imports();
    imports
        .map(|import| HostImport {
            module: import.module().into(),
            name: import.name().into(),
            ty: import.ty().unwrap_func().clone(),
        })
        .collect()
}

struct Target {
    function: Arc<Function>,
    imports: Vec<HostImport>,
    engine: Engine,
    linker: Linker<host::State>,
    module: Module,
}

/// For invocations, and for loading.
fn targets() -> &'static [Target; 2] {
    static TARGETS: OnceLock<[Target; 2]> = OnceLock::new();
    TARGETS.get_or_init(|| {
        let executor = executor(4);
        let function = load(&executor, "export const handler = () => 1");
        [host::Phase::Invoke, host::Phase::Load].map(|phase| {
            // The executor's own gives out its sandboxes' memories only.
            let engine = Engine::new(Config::new().epoch_interruption(true)).unwrap();
            let imports = imports_of(&executor);
            let module = Module::new(&engine, forwarder(&imports)).unwrap();
            Target {
                function: function.clone(),
                imports,
                linker: host::linker(&engine, phase).unwrap(),
                engine,
                module,
            }
        })
    })
}

/// A module with a page of memory that passes calls through to each of the host's functions.
fn forwarder(host: &[HostImport]) -> Vec<u8> {
    let value = |ty: ValType| match ty {
        ValType::I64 => we::ValType::I64,
        ValType::F64 => we::ValType::F64,
        _ => we::ValType::I32,
    };
    let (mut types, mut imports) = (we::TypeSection::new(), we::ImportSection::new());
    let (mut functions, mut exports, mut codes) =
        (we::FunctionSection::new(), we::ExportSection::new(), we::CodeSection::new());
    let count = host.len() as u32;
    for (index, import) in (0u32..).zip(host) {
        types.ty().function(import.ty.params().map(value), import.ty.results().map(value));
        imports.import(&import.module, &import.name, we::EntityType::Function(index));
        functions.function(index);
        exports.export(&import.export(), we::ExportKind::Func, count + index);
        let mut code = we::Function::new([]);
        let mut body = code.instructions();
        (0u32..).zip(import.ty.params()).for_each(|(n, _)| {
            body.local_get(n);
        });
        body.call(index).end();
        codes.function(&code);
    }
    let mut memories = we::MemorySection::new();
    memories.memory(we::MemoryType { minimum: 1, maximum: None, memory64: false, shared: false, page_size_log2: None });
    exports.export("memory", we::ExportKind::Memory, 0);
    let mut module = we::Module::new();
    module.section(&types).section(&imports).section(&functions).section(&memories).section(&exports).section(&codes);
    module.finish()
}

/// Addresses and lengths: small, near the ends of the page and of all addresses, that of the request, any.
fn word() -> impl Strategy<Value = u32> {
    prop_oneof![
        4 => 0..600u32,
        2 => Just(REQUEST.len() as u32),
        1 => Just(0),
        2 => PAGE_BYTES - 16..PAGE_BYTES + 16,
        1 => u32::MAX - 16..=u32::MAX,
        1 => any::<u32>(),
    ]
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        select(vec![0.0, -0.0, -1.0, 0.5, 1e-300, 1e12, 1e300, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]),
    ]
}

/// One call: which import, and more arguments than any takes, as each type.
type Call = (usize, Vec<(u32, u32, f64)>);

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let count = targets()[0].imports.len();
    vec((0..count, vec((word(), word(), number()), 8)), 1..12)
}

fn arguments(import: &HostImport, given: &[(u32, u32, f64)]) -> Vec<Val> {
    let value = |(ty, &(low, high, number)): (ValType, &(u32, u32, f64))| match ty {
        ValType::I64 => Val::I64((u64::from(high) << 32 | u64::from(low)).cast_signed()),
        ValType::F64 => Val::F64(number.to_bits()),
        _ => Val::I32(low.cast_signed()),
    };
    import.ty.params().zip(given).map(value).collect()
}

/// Makes the calls, until one is refused. A refused call has trapped: nothing of that guest runs any more.
async fn run(target: &Target, garbage: &[u8], calls: &[Call]) {
    let state = state(&target.function, Duration::from_millis(5), LOG_BYTES);
    let mut store = Store::new(&target.engine, state);
    store.limiter(|state| state);
    store.set_epoch_deadline(u64::MAX / 2);
    let instance = target.linker.instantiate_async(&mut store, &target.module).await.unwrap();
    let memory = instance.get_memory(&mut store, "memory").unwrap();
    memory.write(&mut store, 0, REQUEST).unwrap();
    memory.write(&mut store, REQUEST.len(), garbage).unwrap();
    for (index, given) in calls {
        let import = &target.imports[*index];
        let values = arguments(import, given);
        let mut results: Vec<Val> = import.ty.results().map(|ty| Val::default_for_ty(&ty).unwrap()).collect();
        let function = instance.get_func(&mut store, &import.export()).unwrap();
        let call = function.call_async(&mut store, &values, &mut results);
        let ended = tokio::time::timeout(Duration::from_secs(10), call).await;
        let ended = ended.unwrap_or_else(|_| panic!("{} hangs on {values:?}", import.name));
        let logs = store.data().logs.len();
        assert!(logs < LOG_BYTES + 100, "{} logs {logs} bytes", import.name);
        assert_eq!(memory.data_size(&store), PAGE_BYTES as usize);
        if ended.is_err() {
            return;
        }
    }
}

proptest! {
    #[test]
    fn host_imports_answer_or_refuse_whatever_they_are_called_with(
        loading in any::<bool>(), garbage in vec(any::<u8>(), 0..512), calls in calls(),
    ) {
        block(run(&targets()[usize::from(loading)], &garbage, &calls));
    }
}

/// The way a function comes nearest to it: the plugin computes how long to wait with a `Math` that functions can change.
#[test]
fn waits_of_any_length_end() {
    let target = &targets()[0];
    for name in ["sleep", "next"] {
        let index = target.imports.iter().position(|import| import.name == name).unwrap();
        for ms in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN_POSITIVE, -1.0] {
            block(run(target, &[], &[(index, vec![(0, 0, ms)])]));
        }
    }
}

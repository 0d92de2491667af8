//! Turns a bundled function into what travels between edges: a WebAssembly module in Javy's dynamically linked form
//! (<https://github.com/bytecodealliance/javy/blob/main/docs/docs-using-dynamic-linking.md>), whose one passive data segment
//! is the plugin's bytecode.
//!
//! Such a module runs anywhere beside our plugin: it imports the plugin's memory and `invoke`, and its `_start` evaluates the
//! bytecode. An edge does better: it takes the bytecode out and makes a snapshot.

use swarmlambda_executor::Executor;
use wasm_encoder as we;
use wasmparser::{DataKind, Parser, Payload};

/// The plugin's import namespace; a version of its own because bytecode is bound to it.
pub const NAMESPACE: &str = "swarmlambda-v1";

/// Why there is no module, or nothing in one.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The code of the executor's own error.
    #[error(transparent)]
    Executor(#[from] swarmlambda_executor::Error),
    /// `COMPILE`: the bytes are not a module made by [`compile`].
    #[error("not a module of this compiler: {0}")]
    Module(String),
}

/// Compiles bundled source (one ES module that exports `handler`) into a Javy module. Blocks for milliseconds.
pub fn compile(executor: &Executor, source: &str) -> Result<Vec<u8>, Error> {
    Ok(wrap(&executor.compile(source)?))
}

/// Wraps bytecode into a module.
fn wrap(bytecode: &[u8]) -> Vec<u8> {
    use we::ValType::I32;
    const REALLOC: u32 = 0;
    const INVOKE: u32 = 1;
    const START: u32 = 2;
    let len = bytecode.len() as i32;

    let mut types = we::TypeSection::new();
    types.ty().function([I32; 4], [I32]);
    types.ty().function([I32; 5], []);
    types.ty().function([], []);
    let mut imports = we::ImportSection::new();
    imports.import(NAMESPACE, "cabi_realloc", we::EntityType::Function(0));
    imports.import(NAMESPACE, "invoke", we::EntityType::Function(1));
    let memory = we::MemoryType { minimum: 0, maximum: None, memory64: false, shared: false, page_size_log2: None };
    imports.import(NAMESPACE, "memory", memory);
    let mut functions = we::FunctionSection::new();
    functions.function(2);
    let mut exports = we::ExportSection::new();
    exports.export("_start", we::ExportKind::Func, START);

    let mut start = we::Function::new([(1, I32)]);
    let mut code = start.instructions();
    code.i32_const(0).i32_const(0).i32_const(1).i32_const(len).call(REALLOC).local_tee(0);
    code.i32_const(0).i32_const(len).memory_init(0, 0).data_drop(0);
    // No export name: evaluate the top level only.
    code.local_get(0).i32_const(len).i32_const(0).i32_const(0).i32_const(0).call(INVOKE).end();
    let mut codes = we::CodeSection::new();
    codes.function(&start);
    let mut data = we::DataSection::new();
    data.passive(bytecode.iter().copied());

    let mut module = we::Module::new();
    module.section(&types).section(&imports).section(&functions).section(&exports);
    module.section(&we::DataCountSection { count: 1 }).section(&codes).section(&data);
    module.finish()
}

/// The bytecode inside a module made by [`compile`].
pub fn bytecode(module: &[u8]) -> Result<&[u8], Error> {
    let broken = |error: wasmparser::BinaryReaderError| Error::Module(error.to_string());
    for payload in Parser::new(0).parse_all(module) {
        if let Payload::DataSection(section) = payload.map_err(broken)?
            && let Some(segment) = section.into_iter().next()
        {
            let segment = segment.map_err(broken)?;
            return match segment.kind {
                DataKind::Passive => Ok(segment.data),
                DataKind::Active { .. } => Err(Error::Module("its data is not passive".into())),
            };
        }
    }
    Err(Error::Module("it has no data".into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_back_the_bytecode_it_wrapped() {
        let module = wrap(b"bytecode");
        wasmparser::validate(&module).unwrap();
        assert_eq!(bytecode(&module).unwrap(), b"bytecode");
    }

    #[test]
    fn refuses_what_is_not_its_own() {
        assert!(bytecode(b"").is_err());
        assert!(bytecode(b"\0asm\x01\0\0\0").is_err());
        assert!(bytecode(&wrap(b"bytecode")[..60]).is_err());
    }
}

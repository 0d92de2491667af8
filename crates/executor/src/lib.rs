//! Runs JavaScript functions, every invocation in a fresh WebAssembly sandbox.

mod types;

pub use types::{Class, Description, Error, ExecutorOptions, FunctionSpec, Invocation, Outcome};

use std::sync::Arc;

/// The engine: the compiled plugin, the pool of sandboxes, the clock that interrupts them.
pub struct Executor;

/// A function that is loaded and can be invoked; cheap to clone through its `Arc`.
pub struct Function {
    spec: FunctionSpec,
}

impl Executor {
    /// Compiles (or takes from the cache) the plugin and reserves the pool. Blocks for up to a few seconds the first time.
    pub fn open(_plugin: &[u8], _options: ExecutorOptions) -> Result<Arc<Self>, Error> {
        Ok(Arc::new(Self))
    }

    /// What was chosen for this machine.
    pub fn describe(&self) -> Description {
        Description::default()
    }

    /// Turns bundled source (one ES module) into the engine's bytecode. Blocks for milliseconds.
    pub fn compile(&self, _source: &str) -> Result<Vec<u8>, Error> {
        Err(Error::Plugin("stub".into()))
    }

    /// Evaluates a function's top level and takes its snapshot. Blocks for milliseconds, at most the load deadline.
    pub fn load(self: &Arc<Self>, _bytecode: &[u8], spec: FunctionSpec) -> Result<Arc<Function>, Error> {
        Ok(Arc::new(Function { spec }))
    }
}

impl Function {
    /// What the function was loaded with.
    pub fn spec(&self) -> &FunctionSpec {
        &self.spec
    }

    /// Runs the handler once in a fresh sandbox. Never fails: every ending is a [`Class`]. The future is `Send`, yields
    /// to its executor while the guest computes, and stops the guest when it is dropped.
    pub async fn invoke(&self, _invocation: Invocation) -> Outcome {
        Outcome::refused("stub")
    }
}

//! The hot table: which functions are loaded. Read by every invocation, swapped whole by the rare writer.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use swarmlambda_executor::Function;

use crate::stats::{FunctionCounters, FunctionStats};

/// A loaded function and how its invocations ended.
pub(crate) struct Entry {
    pub(crate) function: Arc<Function>,
    pub(crate) counters: Arc<FunctionCounters>,
}

#[derive(Default)]
pub(crate) struct Table(ArcSwap<HashMap<Box<str>, Arc<Entry>>>);

impl Table {
    /// The function of that name, if it is the version asked for.
    pub(crate) fn get(&self, name: &str, qualifier: Option<&str>) -> Option<Arc<Entry>> {
        let functions = self.0.load();
        let entry = functions.get(name)?;
        let right = qualifier.is_none_or(|qualifier| qualifier == entry.function.spec().version);
        right.then(|| Arc::clone(entry))
    }

    /// Puts a function in the place of the one of its name, whose counters go on.
    pub(crate) fn put(&self, function: Arc<Function>) {
        self.0.rcu(|functions| {
            let name = function.spec().name.as_str();
            let counters = functions.get(name).map(|entry| Arc::clone(&entry.counters)).unwrap_or_default();
            let mut functions = HashMap::clone(functions);
            functions.insert(name.into(), Arc::new(Entry { function: Arc::clone(&function), counters }));
            functions
        });
    }

    /// Whether there was one. Invocations that run finish.
    pub(crate) fn remove(&self, name: &str) -> bool {
        let before = self.0.rcu(|functions| {
            let mut functions = HashMap::clone(functions);
            functions.remove(name);
            functions
        });
        before.contains_key(name)
    }

    pub(crate) fn stats(&self) -> Vec<FunctionStats> {
        self.0.load().iter().map(|(name, entry)| entry.counters.read(name)).collect()
    }
}

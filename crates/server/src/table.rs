//! The hot table: which functions are loaded, and which versions aliases mean. Read by every invocation, swapped whole by the
//! rare writer.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use swarmlambda_executor::{Function, FunctionSpec};

use crate::stats::{FunctionCounters, FunctionLatency, FunctionStats};

const LATEST: &str = "$LATEST";

/// A loaded function and how its invocations ended.
pub(crate) struct Entry {
    pub(crate) function: Arc<Function>,
    pub(crate) counters: Arc<FunctionCounters>,
}

/// A name for a version, or for two by weight.
#[derive(Debug, Clone)]
pub struct Alias {
    /// `function:alias`.
    pub key: String,
    /// `$LATEST` or a number.
    pub version: String,
    /// Further versions, each with its part of the invocations, 0 to 1.
    pub others: Vec<(String, f64)>,
}

#[derive(Default)]
pub(crate) struct Table {
    /// `$LATEST` under the function's name, other versions under `name:version`.
    functions: ArcSwap<HashMap<Box<str>, Arc<Entry>>>,
    aliases: ArcSwap<HashMap<Box<str>, Alias>>,
}

impl Table {
    /// What is loaded under a key: a name, or `name:version`.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<Entry>> {
        self.functions.load().get(key).map(Arc::clone)
    }

    /// The version that a qualifier means: itself, or one of an alias's, by chance. An alias that isn't known stays one.
    pub(crate) fn version<'a>(&self, name: &str, qualifier: Option<Cow<'a, str>>) -> Option<Cow<'a, str>> {
        let qualifier = qualifier.filter(|qualifier| qualifier != LATEST)?;
        if is_version(&qualifier) {
            return Some(qualifier);
        }
        match self.aliases.load().get(format!("{name}:{qualifier}").as_str()) {
            Some(alias) => {
                Some(Cow::Owned(alias.choose(fastrand::f64()).to_owned())).filter(|version| version != LATEST)
            }
            None => Some(qualifier),
        }
    }

    /// Puts a function in the place of the one of its name and version, whose counters go on.
    pub(crate) fn put(&self, function: Arc<Function>) {
        let key = key_of(function.spec());
        self.functions.rcu(|functions| {
            let counters = functions.get(&*key).map(|entry| Arc::clone(&entry.counters)).unwrap_or_default();
            let mut functions = HashMap::clone(functions);
            functions.insert((&*key).into(), Arc::new(Entry { function: Arc::clone(&function), counters }));
            functions
        });
    }

    /// Whether there was one under that key. Invocations that run finish.
    pub(crate) fn remove(&self, key: &str) -> bool {
        let before = self.functions.rcu(|functions| {
            let mut functions = HashMap::clone(functions);
            functions.remove(key);
            functions
        });
        before.contains_key(key)
    }

    /// Replaces all aliases.
    pub(crate) fn set_aliases(&self, aliases: Vec<Alias>) {
        let aliases = aliases.into_iter().map(|alias| (alias.key.as_str().into(), alias));
        self.aliases.store(Arc::new(aliases.collect()));
    }

    pub(crate) fn latencies(&self) -> Vec<FunctionLatency> {
        self.functions.load().iter().filter_map(|(name, entry)| entry.counters.latency(name)).collect()
    }

    pub(crate) fn stats(&self) -> Vec<FunctionStats> {
        self.functions.load().iter().map(|(name, entry)| entry.counters.read(name)).collect()
    }
}

impl Alias {
    /// `chance`: 0 to 1.
    fn choose(&self, mut chance: f64) -> &str {
        for (version, weight) in &self.others {
            if chance < *weight {
                return version;
            }
            chance -= weight;
        }
        &self.version
    }
}

pub(crate) fn is_version(qualifier: &str) -> bool {
    qualifier.bytes().all(|byte| byte.is_ascii_digit())
}

fn key_of(spec: &FunctionSpec) -> Cow<'_, str> {
    if spec.version == LATEST {
        Cow::Borrowed(&spec.name)
    } else {
        Cow::Owned(format!("{}:{}", spec.name, spec.version))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chooses_by_weight_and_resolves_only_what_it_knows() {
        let table = Table::default();
        let alias = Alias { key: "f:live".into(), version: "1".into(), others: vec![("2".into(), 0.25)] };
        assert_eq!((alias.choose(0.24), alias.choose(0.25)), ("2", "1"));
        table.set_aliases(vec![Alias { others: Vec::new(), ..alias }]);
        let version = |qualifier: Option<&'static str>| table.version("f", qualifier.map(Cow::Borrowed));
        assert_eq!(version(Some("live")).as_deref(), Some("1"));
        assert_eq!(version(Some("7")).as_deref(), Some("7"));
        assert_eq!(version(Some("none")).as_deref(), Some("none"));
        assert_eq!((version(None), version(Some("$LATEST"))), (None, None));
    }
}

//! The compiler takes anything: text of any kind, sources with mistakes in them, modules that were damaged on their way.
//! `PROPTEST_CASES=100000` for a long run.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers outside of test functions")]

use proptest::{collection::vec, prelude::*, sample::select};
use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};
use swarmlambda_compiler::{Error, bytecode, compile};
use swarmlambda_executor::{Executor, ExecutorOptions};

const PLUGIN: &[u8] = include_bytes!("../../plugin/plugin.wasm");

/// A bit of every kind of syntax.
const SOURCE: &str = r#"export { a as b }; let a; export const handler = async function* ({ e = 1, ...f }, [g, , h] = []) {
  label: for (const i of `x${e}y${`z${f?.g ?? 1n}`}`) { if (i) continue label; else break }
  class A extends (B, C) { #p = 1; static { this.q = /[a-z]+(?<n>\d)\k<n>/giv } get [k]() { return super.k } static async *m() { yield* 1 } }
  try { await null; throw new A(...g) } catch { delete f.x, void 0 } finally { switch (h) { case 0x1f: default: 1_0.5e-3 } }
  const { x: { y: [z] } } = eval, w = (p) => p ** 2 >>> 3; do var v = function () { 'use strict' }; while (0)
}
"#;

/// Longer than the machine's worst pause, shorter than any hang.
const HANG: Duration = Duration::from_secs(20);

fn executor() -> &'static Arc<Executor> {
    static EXECUTOR: OnceLock<Arc<Executor>> = OnceLock::new();
    EXECUTOR.get_or_init(|| {
        let cache = std::env::temp_dir().join("swarmlambda-test-cache");
        Executor::open(PLUGIN, ExecutorOptions { slots: Some(4), cache: Some(cache), ..Default::default() }).unwrap()
    })
}

/// Compiles, or says what is wrong with it; and what came out is a module. Whether it compiled.
fn takes(source: &str) -> bool {
    let began = Instant::now();
    let made = compile(executor(), source);
    assert!(began.elapsed() < HANG, "{source}");
    match made {
        Ok(module) => {
            wasmparser::validate(&module).unwrap();
            assert!(!bytecode(&module).unwrap().is_empty());
            true
        }
        Err(Error::Executor(swarmlambda_executor::Error::Compile(message))) => {
            assert!(!message.is_empty(), "{source}");
            false
        }
        Err(other) => panic!("{other}: {source}"),
    }
}

/// Pieces of the source, in another order, with other things between them.
fn mutated() -> impl Strategy<Value = String> {
    let tokens: Vec<&str> = SOURCE.split_inclusive(|c: char| !c.is_alphanumeric()).collect();
    let piece = prop_oneof![
        6 => (0..tokens.len(), 1..12usize).prop_map(move |(at, len)| tokens[at..(at + len).min(tokens.len())].concat()),
        1 => select(vec!["(", ")", "{", "}", "[", "]", "`", "${", "/", "'", "\\", "\\u{", "*/", "/*", "<!--", "\0", "\u{2028}", "#", "@", "=>", "...", "\u{feff}"]).prop_map(String::from),
        1 => any::<char>().prop_map(String::from),
    ];
    vec(piece, 1..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_compiles_or_is_refused(source in any::<String>()) {
        takes(&source);
    }

    #[test]
    fn a_source_with_mistakes_compiles_or_is_refused(source in mutated()) {
        takes(&source);
    }

    #[test]
    fn a_cut_source_compiles_or_is_refused(at in 0..SOURCE.len()) {
        takes(&SOURCE[..at]);
    }

    #[test]
    fn bytes_that_are_no_module_are_refused(bytes in vec(any::<u8>(), 0..200)) {
        prop_assert!(bytecode(&bytes).is_err());
        prop_assert!(bytecode(&[b"\0asm\x01\0\0\0", bytes.as_slice()].concat()).is_err());
    }

    #[test]
    fn a_damaged_module_is_read_or_refused(at in any::<prop::sample::Index>(), byte in any::<u8>(), end in any::<prop::sample::Index>()) {
        static MODULE: OnceLock<Vec<u8>> = OnceLock::new();
        let mut module = MODULE.get_or_init(|| compile(executor(), "export const handler = () => 1").unwrap()).clone();
        let at = at.index(module.len());
        module[at] ^= byte;
        let _ = bytecode(&module);
        let _ = bytecode(&module[..end.index(module.len())]);
    }
}

#[test]
fn the_whole_source_compiles() {
    assert!(takes(SOURCE));
}

/// What is nested or long without end: an error, whatever its kind, in its time.
#[test]
fn sources_without_bottom_are_refused() {
    let n = 200_000;
    for source in [
        "(".repeat(n),
        "[".repeat(n),
        "{".repeat(n),
        "!".repeat(n),
        "`${".repeat(n),
        "a=>".repeat(n),
        "if(1)".repeat(n),
        "new ".repeat(n),
        "x?".repeat(n),
        format!("/{}{}/", "(".repeat(n), ")".repeat(n)),
        "class A extends ".repeat(n),
        "async ".repeat(n),
    ] {
        let began = Instant::now();
        let shown = &source[..20.min(source.len())];
        assert!(compile(executor(), &source).is_err(), "{shown}");
        assert!(began.elapsed() < HANG, "{shown}");
    }
    assert!(takes("export const handler = () => 'well'"));
}

//! The canary: what one invocation writes is in no sandbox afterwards, wherever it wrote it and however it ended.

use super::{block, executor, load, state};
use crate::{Class, Function, Invocation, Outcome, wasm_memory::hand_over};
use memchr::memmem::find;
use std::time::Duration;
use wasmtime::Store;

/// Writes its event's secret wherever a function can write, and ends in one of several ways.
const WRITER: &str = r#"
    const builtin = globalThis[Symbol.for('swarmlambda.builtin')]
    const timers = []
    export const handler = async ({ secret, how }) => {
        globalThis.kept = []
        for (let i = 0; i < 50; i++) kept.push(secret + i, `${secret}\u2603${i}`, new TextEncoder().encode(secret), Symbol.for(secret + i), { [secret]: i })
        const deep = (n) => { const own = secret + n; return n ? deep(n - 1) + own.length : 0 }
        deep(200)
        process.env.SECRET = secret
        Object.prototype[secret] = secret
        builtin('fs').writeFileSync('/tmp/secret', secret.repeat(100))
        builtin('zlib').gzipSync(secret)
        builtin('crypto').createHmac('sha256', secret).update(secret).digest()
        new URL(`http://${secret}/${secret}?${secret}`)
        new RegExp(secret).test(secret)
        setTimeout(() => secret, 1000)
        console.log(secret)
        if (how === 'throws') throw new Error(secret)
        if (how === 'fills') for (;;) kept.push(secret.repeat(5000))
        if (how === 'recurses') { const f = () => f(secret) + 1; f() }
        if (how === 'grows') kept.push(secret.repeat(200000))
        if (how === 'returns') return secret.repeat(1000)
        process.exit(0)
    }"#;

fn invoke(function: &Function, id: &str, payload: String) -> Outcome {
    block(function.invoke(Invocation { request_id: id.into(), payload: payload.into(), ..Default::default() }))
}

/// The secret as QuickJS may hold it: a byte or two a character.
fn has(bytes: &[u8], secret: &str) -> bool {
    let wide: Vec<u8> = secret.encode_utf16().flat_map(u16::to_le_bytes).collect();
    find(bytes, secret.as_bytes()).is_some() || find(bytes, &wide).is_some()
}

/// Looks through all that the next guest could reach: its memory as it starts, and what it gets when it asks for `bytes`.
fn memory_has(function: &Function, bytes: usize, secret: &str) -> bool {
    // Declared first, so that it goes last.
    let lease = function.executor.pool.lease(&function.image).unwrap().unwrap();
    let mut store = Store::new(&function.executor.engine, state(function, Duration::from_secs(60), 0));
    store.limiter(|state| state);
    store.set_epoch_deadline(u64::MAX / 2);
    block(async {
        hand_over(lease.handle());
        let instance = function.executor.plugin.instantiate_async(&mut store).await.unwrap();
        let memory = instance.get_memory(&mut store, "memory").unwrap();
        let more = bytes.saturating_sub(memory.data_size(&store)).div_ceil(1 << 16);
        memory.grow_async(&mut store, more as u64).await.unwrap();
        has(memory.data(&store), secret)
    })
}

#[test]
fn a_secret_in_a_snapshot_is_found() {
    let executor = executor(1);
    let holder = load(&executor, "const kept = ['can', 'ary'].join('') + '-1'; export const handler = () => kept");
    assert!(memory_has(&holder, 0, "canary-1"));
    assert!(!memory_has(&holder, 0, "canary-2"));
    let wide = load(&executor, "const kept = ['can', 'ary-\u{2603}'].join(''); export const handler = () => kept");
    assert!(memory_has(&wide, 0, "canary-\u{2603}"));
}

#[test]
fn no_sandbox_holds_what_another_invocation_wrote() {
    // docs/isolation.md has the figures of the long run.
    let rounds: usize = std::env::var("CANARY_ROUNDS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    // One sandbox: every invocation gets what the one before left.
    let executor = executor(1);
    let writer = load(&executor, WRITER);
    let mut readers: Vec<_> =
        (0..3).map(|n| load(&executor, &format!("export const handler = (e) => [{n}, e, {{}}]"))).collect();
    readers.push(writer.clone());
    for round in 0..rounds {
        let how = match round % 50 {
            49 => "fills",
            24 => "grows",
            _ => ["throws", "recurses", "returns", "exits"][round % 4],
        };
        let secret = format!("canary-{:032x}", fastrand::u128(..));
        let told = invoke(&writer, &secret, format!(r#"{{"secret":"{secret}","how":"{how}"}}"#));
        let class = match how {
            "returns" => Class::Ok,
            "throws" | "recurses" => Class::Error,
            _ => Class::Crashed,
        };
        assert_eq!(told.class, class, "{how}: {}", String::from_utf8_lossy(&told.payload));
        assert!(has(&told.logs, &secret), "{how}");
        let reader = &readers[round / 4 % readers.len()];
        assert!(!memory_has(reader, told.memory_bytes, &secret), "round {round}, after one that {how}");
        let seen = invoke(reader, "reader", r#"{"secret":"none","how":"returns"}"#.into());
        assert_eq!(seen.class, Class::Ok);
        assert!(!has(&seen.payload, &secret) && !has(&seen.logs, &secret), "round {round}, after one that {how}");
    }
}

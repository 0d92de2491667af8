// Loops without end, wherever the engine calls back into the function. Format: see ../cases.ts.
//# plain: timeout Sandbox.Timedout
exports.handler = () => { for (;;); }
//# after an await: timeout Sandbox.Timedout
exports.handler = async () => { await null; for (;;); }
//# that catches everything: timeout Sandbox.Timedout
exports.handler = () => { for (;;) { try { for (;;); } catch {} finally { continue } } }
//# in a regular expression: timeout Sandbox.Timedout
exports.handler = () => /^(a+)+$/.test('a'.repeat(40) + 'b')
//# in a replacement: timeout Sandbox.Timedout
exports.handler = () => 'a'.replace(/a/, () => { for (;;); })
//# in a sort comparator: timeout Sandbox.Timedout
exports.handler = () => [2, 1].sort(() => { for (;;); })
//# in an inconsistent sort: ok
exports.handler = () => Array.from({ length: 1e4 }, (_, i) => i).sort(() => Math.random() - 0.5).length
//# in a getter: timeout Sandbox.Timedout
exports.handler = () => ({ get a() { for (;;); } }).a
//# in a getter of the result: timeout Sandbox.Timedout
exports.handler = () => ({ get a() { for (;;); } })
//# in toJSON: timeout Sandbox.Timedout
exports.handler = () => ({ toJSON() { for (;;); } })
//# in a JSON reviver: timeout Sandbox.Timedout
exports.handler = () => JSON.parse('[1]', () => { for (;;); })
//# in a JSON replacer: timeout Sandbox.Timedout
exports.handler = () => JSON.stringify([1], () => { for (;;); })
//# in toString: timeout Sandbox.Timedout
exports.handler = () => `${{ toString() { for (;;); } }}`
//# in valueOf: timeout Sandbox.Timedout
exports.handler = () => 1 + { valueOf() { for (;;); } }
//# in Symbol.toPrimitive: timeout Sandbox.Timedout
exports.handler = () => new Date({ [Symbol.toPrimitive]() { for (;;); } })
//# in a then: timeout Sandbox.Timedout
exports.handler = async () => ({ then() { for (;;); } })
//# in microtasks: timeout Sandbox.Timedout
exports.handler = () => new Promise(() => { const again = () => queueMicrotask(again); again() })
//# in a promise chain: crashed Runtime.OutOfMemory
exports.handler = async () => { const again = () => Promise.resolve().then(again); return again() }
//# in an await loop: timeout Sandbox.Timedout
exports.handler = async () => { for (;;) await null }
//# in timers of zero: timeout Sandbox.Timedout
exports.handler = () => new Promise(() => setInterval(() => {}, 0))
//# in setImmediate: timeout Sandbox.Timedout
exports.handler = () => new Promise(() => { const again = () => setImmediate(again); again() })
//# in nextTick: timeout Sandbox.Timedout
exports.handler = () => new Promise(() => { const again = () => process.nextTick(again); again() })
//# in a timer: timeout Sandbox.Timedout
exports.handler = () => new Promise(() => setTimeout(() => { for (;;); }, 1))
//# in a timer a month long: timeout Sandbox.Timedout
exports.handler = () => new Promise((done) => setTimeout(done, 2 ** 31 - 1))
//# in a proxy's traps: timeout Sandbox.Timedout
exports.handler = () => ({ ...new Proxy({}, { ownKeys() { for (;;); } }) })
//# in a proxy of a proxy: timeout Sandbox.Timedout
exports.handler = () => { const p = new Proxy({}, { get: (t, k) => { for (;;); } }); return new Proxy(p, {}).x }
//# in a generator: timeout Sandbox.Timedout
exports.handler = () => [...(function* () { for (;;) yield* [] })()]
//# in an async iterator: timeout Sandbox.Timedout
exports.handler = async () => { for await (const _ of (async function* () { for (;;) yield 1 })()); }
//# in an iterator of Array.from: timeout Sandbox.Timedout
exports.handler = () => Array.from({ [Symbol.iterator]: () => ({ next: () => { for (;;); } }) })
//# in a finaliser: ok
exports.handler = async () => {
  const registry = new FinalizationRegistry(() => { for (;;); })
  for (let i = 0; i < 1e3; i++) registry.register({}, i)
  return 'answered'
}
//# in a finaliser, awaited: timeout Sandbox.Timedout
exports.handler = async () => {
  const registry = new FinalizationRegistry(() => { for (;;); })
  for (let i = 0; i < 1e3; i++) registry.register({}, i)
  await new Promise((done) => setTimeout(done, 5))
  return 'answered'
}
//# in a Symbol.species: timeout Sandbox.Timedout
exports.handler = () => { const a = [1]; a.constructor = { get [Symbol.species]() { for (;;); } }; return a.map(String) }
//# in an event listener: timeout Sandbox.Timedout
exports.handler = () => { const t = new EventTarget(); t.addEventListener('x', () => { for (;;); }); t.dispatchEvent(new Event('x')) }
//# in a stream that never ends: timeout Sandbox.Timedout
exports.handler = async () => { for await (const _ of new ReadableStream({ pull(c) { c.enqueue(1) } })); }
//# in a native call, pbkdf2: timeout Sandbox.Timedout
exports.handler = () => require('crypto').pbkdf2Sync('a', 'b', 2 ** 31 - 1, 64, 'sha512').length
//# in a native call, scrypt: crashed Runtime.OutOfMemory
exports.handler = () => require('crypto').scryptSync('a', 'b', 64, { N: 2 ** 20, r: 8, p: 1, maxmem: 2 ** 40 }).length
//# in a native call, a prime of 16384 bits: timeout Sandbox.Timedout
exports.handler = () => require('crypto').generateKeyPairSync('rsa', { modulusLength: 16384 }).publicKey
//# in BigInt powers: error RangeError
exports.handler = () => String((2n ** 300000n) ** 100n).length
//# in string comparison: timeout Sandbox.Timedout
exports.handler = () => { const a = 'a'.repeat(1 << 24), b = 'a'.repeat(1 << 24) + 'b'; let n = 0; for (;;) n += a + 'c' < b ? 1 : 0 }
//# in indexOf: timeout Sandbox.Timedout
exports.handler = () => ('a'.repeat(1 << 21) + 'b').indexOf('a'.repeat(1 << 20) + 'c')
//# in a sparse array: timeout Sandbox.Timedout
exports.handler = () => { const a = []; a.length = 2 ** 32 - 1; return a.indexOf(1) + Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1) }
//# in a regular expression made of many: error SyntaxError
exports.handler = () => new RegExp('(x+x+)+y'.repeat(1e3)).test('x'.repeat(1e3))
//# in console.log of a getter: timeout Sandbox.Timedout
exports.handler = () => console.log({ get [Symbol.toStringTag]() { for (;;); } })
//# in keys whose hashes collide: timeout Sandbox.Timedout
exports.handler = () => {
  // QuickJS hashes a string as h * 263 + c, without a seed: either of these can stand for the other.
  const parts = [String.fromCharCode(300, 300 + 263), String.fromCharCode(301, 300)], o = {}
  for (let i = 0; i < 1 << 15; i++) o[Array.from({ length: 15 }, (_, bit) => parts[(i >> bit) & 1]).join('')] = i
  return Object.keys(o).length
}

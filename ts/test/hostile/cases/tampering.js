// Globals and prototypes changed before the answer: the plugin's own code runs on them. The next call sees none of it.
//# Object.prototype gets a setter that loops: timeout Sandbox.Timedout
exports.handler = async () => { Object.defineProperty(Object.prototype, 'then', { get() { for (;;); } }); return {} }
//# Object.prototype gets what throws: error Error
exports.handler = async () => { for (const key of ['then', 'toJSON', 'get', 'set', 'value', 'done', 'name', 'message', 'stack']) Object.defineProperty(Object.prototype, key, { get() { throw new Error(key) } }); return {} }
//# Object.prototype polluted by JSON: ok "undefined"
exports.handler = async () => { const a = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}'); Object.assign({}, a); return String({}.polluted) }
//# Array.prototype gets what throws: error Error
exports.handler = async () => { for (let i = 0; i < 10; i++) Object.defineProperty(Array.prototype, i, { get() { throw new Error('index') }, set() { throw new Error('index') } }); console.log('x', [1], {}); throw new Error('x') }
//# every method of Array.prototype throws: error Error
exports.handler = async () => { for (const key of Reflect.ownKeys(Array.prototype)) try { Array.prototype[key] = () => { throw new Error('gone') } } catch {} console.log('x', [1]); setTimeout(() => {}, 1); throw new Error('x') }
//# every method of String.prototype loops: timeout Sandbox.Timedout
exports.handler = async () => { for (const key of Reflect.ownKeys(String.prototype)) try { String.prototype[key] = () => { for (;;); } } catch {} console.log('x'); throw new Error('x') }
//# JSON replaced: error Error
exports.handler = async () => { JSON.parse = JSON.stringify = () => { throw new Error('no JSON') }; throw new Error('x') }
//# Promise.prototype.then replaced: ok
exports.handler = async () => { Promise.prototype.then = () => { for (;;); }; await null; return 1 }
//# Promise replaced: ok
exports.handler = async () => { globalThis.Promise = class { constructor() { throw new Error('no promises') } }; await null; await new Response('x').text(); return 1 }
//# Symbol.iterator gone: error Error
exports.handler = async () => { delete Array.prototype[Symbol.iterator]; delete String.prototype[Symbol.iterator]; console.log('x', new Map([[1, 2]])); throw new Error('x') }
//# Function.prototype.call replaced: error Error
exports.handler = async () => { Function.prototype.call = Function.prototype.apply = Function.prototype.bind = () => { for (;;); }; console.log({ a: 1 }); await new Promise((done) => setTimeout(done, 1)); throw new Error('x') }
//# Reflect and Object emptied: error TypeError
exports.handler = async () => { for (const target of [Reflect, Object, Math, JSON, Number, String, Array, Symbol]) for (const key of Reflect.ownKeys(target)) try { delete target[key] } catch {} console.log({ a: 1 }); throw new Error('x') }
//# every global deleted: ok
exports.handler = async () => { for (const key of Reflect.ownKeys(globalThis)) try { delete globalThis[key] } catch {} return 1 }
//# every global a getter that throws: error number
exports.handler = async () => { for (const key of Reflect.ownKeys(globalThis)) try { Object.defineProperty(globalThis, key, { get() { throw null } }) } catch {} throw 1 }
//# everything frozen: error Runtime.UnhandledPromiseRejection
exports.handler = async () => { const seen = new Set(); const freeze = (o) => { if ((typeof o !== 'object' && typeof o !== 'function') || o === null || seen.has(o)) return; seen.add(o); for (const key of Reflect.ownKeys(o)) try { freeze(o[key]) } catch {} try { freeze(Object.getPrototypeOf(o)); Object.freeze(o) } catch {} }; freeze(globalThis); console.log('x'); await new Promise((done) => setTimeout(done, 1)); return 1 }
//# everything reachable is broken: error number
exports.handler = async () => { const seen = new Set(); const smash = (o, n) => { if (n > 6 || (typeof o !== 'object' && typeof o !== 'function') || o === null || seen.has(o)) return; seen.add(o); for (const key of Reflect.ownKeys(o)) { try { smash(o[key], n + 1) } catch {} try { o[key] = 7 } catch {} } }; smash(globalThis, 0); throw 1 }
//# the context broken: ok
exports.handler = async (event, context) => { for (const key of Reflect.ownKeys(context)) try { Object.defineProperty(context, key, { get() { throw 1 } }) } catch {} Object.freeze(context); return 1 }
//# console.log's parts broken: error number
exports.handler = async () => { console.log(new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 }, getPrototypeOf() { throw 3 } }), { [Symbol.for('nodejs.util.inspect.custom')]() { throw 4 } }, { [Symbol.toStringTag]: { toString() { throw 5 } } }); return 1 }
//# the registry of modules broken: ok 1
exports.handler = async () => { globalThis[Symbol.for('swarmlambda.builtin')] = () => { for (;;); }; Object.assign(require('fs'), { readFileSync: null }); return 1 }
//# looks for the host's side: ok []
exports.handler = async () => ['__host', 'native', 'std', 'os', 'bjson', 'Javy', 'SharedArrayBuffer', '__proto_host'].filter((name) => name in globalThis)
//# looks for the host's side in functions: ok []
exports.handler = async () => {
  const names = []
  const seen = new Set()
  const look = (o, path, n) => {
    if (n > 5 || (typeof o !== 'object' && typeof o !== 'function') || o === null || seen.has(o)) return
    seen.add(o)
    for (const key of Reflect.ownKeys(o)) {
      let value
      try { value = o[key] } catch { continue }
      if (value instanceof Promise) value.catch(() => {})
      if (key === '__host' || key === 'fromParts' || key === 'zoneOffset') names.push(`${path}.${String(key)}`)
      look(value, `${path}.${String(key)}`, n + 1)
    }
  }
  look(globalThis, '', 0)
  return names
}
//# an event with __proto__: ok [["__proto__","constructor","toString","then","seed"],null,true,true]
exports.handler = async (event) => { const copy = { ...event }; return [Object.keys(event), {}.polluted ?? null, Object.getPrototypeOf(event) === Object.prototype, Object.getPrototypeOf(copy) === Object.prototype] }
//# logs without end: timeout Sandbox.Timedout
exports.handler = () => { for (;;) console.log('x'.repeat(1000)) }
//# one giant log: ok
exports.handler = () => { console.log('x'.repeat(2e7)); return 1 }
//# a Math that answers no number, while it waits: ok
exports.handler = async () => { const waiting = fetch('http://127.0.0.1:1/').catch(() => 1); Math.max = () => NaN; setTimeout(() => {}, 100); return waiting }
//# a Math that answers no number, in a timer: ok
exports.handler = async () => { Math.max = () => NaN; await new Promise((done) => setTimeout(done, 10)); return 1 }
//# a Math that answers infinity: timeout Sandbox.Timedout
exports.handler = async () => { Math.max = () => Infinity; await new Promise((done) => setTimeout(done, 10)) }
//# a Math that answers an object: error Runtime.Error
exports.handler = async () => { Math.max = () => ({}); await new Promise((done) => setTimeout(done, 10)) }
//# a clock that answers no number: error RangeError
exports.handler = async () => { Date.now = () => NaN; performance.now = () => NaN; await new Promise((done) => setTimeout(done, 10)); return [Date.now(), process.hrtime()] }
//# logs of odd text: ok
exports.handler = () => { console.log('\u0000\ud800\u001b[2J\r\n\u2028%s%d%%', 'a'); console.error(Symbol('s'), 1n, null, undefined, -0); return 1 }
//# logs to every descriptor: ok
exports.handler = () => { process.stdout.write('x'.repeat(1e6)); process.stderr.write('y'.repeat(1e6)); const fs = require('fs'); for (let fd = 0; fd < 64; fd++) try { fs.writeSync(fd, 'z') } catch {} return 1 }

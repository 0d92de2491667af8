// Hostile at deploy: the top level runs once, on the edge that takes the deploy. `refused`: the deploy answers with an error.
//# throws null: refused
throw null
//# throws a proxy that throws: refused
throw new Proxy({}, { get() { throw 1 }, getPrototypeOf() { throw 1 } })
//# throws an error with getters that throw: refused
throw Object.defineProperties(new Error('x'), Object.fromEntries(['name', 'message', 'stack'].map((key) => [key, { get() { throw 1 } }])))
//# memory bomb: refused
const a = []; for (;;) a.push(new Array(1000).fill(7))
//# recursion: refused
const f = () => f() + 1; f()
//# recursion in JSON: refused
JSON.parse('['.repeat(1e6))
//# recursion in the parser: refused
new Function('return ' + '!'.repeat(1e6) + '1')
//# recursion in a regular expression: refused
new RegExp('('.repeat(1e6))
//# exits: refused
process.exit(0)
//# awaits for ever: refused
module.exports = {}; exports.handler = await new Promise(() => {})
//# sets a timer: ok
setTimeout(() => {}, 1); exports.handler = () => 1
//# awaits a timer: ok 1
await new Promise((done) => setTimeout(done, 1)); export const handler = () => 1
//# fetches: refused
await fetch('http://127.0.0.1:1/'); export const handler = () => 1
//# breaks globals, then answers: refused
for (const key of Reflect.ownKeys(Array.prototype)) try { Array.prototype[key] = () => { throw new Error('gone') } } catch {}
exports.handler = () => 1
//# deletes every global, then answers: ok
for (const key of Reflect.ownKeys(globalThis)) try { delete globalThis[key] } catch {}
exports.handler = () => 1
//# a handler that is a proxy: error object
exports.handler = new Proxy(() => 1, { apply() { throw null }, get() { throw null } })
//# a handler behind a getter: refused
Object.defineProperty(exports, 'handler', { get() { throw null } })
//# a handler that is a class: error TypeError
exports.handler = class {}
//# fills most of its memory, then answers: ok
const kept = Array.from({ length: 40 }, () => new Uint8Array(1 << 20).fill(1)); exports.handler = () => kept.length

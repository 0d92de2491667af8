// Recursion without bottom: an error that JavaScript can catch, or the end of this sandbox; never more.
//# plain: error RangeError
exports.handler = () => { const f = () => f() + 1; return f() }
//# caught, then well: ok
exports.handler = () => { const f = () => f() + 1; try { f() } catch (error) { return error.name } }
//# caught at every level: timeout Sandbox.Timedout
exports.handler = () => { const f = () => { try { f() } catch {} f() }; f() }
//# in a constructor: error RangeError
exports.handler = () => { class A { constructor() { new A() } } new A() }
//# through apply: error RangeError
exports.handler = () => { const f = (...a) => f.apply(null, a); f(1, 2, 3) }
//# through bind: crashed Runtime.OutOfMemory
exports.handler = () => { let f = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(null); return f() }
//# through getters: error RangeError
exports.handler = () => { const o = { get a() { return this.a } }; return o.a }
//# through toString: error RangeError
exports.handler = () => { const o = { toString() { return `${o}` } }; return `${o}` }
//# through sort: error RangeError
exports.handler = () => { const f = () => [2, 1].sort(f); f() }
//# through replace: error RangeError
exports.handler = () => { const f = () => 'a'.replace(/a/, f); f() }
//# through a proxy: error RangeError
exports.handler = () => { const p = new Proxy({}, { get: (t, k, r) => r[k] }); return p.x }
//# through a chain of proxies: error RangeError
exports.handler = () => { let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); return p.x ?? null }
//# through prototypes: ok
exports.handler = () => { let p = {}; for (let i = 0; i < 1e5; i++) p = Object.create(p); return p.x ?? null }
//# through instanceof: error RangeError
exports.handler = () => { class A { static [Symbol.hasInstance](x) { return x instanceof A } } return 1 instanceof A }
//# in JSON.parse: crashed Runtime.ExitError
exports.handler = () => JSON.parse('['.repeat(1e6))
//# in JSON.parse, well formed: crashed Runtime.ExitError
exports.handler = () => typeof JSON.parse('['.repeat(1e5) + ']'.repeat(1e5))
//# in JSON.stringify: crashed Runtime.OutOfMemory
exports.handler = () => { let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return JSON.stringify(a).length }
//# in the result: crashed Runtime.OutOfMemory
exports.handler = () => { let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return a }
//# in nested arrays' toString: crashed Runtime.OutOfMemory
exports.handler = () => { let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return `${a}`.length }
//# in flat: crashed Runtime.OutOfMemory
exports.handler = () => { let a = []; for (let i = 0; i < 1e6; i++) a = [a]; return a.flat(Infinity).length }
//# in a nested regular expression: error SyntaxError
exports.handler = () => new RegExp('('.repeat(1e5) + ')'.repeat(1e5)).test('')
//# in a nested class of a regular expression: error SyntaxError
exports.handler = () => new RegExp('(?:'.repeat(1e4) + 'a' + ')*'.repeat(1e4)).test('a'.repeat(100))
//# in eval: crashed Runtime.ExitError
exports.handler = () => (0, eval)('('.repeat(1e6))
//# in Function: crashed Runtime.ExitError
exports.handler = () => new Function('return ' + '!'.repeat(1e6) + '1')()
//# in eval of nested templates: crashed Runtime.ExitError
exports.handler = () => (0, eval)('`${'.repeat(1e5))
//# in structuredClone: error RangeError
exports.handler = () => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return Array.isArray(structuredClone(a)) }
//# in console.log: ok
exports.handler = () => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; console.log(a); return 1 }
//# in util.inspect of any depth: ok
exports.handler = () => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return require('util').inspect(a, { depth: Infinity }).length }
//# in isDeepStrictEqual: error RangeError
exports.handler = () => { const deep = () => { let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a }; return require('util').isDeepStrictEqual(deep(), deep()) }
//# in generators that delegate: error RangeError
exports.handler = () => { function* g() { yield* g() } return [...g()] }
//# in async functions: error RangeError
exports.handler = async () => { const f = async () => { await f() }; await f() }
//# in an error's cause: error Error
exports.handler = () => { let e = new Error('0'); for (let i = 0; i < 1e5; i++) e = new Error('n', { cause: e }); throw e }
//# in events: error RangeError
exports.handler = () => { const e = new (require('events'))(); e.on('x', () => e.emit('x')); e.emit('x') }
//# in freeing a long list: ok
exports.handler = () => { let a = null; for (let i = 0; i < 3e5; i++) a = { a }; a = null; return 1 }
//# at the edge of the stack, in native code: ok
exports.handler = () => {
  const crypto = require('crypto'), zlib = require('zlib'), seen = new Set()
  const f = (n) => {
    try { f(n + 1) } catch (error) { seen.add(error.name) }
    if (n % 50 === 0) {
      try { crypto.createHash('sha512').update('x').digest(); zlib.gzipSync('x'); new URL('http://a/b'); JSON.stringify([[[]]]); /(a|b)*c/.test('abab') } catch (error) { seen.add(error.name) }
    }
  }
  f(0)
  return [...seen]
}
//# at the edge of the stack, making keys: ok
exports.handler = () => {
  const crypto = require('crypto'), seen = new Set()
  let left = 20
  const f = () => {
    try { f() } catch (error) { seen.add(error.name) }
    if (left-- > 0) try { crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' }) } catch (error) { seen.add(error.name) }
  }
  f()
  return [...seen]
}

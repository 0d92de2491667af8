// Memory without end: the sandbox ends, or JavaScript is told that it may not; the edge does not grow.
//# array: crashed Runtime.OutOfMemory
exports.handler = () => { const a = []; for (;;) a.push(new Array(1000).fill(7)) }
//# array that catches everything: timeout Sandbox.Timedout
exports.handler = () => { const a = []; for (;;) try { a.push(new Array(1000).fill(7)) } catch {} }
//# one huge array: crashed Runtime.OutOfMemory
exports.handler = () => new Array(2 ** 28).fill(1).length
//# doubling string: error InternalError
exports.handler = () => { let s = 'x'; for (;;) s += s }
//# distinct strings: crashed Runtime.OutOfMemory
exports.handler = () => { const a = []; for (let i = 0; ; i++) a.push(String(i).repeat(1000)) }
//# repeat: crashed Runtime.OutOfMemory
exports.handler = () => 'a'.repeat(2 ** 30 - 1).length
//# padStart: error RangeError
exports.handler = () => 'a'.padStart(2 ** 31).length
//# join: crashed Runtime.OutOfMemory
exports.handler = () => new Array(2 ** 26).join('aaaaaaaaaaaaaaaa').length
//# replace blow-up: crashed Runtime.OutOfMemory
exports.handler = () => { let s = 'x'.repeat(1e4); for (;;) s = s.replace(/x/g, s) }
//# ArrayBuffer: error RangeError
exports.handler = () => new ArrayBuffer(2 ** 31).byteLength
//# ArrayBuffers: crashed Runtime.OutOfMemory
exports.handler = () => { const a = []; for (;;) a.push(new Uint8Array(1 << 20).fill(1)) }
//# resizable buffer: crashed Runtime.OutOfMemory
exports.handler = () => { const b = new ArrayBuffer(1, { maxByteLength: 2 ** 30 }); b.resize(2 ** 30); return b.byteLength }
//# Buffer.alloc: crashed Runtime.OutOfMemory
exports.handler = () => Buffer.alloc(2 ** 31 - 1).length
//# Buffer.concat: error RangeError
exports.handler = () => { const b = Buffer.alloc(1 << 20); return Buffer.concat(Array(4096).fill(b)).length }
//# Map: crashed Runtime.OutOfMemory
exports.handler = () => { const m = new Map(); for (let i = 0; ; i++) m.set({}, {}) }
//# Symbol.for: timeout Sandbox.Timedout
exports.handler = () => { for (let i = 0; ; i++) Symbol.for(`a${i}${'x'.repeat(100)}`) }
//# property names: crashed Runtime.OutOfMemory
exports.handler = () => { const o = {}; for (let i = 0; ; i++) o[`a${i}${'x'.repeat(100)}`] = i }
//# closures: crashed Runtime.OutOfMemory
exports.handler = () => { let f = () => 0; for (;;) { const g = f; f = () => g } }
//# promises: crashed Runtime.OutOfMemory
exports.handler = async () => { const a = []; for (;;) a.push(new Promise(() => {})) }
//# 1e5 pending promises: crashed Runtime.OutOfMemory
exports.handler = async () => { const a = Array.from({ length: 1e5 }, () => new Promise(() => {})); return Promise.race([...a, 1]) }
//# 1e5 pending promises, awaited: crashed Runtime.OutOfMemory
exports.handler = () => Promise.all(Array.from({ length: 1e5 }, () => new Promise(() => {})))
//# timers: crashed Runtime.OutOfMemory
exports.handler = () => { for (;;) setTimeout(() => {}, 1e6) }
//# queued microtasks: crashed Runtime.OutOfMemory
exports.handler = () => { for (;;) queueMicrotask(() => {}) }
//# JSON of a graph that doubles: timeout Sandbox.Timedout
exports.handler = () => { let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; return JSON.stringify(a).length }
//# the result a graph that doubles: timeout Sandbox.Timedout
exports.handler = () => { let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; return a }
//# log of a graph that doubles: timeout Sandbox.Timedout
exports.handler = () => { let a = [1]; for (let i = 0; i < 40; i++) a = [a, a]; console.log(require('util').inspect(a, { depth: 99 })) }
//# structuredClone of strings: timeout Sandbox.Timedout
exports.handler = () => { let a = ['x'.repeat(1e6)]; const all = []; for (;;) { all.push(structuredClone(a)); a = [a, all.at(-1)] } }
//# structuredClone of buffers: crashed Runtime.OutOfMemory
exports.handler = () => { const b = new Uint8Array(1 << 20), all = []; for (;;) all.push(structuredClone(b)) }
//# gunzip of 1000:1: crashed Runtime.OutOfMemory
exports.handler = () => { const z = require('zlib'); let b = z.gzipSync(Buffer.alloc(1 << 24)); const all = []; for (;;) all.push(z.gunzipSync(b)) }
//# gunzip of a gunzip: crashed Runtime.OutOfMemory
exports.handler = () => { const z = require('zlib'); let b = Buffer.alloc(1 << 20); for (let i = 0; i < 2; i++) b = z.deflateSync(Buffer.concat(Array(32).fill(b))); return z.inflateSync(z.inflateSync(b)).length }
//# gunzip with a limit: error RangeError
exports.handler = () => { const z = require('zlib'); return z.gunzipSync(z.gzipSync(Buffer.alloc(1 << 20)), { maxOutputLength: 1000 }).length }
//# DecompressionStream: error TypeError
exports.handler = async () => {
  const bytes = require('zlib').gzipSync(Buffer.alloc(1 << 24)), all = []
  for (let i = 0; i < 16; i++) all.push(await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer())
  return all.length
}
//# brotli: crashed Runtime.OutOfMemory
exports.handler = () => { const z = require('zlib'); const b = z.brotliCompressSync(Buffer.alloc(1 << 22)), all = []; for (;;) all.push(z.brotliDecompressSync(b)) }
//# randomBytes: crashed Runtime.OutOfMemory
exports.handler = () => require('crypto').randomBytes(2 ** 31 - 1).length
//# TextDecoder: crashed Runtime.OutOfMemory
exports.handler = () => { const b = new Uint8Array(1 << 24).fill(0x80), all = []; for (;;) all.push(new TextDecoder().decode(b)) }
//# base64: timeout Sandbox.Timedout
exports.handler = () => { let s = 'x'.repeat(1 << 20); for (;;) s = btoa(s) }
//# BigInt: error RangeError
exports.handler = () => { let n = 2n; for (;;) n *= n }
//# shifted BigInt: crashed Runtime.OutOfMemory
exports.handler = () => { const a = []; for (;;) a.push(1n << 1000000n) }
//# files in /tmp: crashed Runtime.OutOfMemory
exports.handler = () => { const fs = require('fs'); for (let i = 0; ; i++) fs.writeFileSync(`/tmp/${i}`, Buffer.alloc(1 << 20)) }
//# one file in /tmp: crashed Runtime.OutOfMemory
exports.handler = () => { const fs = require('fs'); for (;;) fs.appendFileSync('/tmp/a', 'x'.repeat(1 << 20)) }
//# folders in /tmp: timeout Sandbox.Timedout
exports.handler = () => { const fs = require('fs'); let p = '/tmp'; for (;;) { p += '/a'; fs.mkdirSync(p) } }
//# truncated up: error Error
exports.handler = () => { const fs = require('fs'); fs.writeFileSync('/tmp/a', 'x'); fs.truncateSync('/tmp/a', 2 ** 40) }
//# a stream nobody reads: crashed Runtime.OutOfMemory
exports.handler = () => { const s = new (require('stream').PassThrough)(); for (;;) s.write(Buffer.alloc(1 << 16)) }
//# headers: timeout Sandbox.Timedout
exports.handler = () => { const h = new Headers(); for (let i = 0; ; i++) h.append('a', 'x'.repeat(10000)) }
//# URLSearchParams: crashed Runtime.OutOfMemory
exports.handler = () => { const h = new URLSearchParams(); for (let i = 0; ; i++) h.append('a', 'x'.repeat(10000)) }
//# rest parameters: crashed Runtime.OutOfMemory
exports.handler = () => Math.max(...new Array(1e7))
//# apply: error RangeError
exports.handler = () => String.fromCharCode.apply(null, { length: 2 ** 30 }).length
//# source by eval: crashed Runtime.OutOfMemory
exports.handler = () => (0, eval)('[' + '1,'.repeat(4e6) + ']').length
//# generators kept: crashed Runtime.OutOfMemory
exports.handler = () => { const a = []; function* g() { yield 1 } for (;;) { const i = g(); i.next(); a.push(i) } }
//# error traces kept: crashed Runtime.OutOfMemory
exports.handler = () => { const a = []; for (;;) a.push(new Error('x'.repeat(100))) }
//# a memory error caught, then well: ok
exports.handler = () => { try { const a = []; for (;;) a.push(new Uint8Array(1 << 20)) } catch (error) { return error.message } }

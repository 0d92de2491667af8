// Every function that can be reached is called with what it does not expect; natives answer or throw, they never smash.
//# every global function: ok|error *|timeout Sandbox.Timedout|crashed Runtime.OutOfMemory
const roots = { globalThis }
exports.handler = (event) => require('./storm')(roots, event.seed)
//# crypto: ok|timeout Sandbox.Timedout|crashed Runtime.OutOfMemory
exports.handler = (event) => require('./storm')({ crypto, subtle: crypto.subtle, node: require('crypto') }, event.seed)
//# zlib: ok|timeout Sandbox.Timedout|crashed Runtime.OutOfMemory
exports.handler = (event) => require('./storm')({ zlib: require('zlib') }, event.seed)
//# url: ok|timeout Sandbox.Timedout|crashed Runtime.OutOfMemory
exports.handler = (event) => require('./storm')({ URL, URLSearchParams, URLPattern, url: require('url'), querystring: require('querystring') }, event.seed)
//# text: ok|timeout Sandbox.Timedout|crashed Runtime.OutOfMemory
exports.handler = (event) => require('./storm')({ TextDecoder, TextEncoder, atob, btoa, string_decoder: require('string_decoder') }, event.seed)
//# Buffer: ok|timeout Sandbox.Timedout|crashed Runtime.OutOfMemory
exports.handler = (event) => require('./storm')({ Buffer, prototype: Object.assign(Object.create(null), Buffer.prototype) , buffer: require('buffer') }, event.seed)
//# fs: ok|timeout Sandbox.Timedout|crashed Runtime.OutOfMemory
exports.handler = (event) => require('./storm')({ fs: require('fs'), promises: require('fs/promises') }, event.seed)
//# util, path, events: ok|timeout Sandbox.Timedout|crashed Runtime.OutOfMemory
exports.handler = (event) => require('./storm')({ util: require('util'), path: require('path'), events: require('events'), assert: require('assert') }, event.seed)
//# web classes: ok|timeout Sandbox.Timedout
exports.handler = (event) => require('./storm')({ Headers, Request, Response, FormData, Blob, File, ReadableStream, WritableStream, TransformStream, CompressionStream, DecompressionStream, AbortController, AbortSignal, Event, EventTarget, structuredClone, MessageChannel, performance }, event.seed)
//# Intl and dates: ok|timeout Sandbox.Timedout
exports.handler = (event) => require('./storm')({ Intl, Date, date: new Date(), number: 1.5 }, event.seed)
//# buffers of the engine: ok|timeout Sandbox.Timedout|crashed Runtime.OutOfMemory
exports.handler = (event) => require('./storm')({ ArrayBuffer, DataView, Uint8Array, Float64Array, BigInt64Array, view: new DataView(new ArrayBuffer(8, { maxByteLength: 64 })), bytes: new Uint8Array(new ArrayBuffer(8, { maxByteLength: 64 })) }, event.seed)
//# a buffer detached while a hash reads its options: ok|error *
exports.handler = async () => {
  const bytes = new Uint8Array(1 << 16)
  const options = { get name() { bytes.buffer.transfer(); return 'SHA-256' } }
  return [...new Uint8Array(await crypto.subtle.digest(options, bytes))].length
}
//# a buffer shrunk while it is copied: ok|error *
exports.handler = () => {
  const buffer = new ArrayBuffer(1 << 16, { maxByteLength: 1 << 16 })
  const bytes = new Uint8Array(buffer)
  const view = Buffer.from(buffer)
  view.fill(7)
  const at = { valueOf() { buffer.resize(1); return 0 } }
  return [bytes.fill(1, at).length, view.copy(Buffer.alloc(10), at), bytes.subarray(at).length, new DataView(buffer).byteLength]
}
//# a buffer shrunk while it is sorted: ok|error *
exports.handler = () => {
  const buffer = new ArrayBuffer(1 << 12, { maxByteLength: 1 << 12 })
  return new Uint8Array(buffer).sort((a, b) => { buffer.resize(1); return a - b }).length
}
//# an array emptied while it is sorted, joined, sliced: ok|error *
exports.handler = () => {
  const make = () => Array.from({ length: 1000 }, (_, i) => ({ toString() { array.length = 0; return `${i}` } }))
  let array = make()
  const results = [array.sort().length]
  array = make(); results.push(array.join().length)
  array = Array(1000).fill(1); results.push(array.slice({ valueOf() { array.length = 1; return 0 } }).length)
  array = Array(1000).fill(1); results.push(array.copyWithin(0, { valueOf() { array.length = 1; return 5 } }).length)
  array = Array(1000).fill(1); results.push(array.splice(0, { valueOf() { array.length = 0; return 900 } }).length)
  return results
}

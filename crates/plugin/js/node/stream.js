// node:stream: the `readable-stream` package (Node's own code), with the bridges to WHATWG streams that it lacks.
import base from 'readable-stream/lib/ours/browser.js'
import promises from 'readable-stream/lib/stream/promises.js'
import { define } from '../host.js'
import { Buffer } from './buffer.js'

const { Readable, Writable, Duplex, finished } = base
const Stream = base.Stream ?? base

Readable.fromWeb = (stream, options) => {
  const reader = stream.getReader()
  return new Readable({
    ...options,
    read() {
      reader.read().then(({ done, value }) => this.push(done ? null : options?.objectMode || !(value instanceof Uint8Array) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength)), (error) => this.destroy(error))
    },
    destroy(error, callback) { reader.cancel(error ?? undefined).then(() => callback(error), () => callback(error)) },
  })
}
Readable.toWeb = (readable) => new ReadableStream({
  start(controller) {
    readable.pause()
    readable.on('data', (chunk) => {
      controller.enqueue(Buffer.isBuffer(chunk) ? new Uint8Array(chunk) : chunk)
      if (controller.desiredSize <= 0) readable.pause()
    })
    finished(readable, { writable: false }, (error) => { try { if (error) controller.error(error); else controller.close() } catch { /* already closed */ } })
  },
  pull() { readable.resume() },
  cancel(reason) { readable.destroy(reason) },
}, { highWaterMark: readable.readableHighWaterMark, size: readable.readableObjectMode ? undefined : (chunk) => chunk.length ?? 1 })
Writable.fromWeb = (stream, options) => {
  const writer = stream.getWriter()
  return new Writable({
    ...options,
    write(chunk, _, callback) { writer.ready.then(() => writer.write(chunk)).then(() => callback(), callback) },
    final(callback) { writer.close().then(() => callback(), callback) },
    destroy(error, callback) { (error ? writer.abort(error) : Promise.resolve()).then(() => callback(error), () => callback(error)) },
  })
}
Writable.toWeb = (writable) => new WritableStream({
  write: (chunk) => new Promise((resolve, reject) => writable.write(chunk, (error) => (error ? reject(error) : resolve()))),
  close: () => new Promise((resolve, reject) => { writable.once('error', reject); writable.end(resolve) }),
  abort: (reason) => { writable.destroy(reason) },
})
Duplex.fromWeb = ({ readable, writable }, options) => Duplex.from({ readable: Readable.fromWeb(readable, options), writable: Writable.fromWeb(writable, options) })
Duplex.toWeb = (duplex) => ({ readable: Readable.toWeb(duplex), writable: Writable.toWeb(duplex) })

define({ promises, Stream, getDefaultHighWaterMark: (objectMode) => (objectMode ? 16 : 64 * 1024), setDefaultHighWaterMark() {} }, Stream)
for (const name of ['promises', 'Stream', 'getDefaultHighWaterMark', 'setDefaultHighWaterMark']) Object.defineProperty(Stream, name, { enumerable: true })
export { Duplex, Readable, Writable, finished, promises }
export const { Transform, PassThrough, pipeline } = base

const gather = async (stream) => { const chunks = []; for await (const chunk of stream) chunks.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk); return Buffer.concat(chunks) }
export const consumers = {
  buffer: gather,
  arrayBuffer: async (stream) => { const all = await gather(stream); return all.buffer.slice(all.byteOffset, all.byteOffset + all.length) },
  text: async (stream) => (await gather(stream)).toString(),
  json: async (stream) => JSON.parse((await gather(stream)).toString()),
  blob: async (stream) => new Blob([await gather(stream)]),
}
export default Stream

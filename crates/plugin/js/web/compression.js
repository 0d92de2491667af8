// CompressionStream and DecompressionStream (Compression Standard); `brotli` as a newer format.
import { define, idl, native } from '../host.js'
import { bytesOf } from './encoding.js'
import { TransformStream } from './streams.js'

const { zlib } = native
const NONE = 0
const FINISH = 4
const EMPTY = new Uint8Array(0)
const DECODERS = { gzip: 'gunzip', deflate: 'inflate', 'deflate-raw': 'inflate-raw', brotli: 'unbrotli' }

const formatOf = (format) => {
  if (!Object.hasOwn(DECODERS, String(format))) throw new TypeError(`Unsupported compression format: '${format}'`)
  return String(format)
}
const copied = (chunk) => bytesOf(chunk, 'chunk')

export class CompressionStream {
  #stream
  constructor(format) {
    const coder = zlib.open(formatOf(format), -1, 0)
    const push = (controller, bytes, flush) => {
      const output = zlib.write(coder, bytes, flush, Infinity)
      if (output.length > 0) controller.enqueue(output)
    }
    this.#stream = new TransformStream({
      transform: (chunk, controller) => push(controller, copied(chunk), NONE),
      flush: (controller) => push(controller, EMPTY, FINISH),
    })
  }
  get readable() { return this.#stream.readable }
  get writable() { return this.#stream.writable }
}
idl(CompressionStream)

export class DecompressionStream {
  #stream
  constructor(format) {
    const name = formatOf(format)
    const coder = zlib.open(DECODERS[name], -1, 0)
    const push = (controller, bytes, flush) => {
      if (zlib.ended(coder) && bytes.length > 0) throw new TypeError('There is data after the end of the compressed stream')
      let output
      try {
        output = zlib.write(coder, bytes, flush, Infinity)
      } catch (error) { throw new TypeError(`The compressed data was not valid: ${error.message}`) }
      if (output.length > 0) controller.enqueue(output)
      if (zlib.ended(coder) && zlib.consumed(coder) < bytes.length) throw new TypeError('There is data after the end of the compressed stream')
    }
    this.#stream = new TransformStream({
      transform: (chunk, controller) => push(controller, copied(chunk), NONE),
      flush: (controller) => {
        if (name === 'brotli') push(controller, EMPTY, FINISH)
        if (!zlib.ended(coder)) throw new TypeError('The compressed data ends too early')
      },
    })
  }
  get readable() { return this.#stream.readable }
  get writable() { return this.#stream.writable }
}
idl(DecompressionStream)

define({ CompressionStream, DecompressionStream })

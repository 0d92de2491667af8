// Blob and File (File API): parts are joined once, slices share the bytes.
import { define, idl, native } from '../host.js'
import { bytesOf, utf8 } from './encoding.js'
import { ReadableStream } from './streams.js'

const CHUNK_BYTES = 64 * 1024
const typeOf = (type) => { const text = String(type); return /[^\x20-\x7e]/.test(text) ? '' : text.toLowerCase() }

export class Blob {
  #bytes
  #type
  constructor(parts = [], options = {}) {
    if (parts === null || typeof parts !== 'object' || typeof parts[Symbol.iterator] !== 'function') throw new TypeError("Failed to construct 'Blob': The provided value cannot be converted to a sequence.")
    if (options !== undefined && options !== null && typeof options !== 'object' && typeof options !== 'function') throw new TypeError("Failed to construct 'Blob': the options are not an object")
    const native_ = options?.endings === 'native'
    const chunks = []
    for (const part of parts) {
      if (part instanceof Blob) chunks.push(part.#bytes)
      else if (part instanceof ArrayBuffer || ArrayBuffer.isView(part)) chunks.push(bytesOf(part).slice())
      else chunks.push(utf8(native_ ? String(part).replace(/\r\n?/g, '\n') : part))
    }
    this.#bytes = chunks.length === 1 ? chunks[0] : join(chunks)
    this.#type = typeOf(options?.type ?? '')
  }
  get size() { return this.#bytes.length }
  get type() { return this.#type }
  slice(start = 0, end = this.size, type = '') {
    const at = (value) => { const number = Math.trunc(Number(value)) || 0; return number < 0 ? Math.max(this.size + number, 0) : Math.min(number, this.size) }
    const [from, to] = [at(start), at(end)]
    const blob = new Blob()
    blob.#bytes = this.#bytes.subarray(from, Math.max(from, to))
    blob.#type = typeOf(type)
    return blob
  }
  async text() { return native.fromUtf8(this.#bytes).replace(/^\ufeff/, '') }
  async arrayBuffer() { return this.#bytes.slice().buffer }
  async bytes() { return this.#bytes.slice() }
  stream() {
    const bytes = this.#bytes
    let offset = 0
    return new ReadableStream({
      type: 'bytes',
      pull(controller) {
        if (offset >= bytes.length) {
          controller.close()
          controller.byobRequest?.respond(0)
          return
        }
        controller.enqueue(bytes.slice(offset, offset + CHUNK_BYTES))
        offset += CHUNK_BYTES
      },
    })
  }
  static _bytes(blob) { return blob.#bytes }
}
Object.defineProperty(Blob, 'length', { value: 0 })
idl(Blob)

/** A blob's bytes; not to be written to. */
export const blobBytes = Blob._bytes
delete Blob._bytes

export const join = (chunks) => {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let offset = 0
  for (const chunk of chunks) {
    all.set(chunk, offset)
    offset += chunk.length
  }
  return all
}

export class File extends Blob {
  #name
  #modified
  constructor(parts, name, options = {}) {
    if (arguments.length < 2) throw new TypeError(`Failed to construct 'File': 2 arguments required, but only ${arguments.length} present.`)
    super(parts, options)
    this.#name = String(name).toWellFormed()
    this.#modified = options?.lastModified === undefined ? Date.now() : Math.trunc(Number(options.lastModified)) || 0
  }
  get name() { return this.#name }
  get lastModified() { return this.#modified }
  get webkitRelativePath() { return '' }
}
idl(File)

define({ Blob, File })

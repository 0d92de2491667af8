// node:zlib over the native coders; streams are Transforms.
import { native } from '../host.js'
import { Buffer } from './buffer.js'
import { callable } from './callable.js'
import { coded, invalidType } from './errors.js'
import { Transform } from './stream.js'

const { zlib: coders } = native
const EMPTY = new Uint8Array(0)
const Z = {
  Z_NO_FLUSH: 0, Z_PARTIAL_FLUSH: 1, Z_SYNC_FLUSH: 2, Z_FULL_FLUSH: 3, Z_FINISH: 4, Z_BLOCK: 5, Z_OK: 0, Z_STREAM_END: 1, Z_NEED_DICT: 2, Z_ERRNO: -1, Z_STREAM_ERROR: -2, Z_DATA_ERROR: -3, Z_MEM_ERROR: -4, Z_BUF_ERROR: -5, Z_VERSION_ERROR: -6,
  Z_NO_COMPRESSION: 0, Z_BEST_SPEED: 1, Z_BEST_COMPRESSION: 9, Z_DEFAULT_COMPRESSION: -1, Z_FILTERED: 1, Z_HUFFMAN_ONLY: 2, Z_RLE: 3, Z_FIXED: 4, Z_DEFAULT_STRATEGY: 0, ZLIB_VERNUM: 4880,
  DEFLATE: 1, INFLATE: 2, GZIP: 3, GUNZIP: 4, DEFLATERAW: 5, INFLATERAW: 6, UNZIP: 7, BROTLI_DECODE: 8, BROTLI_ENCODE: 9,
  Z_MIN_WINDOWBITS: 8, Z_MAX_WINDOWBITS: 15, Z_DEFAULT_WINDOWBITS: 15, Z_MIN_CHUNK: 64, Z_MAX_CHUNK: Infinity, Z_DEFAULT_CHUNK: 16384, Z_MIN_MEMLEVEL: 1, Z_MAX_MEMLEVEL: 9, Z_DEFAULT_MEMLEVEL: 8, Z_MIN_LEVEL: -1, Z_MAX_LEVEL: 9, Z_DEFAULT_LEVEL: -1,
  BROTLI_OPERATION_PROCESS: 0, BROTLI_OPERATION_FLUSH: 1, BROTLI_OPERATION_FINISH: 2, BROTLI_OPERATION_EMIT_METADATA: 3, BROTLI_PARAM_MODE: 0, BROTLI_MODE_GENERIC: 0, BROTLI_MODE_TEXT: 1, BROTLI_MODE_FONT: 2, BROTLI_PARAM_QUALITY: 1, BROTLI_MIN_QUALITY: 0, BROTLI_MAX_QUALITY: 11, BROTLI_DEFAULT_QUALITY: 11, BROTLI_PARAM_LGWIN: 2, BROTLI_MIN_WINDOW_BITS: 10, BROTLI_MAX_WINDOW_BITS: 24, BROTLI_DEFAULT_WINDOW: 22, BROTLI_PARAM_SIZE_HINT: 5,
}
const ERRORS = { 'unexpected end of file': ['Z_BUF_ERROR', -5], 'Decompression failed': ['ERR__ERROR_FORMAT_PADDING_1', -2] }
const zlibError = (message) => {
  const [code, errno] = ERRORS[message] ?? ['Z_DATA_ERROR', -3]
  return coded(Error, code, message === 'Z_DATA_ERROR' ? 'incorrect header check' : message, { errno })
}

const bytesOf = (data) => {
  if (typeof data === 'string') return Buffer.from(data)
  if (data instanceof Uint8Array) return data
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  if (data instanceof ArrayBuffer) return new Uint8Array(data)
  throw invalidType('buffer', 'of type string or an instance of Buffer, TypedArray, DataView, or ArrayBuffer', data)
}
const buffer = (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)

/** Which coder reads or writes a format; `unzip` decides by the first bytes. */
const KINDS = { Gzip: 'gzip', Deflate: 'deflate', DeflateRaw: 'deflate-raw', Gunzip: 'gunzip', Inflate: 'inflate', InflateRaw: 'inflate-raw', Unzip: 'unzip', BrotliCompress: 'brotli', BrotliDecompress: 'unbrotli' }
const READS = new Set(['gunzip', 'inflate', 'inflate-raw', 'unzip', 'unbrotli'])

const check = ({ level, windowBits }) => {
  const range = (name, value, low, high) => { if (value !== undefined && !(value >= low && value <= high)) throw coded(RangeError, 'ERR_OUT_OF_RANGE', `The value of "options.${name}" is out of range. It must be >= ${low} and <= ${high}. Received ${value}`) }
  range('level', level, -1, 9)
  range('windowBits', windowBits, 0, 15)
}

/** One stream, fed by chunks. */
class Engine {
  #kind
  #options
  #coder = null
  #head = EMPTY
  #fed = 0
  constructor(kind, options = {}) {
    check(options)
    this.#kind = kind
    this.#options = options
  }
  #open(kind) {
    const { params = {}, level, windowBits } = this.#options
    return kind === 'brotli'
      ? coders.open(kind, params[Z.BROTLI_PARAM_QUALITY] ?? 11, params[Z.BROTLI_PARAM_LGWIN] ?? 22)
      : coders.open(kind, level ?? -1, windowBits ?? 15)
  }
  push(chunk, flush) {
    let bytes = chunk
    if (this.#kind === 'unzip') {
      if (bytes.length + this.#head.length < 2 && flush !== Z.Z_FINISH) { this.#head = bytes; return EMPTY }
      bytes = this.#head.length > 0 ? Buffer.concat([this.#head, bytes]) : bytes
      this.#kind = bytes[0] === 0x1f && bytes[1] === 0x8b ? 'gunzip' : 'inflate'
    }
    this.#coder ??= this.#open(this.#kind)
    this.#fed += bytes.length
    const outputs = []
    try {
      for (;;) {
        outputs.push(coders.write(this.#coder, bytes, flush, this.#options.maxOutputLength ?? Infinity))
        if (!READS.has(this.#kind) || this.#kind === 'unbrotli' || !coders.ended(this.#coder)) break
        bytes = bytes.subarray(coders.consumed(this.#coder))
        if (this.#kind !== 'gunzip' || bytes.length < 2 || bytes[0] !== 0x1f || bytes[1] !== 0x8b) break
        this.#coder = this.#open(this.#kind)
      }
    } catch (error) {
      if (error.message === 'too long') throw coded(RangeError, 'ERR_BUFFER_TOO_LARGE', `Cannot create a Buffer larger than ${this.#options.maxOutputLength} bytes`)
      throw zlibError(this.#kind === 'gunzip' || this.#kind === 'inflate' ? wordsOf(chunk, this.#kind, error.message) : error.message)
    }
    if (flush === Z.Z_FINISH && READS.has(this.#kind) && !coders.ended(this.#coder) && this.#options.finishFlush !== Z.Z_SYNC_FLUSH) throw zlibError('unexpected end of file')
    return outputs.length === 1 ? outputs[0] : Buffer.concat(outputs)
  }
}
const wordsOf = (bytes, kind, message) => {
  const wrong = kind === 'gunzip' ? bytes[0] !== 0x1f || bytes[1] !== 0x8b : (bytes[0] & 15) !== 8 || ((bytes[0] << 8) | bytes[1]) % 31 !== 0
  return wrong ? 'incorrect header check' : /check/.test(message) ? 'incorrect data check' : 'invalid stored block lengths'
}

/** What libraries that inflate without waiting reach for: input is taken whole, output comes by pieces; what of either is left. */
const handleOf = (engine) => {
  let waiting = EMPTY
  return {
    close() {},
    writeSync(flush, input, inputOffset, inputLength, output, offset, room) {
      if (inputLength > 0) waiting = engine.push(input.subarray(inputOffset, inputOffset + inputLength), flush)
      const part = waiting.subarray(0, room)
      output.set(part, offset)
      waiting = waiting.subarray(part.length)
      return [room - part.length, 0]
    },
  }
}

const streams = {}
const shortcuts = {}
for (const [name, kind] of Object.entries(KINDS)) {
  const type = {
    [name]: class extends Transform {
      constructor(options = {}) {
        super({ ...options, objectMode: false, readableObjectMode: false, writableObjectMode: false })
        const chunkSize = options?.chunkSize ?? Z.Z_DEFAULT_CHUNK
        Object.assign(this, { bytesWritten: 0, _options: options ?? {}, _engine: new Engine(kind, options ?? {}), _hadError: false, _chunkSize: chunkSize, _offset: 0, _outOffset: 0, _finishFlushFlag: options?.finishFlush ?? Z.Z_FINISH })
        this._handle = handleOf(this._engine)
      }
      get _outBuffer() { return Buffer.alloc(this._chunkSize) }
      _run(chunk, flush, callback) {
        let output
        try { output = this._engine.push(chunk, flush) } catch (error) { callback(error); return }
        if (output.length > 0) this.push(buffer(output))
        callback()
      }
      _transform(chunk, _, callback) { this.bytesWritten += chunk.length; this._run(chunk, this._options.flush ?? Z.Z_NO_FLUSH, callback) }
      _flush(callback) { this._run(EMPTY, Z.Z_FINISH, callback) }
      flush(kindOfFlush, callback) {
        const done = typeof kindOfFlush === 'function' ? kindOfFlush : callback
        const mode = typeof kindOfFlush === 'number' ? kindOfFlush : Z.Z_FULL_FLUSH
        this.write(EMPTY, () => this._run(EMPTY, mode, (error) => (error ? this.destroy(error) : done?.())))
      }
      close(callback) { if (callback) this.once('close', callback); this.destroy() }
      params(_level, _strategy, callback) { callback?.() }
      reset() { this._engine = new Engine(kind, this._options); this._handle = handleOf(this._engine) }
    },
  }[name]
  streams[name] = callable(type)
  streams[`create${name}`] = (options) => new type(options)
  const short = { Gzip: 'gzip', Deflate: 'deflate', DeflateRaw: 'deflateRaw', Gunzip: 'gunzip', Inflate: 'inflate', InflateRaw: 'inflateRaw', Unzip: 'unzip', BrotliCompress: 'brotliCompress', BrotliDecompress: 'brotliDecompress' }[name]
  const sync = (data, options) => buffer(new Engine(kind, options).push(bytesOf(data), Z.Z_FINISH))
  shortcuts[`${short}Sync`] = sync
  shortcuts[short] = (data, options, callback) => {
    const done = typeof options === 'function' ? options : callback
    if (typeof done !== 'function') throw invalidType('callback', 'of type function', done)
    const bytes = bytesOf(data)
    setImmediate(() => {
      let result
      try { result = sync(bytes, typeof options === 'function' ? {} : options) } catch (error) { done(error); return }
      done(null, result)
    })
  }
}

export default { ...streams, ...shortcuts, constants: Z, codes: { Z_OK: 0, Z_STREAM_END: 1, Z_DATA_ERROR: -3, Z_BUF_ERROR: -5 }, ...Z, crc32: (data, start = 0) => coders.crc32(bytesOf(data), start) >>> 0 }

// Response streaming: Lambda's `awslambda` global, and a `Response` that a handler returns. The host takes the bytes as they
// are produced; when its caller wants one answer, they are gathered here.
import { define, native } from '../host.js'
import { Writable, finished } from '../node/stream.js'
import { utf8 } from '../web/encoding.js'
import { join } from '../web/blob.js'
import { Response } from '../web/response.js'

const HEAD = 0
const DATA = 1

/** Where the bytes go. The head comes before the first of them: the type, and what an HTTP response has beside its body. */
class Sink {
  type = 'application/octet-stream'
  prelude = undefined
  #passedOn = undefined
  #chunks = []
  get begun() { return this.#passedOn !== undefined }
  begin() {
    if (!this.begun) this.#passedOn = native.write(HEAD, utf8(JSON.stringify({ type: this.type, prelude: this.prelude })))
  }
  write(bytes) {
    this.begin()
    if (this.#passedOn) native.write(DATA, bytes)
    else this.#chunks.push(bytes.slice())
  }
  /** The handler's result: nothing when the host has it already; as a payload 2.0 response, or the bytes themselves. */
  end() {
    this.begin()
    if (this.#passedOn) return null
    const bytes = join(this.#chunks)
    if (this.prelude === undefined) return bytes
    return { ...this.prelude, ...encode(bytes) }
  }
}

const encode = (bytes) => {
  try {
    return { body: new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes), isBase64Encoded: false }
  } catch {
    return { body: native.base64(bytes), isBase64Encoded: true }
  }
}

class ResponseStream extends Writable {
  #sink = new Sink()
  constructor() { super({ decodeStrings: true }) }
  _write(chunk, _, callback) {
    this.#sink.write(chunk)
    callback()
  }
  setContentType(type) { this.#sink.type = String(type) }
  static respond(stream, prelude) {
    if (!(#sink in stream)) throw new TypeError('The stream must be the responseStream that the handler was given')
    if (stream.#sink.begun) throw new Error('Cannot set the response\'s status and headers: its body has begun')
    const { statusCode = 200, headers = {}, cookies } = prelude ?? {}
    stream.#sink.prelude = { statusCode, headers, ...(cookies && { cookies }) }
  }
  static sink(stream) { return stream.#sink }
}
const { respond, sink } = ResponseStream
delete ResponseStream.respond
delete ResponseStream.sink

/** What a streaming handler's promise resolves to. */
class Streamed {
  constructor(stream) { this.stream = stream }
}

let open = null
/** Nothing is left that could run: ends a stream that its handler forgot to end. False: there is none. */
export const endStream = () => {
  if (open === null || open.writableEnded || open.destroyed) return false
  open.end()
  return true
}

const streamifyResponse = (handler) => {
  if (typeof handler !== 'function') throw new TypeError('awslambda.streamifyResponse takes a function (event, responseStream, context)')
  const streaming = async (event, context) => {
    open = new ResponseStream()
    const ended = new Promise((resolve, reject) => finished(open, (error) => (error ? reject(error) : resolve())))
    ended.catch(() => {})
    await Promise.race([handler(event, open, context), ended.then(() => new Promise(() => {}))])
    await ended
    return new Streamed(open)
  }
  return Object.assign(streaming, { [Symbol.for('aws.lambda.runtime.handler.streaming')]: 'response' })
}

const send = async (response) => {
  const sink = new Sink()
  const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'set-cookie'))
  const cookies = response.headers.getSetCookie()
  sink.type = headers['content-type'] ?? sink.type
  sink.prelude = { statusCode: response.status, headers, ...(cookies.length > 0 && { cookies }) }
  if (response.bodyUsed || response.body?.locked) throw new TypeError('The handler returned a Response whose body was used')
  const reader = response.body?.getReader()
  if (reader) sink.begin()
  for (let read = await reader?.read(); read && !read.done; read = await reader.read()) {
    if (!(read.value instanceof Uint8Array)) throw new TypeError('The body of a Response must be a stream of Uint8Array')
    sink.write(read.value)
  }
  return sink.end()
}

/** A result that is more than JSON: a promise of a value for JSON, or of bytes. `undefined`: it is none. */
export const render = (value) => {
  if (value instanceof Streamed) return Promise.resolve(sink(value.stream).end())
  return value instanceof Response ? send(value) : undefined
}

define({
  awslambda: {
    streamifyResponse,
    HttpResponseStream: { from: (stream, prelude) => { respond(stream, prelude); return stream } },
  },
})

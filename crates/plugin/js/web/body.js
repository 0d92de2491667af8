// What Request and Response share: extracting a body and reading it once (Fetch Standard §5.2–5.3).
import { native } from '../host.js'
import { Blob, blobBytes, join } from './blob.js'
import { bytesOf, utf8 } from './encoding.js'
import { FormData, decodeForm, encodeForm } from './form-data.js'
import { formDecode } from './form-urlencoded.js'
import { ReadableStream } from './streams.js'
import { URLSearchParams } from './url.js'

const once = (bytes) => new ReadableStream({
  type: 'bytes',
  start(controller) {
    if (bytes.length > 0) controller.enqueue(bytes.slice())
    controller.close()
  },
})

/** A body: its bytes when they are all known, else its stream; and the type it brings. */
export const extract = (init) => {
  if (init == null) return { bytes: null, stream: null, type: null, source: null }
  if (init instanceof ReadableStream) {
    if (init.locked) throw new TypeError('Response body object should not be disturbed or locked')
    return { bytes: null, stream: init, type: null, source: null }
  }
  if (init instanceof Blob) return { bytes: blobBytes(init), stream: null, type: init.type || null, source: init }
  if (init instanceof FormData) return { stream: null, source: init, ...encodeForm(init) }
  if (init instanceof URLSearchParams) return { bytes: utf8(init.toString()), stream: null, type: 'application/x-www-form-urlencoded;charset=UTF-8', source: init }
  if (init instanceof ArrayBuffer || ArrayBuffer.isView(init)) return { bytes: bytesOf(init).slice(), stream: null, type: null, source: init }
  if (typeof init === 'object' && typeof init[Symbol.asyncIterator] === 'function') return { bytes: null, stream: ReadableStream.from(init), type: null, source: null }
  return { bytes: utf8(init), stream: null, type: 'text/plain;charset=UTF-8', source: init }
}

/** All bytes of a stream of byte chunks. */
export const drain = async (stream) => {
  const reader = stream.getReader()
  const chunks = []
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return join(chunks)
    if (!(value instanceof Uint8Array)) throw new TypeError('Received non-Uint8Array chunk')
    chunks.push(value)
  }
}

export class Body {
  _body = null
  _used = false
  _setBody(body) {
    Object.defineProperty(this, '_body', { value: body, enumerable: false, writable: true, configurable: true })
    Object.defineProperty(this, '_used', { value: false, enumerable: false, writable: true, configurable: true })
  }
  get body() {
    const body = this._body
    if (body === null || (body.bytes === null && body.stream === null)) return null
    return (body.stream ??= once(body.bytes))
  }
  get bodyUsed() { return this._used || Boolean(this._body?.stream?._disturbed) }
  async _consume() {
    const body = this._body
    if (body === null || (body.bytes === null && body.stream === null)) return new Uint8Array(0)
    if (this.bodyUsed || body.stream?.locked) throw new TypeError('Body is unusable: Body has already been read')
    this._used = true
    if (body.stream === null) return body.bytes
    return drain(body.stream)
  }
  async arrayBuffer() { return (await this._consume()).slice().buffer }
  async bytes() { return (await this._consume()).slice() }
  async text() { return native.fromUtf8(await this._consume()).replace(/^\ufeff/, '') }
  async json() { return JSON.parse(await this.text()) }
  async blob() {
    const bytes = await this._consume()
    return new Blob([bytes], { type: this.headers.get('content-type') ?? '' })
  }
  async formData() {
    const type = this.headers.get('content-type') ?? ''
    const bytes = await this._consume()
    const boundary = /^multipart\/form-data\s*;.*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type)
    if (boundary) return decodeForm(bytes, boundary[1] ?? boundary[2])
    if (!/^application\/x-www-form-urlencoded/i.test(type)) throw new TypeError('Content-Type was not one of "multipart/form-data" or "application/x-www-form-urlencoded".')
    const form = new FormData()
    for (const [name, value] of formDecode(native.fromUtf8(bytes))) form.append(name, value)
    return form
  }
  /** A second body with the same content; the first keeps its own. */
  _clone() {
    if (this.bodyUsed || this._body?.stream?.locked) throw new TypeError('Body is unusable: Body has already been read')
    const body = this._body
    if (body === null || body.stream === null) return body && { ...body }
    const [first, second] = body.stream.tee()
    body.stream = first
    return { ...body, stream: second }
  }
}

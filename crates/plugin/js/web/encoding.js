// TextEncoder and TextDecoder (Encoding Standard), their streams, atob and btoa.
import { define, idl, native } from '../host.js'
import { DOMException } from './dom-exception.js'
import { TransformStream } from './streams.js'

const EMPTY = new Uint8Array(0)
const wellFormed = (value) => { const text = String(value); return text.isWellFormed() ? text : text.toWellFormed() }

/** UTF-8 of a string; lone surrogates become U+FFFD. */
export const utf8 = (text) => native.utf8(wellFormed(text))

/** The bytes of any BufferSource, not copied. */
export const bytesOf = (source, name = 'input') => {
  if (source instanceof Uint8Array) return source
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
  if (source instanceof ArrayBuffer) return new Uint8Array(source)
  throw new TypeError(`The "${name}" argument must be an instance of ArrayBuffer or ArrayBufferView`)
}

export class TextEncoder {
  get encoding() { return 'utf-8' }
  encode(input = '') { const text = wellFormed(input); return text === '' ? new Uint8Array(0) : native.utf8(text) }
  encodeInto(source, destination) {
    if (!(destination instanceof Uint8Array)) throw new TypeError('The "destination" argument must be an instance of Uint8Array')
    const text = wellFormed(source)
    const room = destination.length
    let read = text.length
    let bytes = native.utf8(text)
    if (bytes.length > room) {
      let end = room
      while (end > 0 && (bytes[end] & 0xc0) === 0x80) end--
      bytes = bytes.subarray(0, end)
      read = native.fromUtf8(bytes).length
    }
    destination.set(bytes)
    return { read, written: bytes.length }
  }
}
idl(TextEncoder)

export class TextDecoder {
  #encoding
  #fatal
  #ignoreBOM
  #decoder = null
  constructor(label = 'utf-8', options = {}) {
    const name = native.encodingName(String(label))
    if (name === undefined) throw Object.assign(new RangeError(`The "${label}" encoding is not supported`), { code: 'ERR_ENCODING_NOT_SUPPORTED' })
    this.#encoding = name
    this.#fatal = Boolean(options?.fatal)
    this.#ignoreBOM = Boolean(options?.ignoreBOM)
  }
  get encoding() { return this.#encoding }
  get fatal() { return this.#fatal }
  get ignoreBOM() { return this.#ignoreBOM }
  decode(input = EMPTY, options = {}) {
    const bytes = bytesOf(input)
    const stream = Boolean(options?.stream)
    this.#decoder ??= native.decoder(this.#encoding, this.#ignoreBOM)
    const decoder = this.#decoder
    if (!stream) this.#decoder = null
    try {
      return native.decode(decoder, bytes, !stream, this.#fatal)
    } catch {
      this.#decoder = null
      const error = new TypeError(`The encoded data was not valid for encoding ${this.#encoding}`)
      throw Object.assign(error, { code: 'ERR_ENCODING_INVALID_ENCODED_DATA' })
    }
  }
}
idl(TextDecoder)

export class TextEncoderStream {
  #stream
  #pending = ''
  constructor() {
    this.#stream = new TransformStream({
      transform: (chunk, controller) => {
        let text = this.#pending + String(chunk)
        this.#pending = ''
        const last = text.charCodeAt(text.length - 1)
        if (last >= 0xd800 && last <= 0xdbff) {
          this.#pending = text[text.length - 1]
          text = text.slice(0, -1)
        }
        if (text !== '') controller.enqueue(utf8(text))
      },
      flush: (controller) => { if (this.#pending !== '') controller.enqueue(utf8(this.#pending)) },
    })
  }
  get encoding() { return 'utf-8' }
  get readable() { return this.#stream.readable }
  get writable() { return this.#stream.writable }
}
idl(TextEncoderStream)

export class TextDecoderStream {
  #decoder
  #stream
  constructor(label, options) {
    const decoder = new TextDecoder(label, options)
    this.#decoder = decoder
    this.#stream = new TransformStream({
      transform(chunk, controller) {
        const text = decoder.decode(bytesOf(chunk, 'chunk'), { stream: true })
        if (text !== '') controller.enqueue(text)
      },
      flush(controller) {
        const text = decoder.decode()
        if (text !== '') controller.enqueue(text)
      },
    })
  }
  get encoding() { return this.#decoder.encoding }
  get fatal() { return this.#decoder.fatal }
  get ignoreBOM() { return this.#decoder.ignoreBOM }
  get readable() { return this.#stream.readable }
  get writable() { return this.#stream.writable }
}
idl(TextDecoderStream)

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

export const btoa = (data) => {
  const text = String(data)
  for (let index = 0; index < text.length; index++) {
    if (text.charCodeAt(index) > 255) throw new DOMException('Invalid character', 'InvalidCharacterError')
  }
  return native.base64(native.fromLatin1(text))
}

export const atob = (data) => {
  const text = String(data).replace(/[\t\n\f\r ]/g, '')
  if (!BASE64.test(text)) throw new DOMException('The string to be decoded is not correctly encoded.', 'InvalidCharacterError')
  return native.latin1(native.fromBase64(text))
}

define({ TextEncoder, TextDecoder, TextEncoderStream, TextDecoderStream, atob, btoa })

// node:buffer: the `buffer` package, its encodings done natively.
import * as base from 'buffer/'
import { native } from '../host.js'
import { coded } from './errors.js'

const { Buffer } = base
const ENCODERS = { base64: native.base64, base64url: native.base64url, hex: native.hex, latin1: native.latin1, binary: native.latin1, utf8: native.fromUtf8, 'utf-8': native.fromUtf8 }
const DECODERS = { base64: native.fromBase64, base64url: native.fromBase64, hex: native.fromHex, latin1: native.fromLatin1, binary: native.fromLatin1 }
const utf8 = (text) => native.utf8(text.isWellFormed() ? text : text.toWellFormed())
const encodingOf = (encoding) => (encoding === undefined || encoding === null ? 'utf8' : String(encoding).toLowerCase())
const decoderOf = (encoding) => (encoding === 'utf8' || encoding === 'utf-8' ? utf8 : DECODERS[encoding])
const asBuffer = (bytes) => Object.setPrototypeOf(bytes, Buffer.prototype)

/** Bytes of a string in an encoding that we do natively, or null. */
const decode = (text, encoding) => decoderOf(encodingOf(encoding))?.(text) ?? null

// By it libraries know a polyfill that lacks what Node's has.
delete Buffer.TYPED_ARRAY_SUPPORT

const from = Buffer.from
Buffer.from = function (value, encoding, length) {
  if (typeof value === 'string') {
    const bytes = decode(value, encoding)
    if (bytes) return asBuffer(bytes)
  }
  return from(value, encoding, length)
}

const { toString, write, fill, indexOf, lastIndexOf } = Buffer.prototype
const lastOf = (value, otherwise) => (value === undefined ? otherwise : Math.trunc(Number(value)) || 0)
Buffer.prototype.toString = function (encoding, start, end) {
  if (this.length === 0) return ''
  const encode = ENCODERS[encodingOf(encoding)]
  if (!encode) return toString.call(this, encoding, start, end)
  if (start === undefined && end === undefined) return encode(this)
  const first = Math.max(0, lastOf(start, 0))
  return encode(this.subarray(first, Math.max(first, Math.min(lastOf(end, this.length), this.length))))
}
Buffer.prototype.toLocaleString = Buffer.prototype.toString
Buffer.prototype.write = function (text, offset, length, encoding) {
  if (typeof offset === 'string') [encoding, offset, length] = [offset, undefined, undefined]
  else if (typeof length === 'string') [encoding, length] = [length, undefined]
  if (typeof text !== 'string') return write.call(this, text, offset, length, encoding)
  const bytes = decode(text, encoding)
  if (!bytes) return length === undefined ? offset === undefined ? write.call(this, text, encoding) : write.call(this, text, offset, encoding) : write.call(this, text, offset, length, encoding)
  const at = offset ?? 0
  if (at < 0 || at > this.length) throw coded(RangeError, 'ERR_OUT_OF_RANGE', `The value of "offset" is out of range. It must be >= 0 && <= ${this.length}. Received ${at}`)
  let room = Math.min(bytes.length, this.length - at, length ?? Infinity)
  const isUtf8 = decoderOf(encodingOf(encoding)) === utf8
  if (isUtf8 && room < bytes.length) while (room > 0 && (bytes[room] & 0xc0) === 0x80) room--
  this.set(room === bytes.length ? bytes : bytes.subarray(0, room), at)
  return room
}
const withBytes = (method) => function (value, ...rest) {
  const encoding = rest.find((item) => typeof item === 'string')
  if (typeof value === 'string' && encodingOf(encoding) === 'base64url') return method.call(this, asBuffer(native.fromBase64(value)), ...rest.filter((item) => item !== encoding))
  return method.call(this, value, ...rest)
}
Buffer.prototype.fill = withBytes(fill)
Buffer.prototype.indexOf = withBytes(indexOf)
Buffer.prototype.lastIndexOf = withBytes(lastIndexOf)
Object.assign(Buffer.prototype, {
  utf8Slice(start, end) { return this.toString('utf8', start, end) }, latin1Slice(start, end) { return this.toString('latin1', start, end) },
  hexSlice(start, end) { return this.toString('hex', start, end) }, base64Slice(start, end) { return this.toString('base64', start, end) },
  utf8Write(text, offset, length) { return this.write(text, offset, length, 'utf8') }, latin1Write(text, offset, length) { return this.write(text, offset, length, 'latin1') },
})
for (const name of Object.keys(Buffer.prototype)) {
  const descriptor = Object.getOwnPropertyDescriptor(Buffer.prototype, name)
  if (!descriptor.configurable) continue
  Object.defineProperty(Buffer.prototype, name, { ...descriptor, enumerable: false })
  // Node spells these both ways.
  if (/^(read|write).*UInt/.test(name)) Object.defineProperty(Buffer.prototype, name.replace('UInt', 'Uint'), { ...descriptor, enumerable: false })
}

const isEncoding = Buffer.isEncoding
Buffer.isEncoding = (encoding) => typeof encoding === 'string' && (encoding.toLowerCase() === 'base64url' || isEncoding(encoding))
const byteLength = Buffer.byteLength
Buffer.byteLength = (value, encoding) => (typeof value === 'string' ? (decode(value, encoding)?.length ?? byteLength(value, encoding)) : byteLength(value, encoding))
Buffer.compare = (a, b) => {
  const length = Math.min(a.length, b.length)
  for (let index = 0; index < length; index++) if (a[index] !== b[index]) return a[index] < b[index] ? -1 : 1
  return Math.sign(a.length - b.length)
}
Buffer.copyBytesFrom = (view, offset = 0, length = view.length - offset) => {
  const part = view.subarray(offset, offset + length)
  return asBuffer(new Uint8Array(part.buffer, part.byteOffset, part.byteLength).slice())
}
Buffer.poolSize = 8192
const inspectSymbol = Symbol.for('nodejs.util.inspect.custom')
Object.defineProperty(Buffer.prototype, inspectSymbol, {
  value() {
    const shown = native.hex(this.subarray(0, 50)).replace(/..(?=.)/g, '$& ')
    const more = this.length > 50 ? ` ... ${this.length - 50} more byte${this.length > 51 ? 's' : ''}` : ''
    return `<Buffer${shown === '' ? '' : ` ${shown}`}${more}>`
  },
  configurable: true, writable: true,
})

const kMaxLength = 0x7fffffff
const kStringMaxLength = 0x1fffffe8
const transcode = (source, fromEncoding, toEncoding) => Buffer.from(Buffer.from(source).toString(fromEncoding), toEncoding)
const isAscii = (input) => new Uint8Array(input.buffer ?? input).every((byte) => byte < 128)

export const buffer = {
  Buffer, SlowBuffer: base.SlowBuffer, Blob, File, atob, btoa, kMaxLength, kStringMaxLength, constants: { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: kStringMaxLength },
  INSPECT_MAX_BYTES: 50, isUtf8: (input) => native.isUtf8(input instanceof ArrayBuffer ? new Uint8Array(input) : input), isAscii, transcode, resolveObjectURL: () => undefined,
}
export { Buffer }
export default buffer

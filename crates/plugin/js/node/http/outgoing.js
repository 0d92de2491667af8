// OutgoingMessage and ServerResponse: HTTP/1.1 bytes into a socket-like object, as frameworks' Lambda adapters expect.
import { Buffer } from '../buffer.js'
import { callable } from '../callable.js'
import { coded, invalidType } from '../errors.js'
import { Stream } from './stream-base.js'
import { STATUS_CODES } from './status.js'

const TOKEN = /^[\^_`a-zA-Z\-0-9!#$%&'*+.|~]+$/
// eslint-disable-next-line no-control-regex
const BAD_VALUE = /[^\t\x20-\x7e\x80-\xff]/
export const checkName = (name) => { if (typeof name !== 'string' || !TOKEN.test(name)) throw coded(TypeError, 'ERR_INVALID_HTTP_TOKEN', `Header name must be a valid HTTP token ["${name}"]`) }
export const checkValue = (name, value) => {
  if (value === undefined) throw coded(TypeError, 'ERR_HTTP_INVALID_HEADER_VALUE', `Invalid value "${value}" for header "${name}"`)
  if (BAD_VALUE.test(String(value))) throw coded(TypeError, 'ERR_INVALID_CHAR', `Invalid character in header content ["${name}"]`)
}

export const OutgoingMessage = callable(class OutgoingMessage extends Stream {
  constructor() {
    super()
    Object.assign(this, {
      _header: null, _headerSent: false, _headers: new Map(), outputData: [], outputSize: 0, writable: true, destroyed: false, finished: false, _last: false, chunkedEncoding: false, shouldKeepAlive: true, useChunkedEncodingByDefault: true,
      sendDate: false, _hasBody: true, _trailer: '', socket: null, _closed: false, errored: null, maxRequestsOnConnectionReached: false, strictContentLength: false,
    })
  }
  get headersSent() { return Boolean(this._header) }
  get connection() { return this.socket }
  get writableEnded() { return this.finished }
  get writableFinished() { return this.finished && this.outputSize === 0 }
  get writableLength() { return this.outputSize }
  get writableHighWaterMark() { return 16_384 }
  get writableObjectMode() { return false }
  get writableCorked() { return 0 }
  get writableNeedDrain() { return false }
  setHeader(name, value) {
    if (this._header) throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot set headers after they are sent to the client')
    checkName(name)
    for (const one of [value].flat()) checkValue(name, one)
    this._headers.set(name.toLowerCase(), [name, value])
    return this
  }
  setHeaders(headers) { for (const [name, value] of headers) this.setHeader(name, value); return this }
  appendHeader(name, value) {
    const before = this.getHeader(name)
    return this.setHeader(name, before === undefined ? value : [before, value].flat())
  }
  getHeader(name) { if (typeof name !== 'string') throw invalidType('name', 'of type string', name); return this._headers.get(name.toLowerCase())?.[1] }
  hasHeader(name) { return this._headers.has(String(name).toLowerCase()) }
  removeHeader(name) {
    if (this._header) throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot remove headers after they are sent to the client')
    this._headers.delete(String(name).toLowerCase())
  }
  getHeaders() { return Object.assign(Object.create(null), Object.fromEntries([...this._headers].map(([key, [, value]]) => [key, value]))) }
  getHeaderNames() { return [...this._headers.keys()] }
  getRawHeaderNames() { return [...this._headers.values()].map(([name]) => name) }
  flushHeaders() { if (!this._header) this._implicitHeader(); this._send('') }
  addTrailers(trailers) { for (const [name, value] of Object.entries(trailers)) this._trailer += `${name}: ${value}\r\n` }
  setTimeout(_ms, callback) { if (callback) this.once('timeout', callback); return this }
  cork() {}
  uncork() {}
  destroy(error) { this.destroyed = true; this.errored = error ?? null; this.socket?.destroy?.(error); return this }
  assignSocket(socket) { this.socket = socket; this._flushOutput(); this.emit('socket', socket) }
  detachSocket() { this.socket = null }
  _flushOutput() {
    const waiting = this.outputData
    this.outputData = []
    this.outputSize = 0
    for (const { data, encoding, callback } of waiting) this.socket.write(data, encoding, callback)
  }
  _storeHeader(firstLine, headers) {
    const lines = [...headers.values()].flatMap(([name, value]) => (Array.isArray(value) && name.toLowerCase() !== 'cookie' ? value : [value]).map((one) => `${name}: ${one}\r\n`))
    const has = (name) => headers.has(name)
    if (this.sendDate && !has('date')) lines.push(`Date: ${new Date().toUTCString()}\r\n`)
    if (!has('connection')) lines.push(`Connection: ${this.shouldKeepAlive ? 'keep-alive' : 'close'}\r\n`)
    if (this._hasBody && !has('content-length') && !has('transfer-encoding')) {
      if (this._contentLength !== undefined) lines.push(`Content-Length: ${this._contentLength}\r\n`)
      else if (this.useChunkedEncodingByDefault) { this.chunkedEncoding = true; lines.push('Transfer-Encoding: chunked\r\n') }
    }
    this._header = `${firstLine}${lines.join('')}\r\n`
  }
  _send(data, encoding, callback) {
    if (!this._headerSent && this._header) { this._headerSent = true; this._raw(this._header, 'latin1') }
    return data.length === 0 && !callback ? true : this._raw(data, encoding, callback)
  }
  _raw(data, encoding, callback) {
    if (this.socket) return this.socket.write(data, encoding, callback)
    this.outputData.push({ data, encoding, callback })
    this.outputSize += data.length
    return true
  }
  write(chunk, encoding, callback) {
    if (typeof encoding === 'function') [encoding, callback] = [undefined, encoding]
    if (chunk === null || (typeof chunk !== 'string' && !(chunk instanceof Uint8Array))) throw invalidType('chunk', 'of type string or an instance of Buffer or Uint8Array', chunk)
    if (this.finished) {
      const error = coded(Error, 'ERR_STREAM_WRITE_AFTER_END', 'write after end')
      process.nextTick(() => { callback?.(error); this.emit('error', error) })
      return false
    }
    if (!this._header) this._implicitHeader()
    if (!this._hasBody) { if (callback) process.nextTick(callback); return true }
    if (!this.chunkedEncoding || chunk.length === 0) return this._send(chunk, encoding, callback)
    const size = typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.length
    this._send(`${size.toString(16)}\r\n`, 'latin1')
    this._send(chunk, encoding)
    return this._send('\r\n', 'latin1', callback)
  }
  end(chunk, encoding, callback) {
    if (typeof chunk === 'function') [chunk, callback] = [undefined, chunk]
    else if (typeof encoding === 'function') [encoding, callback] = [undefined, encoding]
    if (this.finished) { if (callback) process.nextTick(callback); return this }
    if (chunk != null) {
      if (!this._header) this._contentLength = typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : chunk.length
      this.write(chunk, encoding)
    } else if (!this._header) { this._contentLength = 0; this._implicitHeader() }
    if (callback) this.once('finish', callback)
    const finish = () => { this.emit('finish'); if (!this._closed) { this._closed = true; this.emit('close') } }
    if (this._hasBody && this.chunkedEncoding) this._send(`0\r\n${this._trailer}\r\n`, 'latin1', finish)
    else { this._send('', 'latin1'); process.nextTick(finish) }
    this.finished = this._last = true
    this.writable = false
    return this
  }
  pipe() { this.emit('error', coded(Error, 'ERR_STREAM_CANNOT_PIPE', 'Cannot pipe, not readable')) }
})

export const ServerResponse = callable(class ServerResponse extends OutgoingMessage {
  constructor(request = {}, options) {
    super(options)
    this.statusCode = 200
    this.statusMessage = undefined
    this.req = request
    this.sendDate = true
    if (request.method === 'HEAD') this._hasBody = false
  }
  _implicitHeader() { this.writeHead(this.statusCode) }
  writeHead(status, message, headers) {
    if (this._header) throw coded(Error, 'ERR_HTTP_HEADERS_SENT', 'Cannot write headers after they are sent to the client')
    const code = Number(status) | 0
    if (code < 100 || code > 999) throw coded(RangeError, 'ERR_HTTP_INVALID_STATUS_CODE', `Invalid status code: ${status}`)
    if (typeof message !== 'string') [message, headers] = [undefined, headers ?? message]
    this.statusCode = code
    this.statusMessage = message ?? this.statusMessage ?? STATUS_CODES[code] ?? 'unknown'
    const pairs = Array.isArray(headers) ? Array.isArray(headers[0]) ? headers : headers.flatMap((item, index) => (index % 2 === 0 ? [[item, headers[index + 1]]] : [])) : Object.entries(headers ?? {})
    for (const [name, value] of pairs) this.setHeader(name, value)
    if (code === 204 || code === 304 || code < 200) this._hasBody = false
    this._storeHeader(`HTTP/1.1 ${code} ${this.statusMessage}\r\n`, this._headers)
    return this
  }
  writeContinue(callback) { this._raw('HTTP/1.1 100 Continue\r\n\r\n', 'latin1', callback) }
  writeProcessing() {}
  writeEarlyHints(_hints, callback) { callback?.() }
  _writeRaw(...args) { return this._raw(...args) }
})
ServerResponse.prototype.writeHeader = ServerResponse.prototype.writeHead

// IncomingMessage, and ClientRequest over fetch.
import { Buffer } from '../buffer.js'
import { callable } from '../callable.js'
import { EventEmitter } from '../events.js'
import { coded } from '../errors.js'
import { Readable } from '../stream.js'
import urlModule from '../url.js'
import { OutgoingMessage } from './outgoing.js'

/** Repeated ones of these are dropped; others are joined. */
const ONLY_ONCE = new Set(['age', 'authorization', 'content-length', 'content-type', 'etag', 'expires', 'from', 'host', 'if-modified-since', 'if-unmodified-since', 'last-modified', 'location', 'max-forwards', 'proxy-authorization', 'referer', 'retry-after', 'server', 'user-agent'])

export const IncomingMessage = callable(class IncomingMessage extends Readable {
  constructor(socket) {
    super({ autoDestroy: true, highWaterMark: socket?.readableHighWaterMark })
    Object.assign(this, { httpVersionMajor: 1, httpVersionMinor: 1, httpVersion: '1.1', complete: false, rawHeaders: [], rawTrailers: [], headers: {}, headersDistinct: {}, trailers: {}, aborted: false, upgrade: null, url: '', method: null, statusCode: null, statusMessage: null, joinDuplicateHeaders: false, socket: socket ?? null })
    this._dumped = false
  }
  get connection() { return this.socket }
  set connection(value) { this.socket = value }
  _read() {}
  setTimeout(_ms, callback) { if (callback) this.once('timeout', callback); return this }
  /** Names and values in turn, as parsers and adapters give them. */
  _addHeaderLines(lines, count) { for (let at = 0; at < count; at += 2) this._addHeaders([[lines[at], lines[at + 1]]]) }
  _addHeaders(pairs) {
    for (const [name, value] of pairs) {
      const key = name.toLowerCase()
      this.rawHeaders.push(name, value);
      (this.headersDistinct[key] ??= []).push(value)
      if (key === 'set-cookie') (this.headers[key] ??= []).push(value)
      else if (!(key in this.headers)) this.headers[key] = value
      else if (!ONLY_ONCE.has(key)) this.headers[key] += `${key === 'cookie' ? '; ' : ', '}${value}`
    }
  }
})

export const Agent = callable(class Agent extends EventEmitter {
  constructor(options = {}) { super(); Object.assign(this, { options: { ...options }, requests: {}, sockets: {}, freeSockets: {}, maxSockets: options.maxSockets ?? Infinity, maxFreeSockets: 256, maxTotalSockets: Infinity, keepAlive: options.keepAlive ?? false, keepAliveMsecs: 1000, defaultPort: 80, protocol: 'http:' }) }
  getName() { return '' }
  destroy() {}
})
export const globalAgent = new Agent({ keepAlive: true })

const addressOf = (options, protocol) => {
  const host = options.hostname ?? options.host ?? 'localhost'
  const bracketed = host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
  const port = options.port ?? options.defaultPort
  return new URL(`${options.protocol ?? protocol}//${bracketed}${port ? `:${port}` : ''}${options.path ?? '/'}`)
}

export class ClientRequest extends OutgoingMessage {
  #chunks = []
  #controller = new AbortController()
  #timeout = 0
  constructor(input, options, callback, protocol = 'http:') {
    super()
    if (typeof input === 'string') input = new URL(input)
    if (typeof options === 'function') [options, callback] = [{}, options]
    const all = { ...(input instanceof URL ? urlModule.urlToHttpOptions(input) : input), ...options }
    const url = addressOf(all, protocol)
    if (all.protocol && all.protocol !== protocol && !all.agent) throw coded(TypeError, 'ERR_INVALID_PROTOCOL', `Protocol "${all.protocol}" not supported. Expected "${protocol}"`)
    Object.assign(this, { method: (all.method ?? 'GET').toUpperCase(), path: all.path ?? '/', host: url.hostname, protocol: url.protocol, agent: all.agent ?? globalAgent, reusedSocket: false, aborted: false, res: null, maxHeadersCount: null })
    this._url = url
    for (const [name, value] of Array.isArray(all.headers) ? [] : Object.entries(all.headers ?? {})) if (value !== undefined) this.setHeader(name, value)
    if (!this.hasHeader('host')) this.setHeader('Host', url.host)
    if (all.auth && !this.hasHeader('authorization')) this.setHeader('Authorization', `Basic ${Buffer.from(all.auth).toString('base64')}`)
    if (callback) this.once('response', callback)
    if (all.timeout) this.setTimeout(all.timeout)
    all.signal?.addEventListener('abort', () => this.destroy(all.signal.reason), { once: true })
    queueMicrotask(() => { if (!this.destroyed) { this.socket = socketLike(); this.emit('socket', this.socket); this.socket.emit('connect'); this.socket.emit('secureConnect') } })
  }
  _implicitHeader() { this._header = `${this.method} ${this.path} HTTP/1.1\r\n\r\n`; this._headerSent = true }
  _raw(data, encoding, callback) {
    if (data.length > 0) this.#chunks.push(typeof data === 'string' ? Buffer.from(data, encoding) : Buffer.from(data))
    if (callback) process.nextTick(callback)
    return true
  }
  end(...args) {
    super.end(...args)
    this.#run().catch((error) => this.#fail(error))
    return this
  }
  async #run() {
    const headers = [...this._headers.values()].flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)])).filter(([name]) => !/^(host|connection|content-length|transfer-encoding|expect)$/i.test(name))
    const body = this.#chunks.length > 0 && !['GET', 'HEAD'].includes(this.method) ? Buffer.concat(this.#chunks) : undefined
    const timer = this.#timeout ? setTimeout(() => this.emit('timeout'), this.#timeout) : null
    let response
    try {
      response = await fetch(this._url, { method: this.method, headers, body, redirect: 'manual', signal: this.#controller.signal })
    } finally { clearTimeout(timer) }
    if (this.destroyed) return
    const message = new IncomingMessage(this.socket)
    Object.assign(message, { statusCode: response.status, statusMessage: response.statusText, url: '', req: this })
    message._addHeaders([...response.headers])
    this.res = message
    if (this.listenerCount('response') === 0) message.resume()
    this.emit('response', message)
    const reader = response.body?.getReader()
    for (;;) {
      const { done, value } = reader ? await reader.read() : { done: true }
      if (done) break
      message.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
    }
    message.complete = true
    message.push(null)
  }
  #fail(error) {
    if (this.destroyed && !this.errored) return
    const cause = error?.cause?.code ? error.cause : error
    if (this.res) this.res.destroy(cause)
    else this.emit('error', this.errored ?? cause)
    this.emit('close')
  }
  abort() { this.aborted = true; this.emit('abort'); this.destroy() }
  destroy(error) {
    if (this.destroyed) return this
    this.destroyed = true
    this.errored = error ?? coded(Error, 'ECONNRESET', 'socket hang up')
    this.#controller.abort(this.errored)
    if (!this.finished) process.nextTick(() => { this.emit('error', this.errored); this.emit('close') })
    return this
  }
  setTimeout(ms, callback) { this.#timeout = ms; if (callback) this.once('timeout', callback); return this }
  setNoDelay() {}
  setSocketKeepAlive() {}
  onSocket() {}
}
const socketLike = () => Object.assign(new EventEmitter(), { remoteAddress: '', remotePort: 0, encrypted: false, connecting: false, destroyed: false, authorized: true, setTimeout() { return this }, setNoDelay() { return this }, setKeepAlive() { return this }, ref() { return this }, unref() { return this }, destroy() { this.destroyed = true; return this }, end() {}, write: () => true })

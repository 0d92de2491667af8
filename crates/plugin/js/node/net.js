// node:net and node:tls. Sockets can be made, extended and set up, as clients do when they are constructed; one that is to connect
// ends with a named error, as one that can't.
import { callable } from './callable.js'
import { unavailable } from './errors.js'
import { Duplex } from './stream.js'
import { stub, stubClass } from './unavailable.js'

const v4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/
const isIPv4 = (text) => v4.test(String(text))
const isIPv6 = (text) => {
  const address = String(text).split('%')[0]
  return address.includes(':') && URL.canParse(`http://[${address}]`)
}

const Socket = callable(class Socket extends Duplex {
  constructor(options = {}) {
    super({ allowHalfOpen: options?.allowHalfOpen ?? false })
    Object.assign(this, { connecting: false, pending: true, bytesRead: 0, bytesWritten: 0, timeout: 0, readyState: 'closed', _handle: null })
  }
  connect(...args) {
    const done = args.at(-1)
    if (typeof done === 'function') this.once('connect', done)
    this.connecting = true
    process.nextTick(() => { this.connecting = false; this.destroy(unavailable('net.Socket.connect')) })
    return this
  }
  _read() {}
  _write(_chunk, _encoding, callback) { callback(unavailable('net.Socket.write')) }
  setTimeout(ms, callback) { this.timeout = ms; if (callback) this.once('timeout', callback); return this }
  setNoDelay() { return this }
  setKeepAlive() { return this }
  ref() { return this }
  unref() { return this }
  address() { return {} }
  resetAndDestroy() { return this.destroy() }
  destroySoon() { this.destroy() }
})
const connect = (...args) => new Socket().connect(...args)

class JSStreamSocket extends Socket {}
const TLSSocket = callable(class TLSSocket extends Socket {
  constructor(socket, options) {
    super(options)
    Object.assign(this, { encrypted: true, authorized: false, authorizationError: null, alpnProtocol: null })
    // Where packages look for the class of a socket over a stream.
    if (socket) this._handle = { _parentWrap: new JSStreamSocket() }
  }
  getPeerCertificate() { return {} }
  getCipher() { return {} }
  getProtocol() { return null }
  getSession() {}
  isSessionReused() { return false }
})

export const net = stub('net', 'createServer', {
  Socket, Stream: Socket, connect, createConnection: connect,
  Server: stubClass('net', 'Server'), BlockList: stubClass('net', 'BlockList'), SocketAddress: stubClass('net', 'SocketAddress'),
  isIPv4, isIPv6, isIP: (text) => (isIPv4(text) ? 4 : isIPv6(text) ? 6 : 0),
  getDefaultAutoSelectFamily: () => true, setDefaultAutoSelectFamily() {},
  getDefaultAutoSelectFamilyAttemptTimeout: () => 250, setDefaultAutoSelectFamilyAttemptTimeout() {},
})
export const tls = stub('tls', 'createServer createSecurePair', {
  TLSSocket, connect: (...args) => new TLSSocket().connect(...args), createSecureContext: (options) => ({ context: {}, ...options }), checkServerIdentity() {}, getCiphers: () => [],
  Server: stubClass('tls', 'Server'), SecureContext: stubClass('tls', 'SecureContext'),
  DEFAULT_MIN_VERSION: 'TLSv1.2', DEFAULT_MAX_VERSION: 'TLSv1.3', DEFAULT_ECDH_CURVE: 'auto', DEFAULT_CIPHERS: '', rootCertificates: [], CLIENT_RENEG_LIMIT: 3, CLIENT_RENEG_WINDOW: 600,
})

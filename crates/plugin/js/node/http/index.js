// node:http and node:https: clients over fetch, messages for adapters; servers don't listen.
import { EventEmitter } from '../events.js'
import { unavailable } from '../errors.js'
import { Agent, ClientRequest, IncomingMessage, globalAgent } from './client.js'
import { OutgoingMessage, ServerResponse, checkName, checkValue } from './outgoing.js'
import { METHODS, STATUS_CODES } from './status.js'

/** Frameworks make a server and hand requests to its listener; only `listen` is refused. */
class Server extends EventEmitter {
  constructor(options, listener) {
    super()
    const handler = typeof options === 'function' ? options : listener
    if (handler) this.on('request', handler)
    Object.assign(this, { listening: false, timeout: 0, keepAliveTimeout: 5000, headersTimeout: 60_000, requestTimeout: 300_000, maxHeadersCount: null, maxRequestsPerSocket: 0 })
  }
  listen() { throw unavailable('http.Server.listen') }
  address() { return null }
  close(callback) { if (callback) process.nextTick(callback); return this }
  closeAllConnections() {}
  closeIdleConnections() {}
  setTimeout() { return this }
  getConnections(callback) { callback(null, 0) }
  ref() { return this }
  unref() { return this }
}
const clientOf = (protocol, agent) => {
  const request = (input, options, callback) => new ClientRequest(input, options, callback, protocol)
  return {
    Agent, globalAgent: agent, IncomingMessage, OutgoingMessage, ServerResponse, Server, METHODS, STATUS_CODES, maxHeaderSize: 16_384, request,
    get: (...args) => request(...args).end(),
    createServer: (options, listener) => new Server(options, listener),
    validateHeaderName: checkName, validateHeaderValue: checkValue, setMaxIdleHTTPParsers() {},
  }
}
const secureAgent = Object.assign(new Agent({ keepAlive: true }), { defaultPort: 443, protocol: 'https:' })

export const http = { ...clientOf('http:', globalAgent), ClientRequest, _connectionListener() {}, WebSocket: undefined }
export const https = { ...clientOf('https:', secureAgent), Agent: class HttpsAgent extends Agent { constructor(options) { super(options); this.defaultPort = 443; this.protocol = 'https:' } } }

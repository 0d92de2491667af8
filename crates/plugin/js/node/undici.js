// The package `undici`, which Node's own fetch is: its requests are ours. Dispatchers can be made and set, and change nothing.
import { Buffer } from './buffer.js'
import { unavailable } from './errors.js'
import { EventEmitter } from './events.js'
import { Readable, finished } from './stream.js'

const named = (name, base = EventEmitter) => ({ [name]: class extends base {} })[name]
class Dispatcher extends EventEmitter {
  #origin
  constructor(origin) { super(); this.#origin = typeof origin === 'string' || origin instanceof URL ? origin : undefined }
  async request(options, callback) {
    const { origin = this.#origin, path = '', ...rest } = options
    const answer = request(new URL(path, origin), rest)
    return callback ? answer.then((value) => callback(null, value), callback) : answer
  }
  async stream(options, factory) { return pipeInto(await this.request(options), factory, options.opaque) }
  dispatch() { throw unavailable('undici.Dispatcher.dispatch') }
  compose() { return this }
  async close() {}
  async destroy() {}
}
const dispatchers = Object.fromEntries('Agent Client Pool BalancedPool RoundRobinPool ProxyAgent EnvHttpProxyAgent RetryAgent H2CClient'.split(' ').map((name) => [name, named(name, Dispatcher)]))
const KEY = Symbol.for('undici.globalDispatcher.1')
globalThis[KEY] = new dispatchers.Agent()

/** Bodies as Node has them, with the methods of Fetch. */
const bodyOf = (response) => {
  const body = response.body === null ? Readable.from([]) : Readable.fromWeb(response.body)
  const whole = async () => { const chunks = []; for await (const chunk of body) chunks.push(chunk); return new Response(new Blob(chunks), { headers: response.headers }) }
  for (const name of ['json', 'text', 'arrayBuffer', 'blob', 'bytes', 'formData']) body[name] = async () => { const all = await whole(); return name === 'bytes' ? new Uint8Array(await all.arrayBuffer()) : all[name]() }
  body.dump = async () => { body.resume() }
  return body
}
const headersOf = (headers) => {
  const plain = {}
  for (const [name, value] of headers) plain[name] = name in plain ? [plain[name], value].flat() : value
  return plain
}
const pairs = (headers) => (Array.isArray(headers) && !Array.isArray(headers[0]) ? headers.flatMap((name, index) => (index % 2 === 0 ? [[name, headers[index + 1]]] : []))
  : Object.entries(headers ?? {}).flatMap(([name, value]) => [value].flat().filter((one) => one !== undefined && one !== null).map((one) => [name, String(one)])))

const request = async (input, { method = 'GET', headers, body, query, signal, opaque, throwOnError } = {}) => {
  const url = new URL(typeof input === 'object' && !(input instanceof URL) ? new URL(input.path ?? `${input.pathname ?? ''}${input.search ?? ''}`, input.origin) : input)
  for (const [name, value] of Object.entries(query ?? {})) for (const one of [value].flat()) url.searchParams.append(name, one)
  const sent = body?.[Symbol.asyncIterator] && !(body instanceof ReadableStream) ? Readable.toWeb(Readable.from(body)) : typeof body === 'string' ? Buffer.from(body) : body
  const response = await fetch(url, { method, headers: Array.isArray(headers?.[0]) || headers instanceof Headers ? headers : pairs(headers), body: sent, signal: signal instanceof AbortSignal ? signal : undefined, redirect: 'manual', duplex: 'half' })
  if (throwOnError && response.status >= 400) throw Object.assign(new errors.ResponseError(`Response status code ${response.status}`), { code: 'UND_ERR_RESPONSE', statusCode: response.status })
  return { statusCode: response.status, statusText: response.statusText, headers: headersOf(response.headers), body: bodyOf(response), trailers: {}, opaque, context: {} }
}
const pipeInto = async ({ statusCode, headers, body }, factory, opaque) => {
  const into = factory({ statusCode, headers, opaque })
  body.pipe(into)
  await new Promise((resolve, reject) => finished(into, { readable: false }, (error) => (error ? reject(error) : resolve())))
  return { opaque, trailers: {} }
}

const errors = {}
for (const name of 'UndiciError ConnectTimeoutError HeadersTimeoutError HeadersOverflowError BodyTimeoutError InvalidArgumentError InvalidReturnValueError RequestAbortedError InformationalError RequestContentLengthMismatchError ResponseContentLengthMismatchError ClientDestroyedError ClientClosedError SocketError NotSupportedError HTTPParserError ResponseExceededMaxSizeError RequestRetryError ResponseError SecureProxyConnectionError'.split(' ')) {
  errors[name] = { [name]: class extends (name === 'UndiciError' ? Error : errors.UndiciError) { name = name } }[name]
}
const refused = Object.fromEntries('pipeline connect upgrade buildConnector'.split(' ').map((name) => [name, () => { throw unavailable(`undici.${name}`) }]))
const absent = Object.fromEntries('MockAgent MockClient MockPool SnapshotAgent WebSocket EventSource'.split(' ').map((name) => [name, class { constructor() { throw unavailable(`undici.${name}`) } }]))
const interceptor = () => (dispatch) => dispatch

export default {
  ...dispatchers, ...refused, ...absent, Dispatcher, errors, request,
  stream: async (url, options, factory) => pipeInto(await request(url, options), factory, options?.opaque),
  fetch: (input, init) => fetch(input, init), Headers, Request, Response, FormData, File, MessageEvent, ErrorEvent,
  setGlobalDispatcher(dispatcher) { globalThis[KEY] = dispatcher }, getGlobalDispatcher: () => globalThis[KEY], setGlobalOrigin() {}, getGlobalOrigin: () => undefined,
  interceptors: { redirect: interceptor, retry: interceptor, dump: interceptor, dns: interceptor, cache: interceptor, responseError: interceptor, decompress: interceptor }, install() {},
}

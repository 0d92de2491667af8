// Request (Fetch Standard §5.4).
import { define, idl } from '../host.js'
import { AbortController, AbortSignal } from './abort.js'
import { Body, extract } from './body.js'
import { Headers } from './headers.js'
import { URL } from './url.js'

const NORMAL = ['DELETE', 'GET', 'HEAD', 'OPTIONS', 'POST', 'PUT']
const FORBIDDEN = ['CONNECT', 'TRACE', 'TRACK']
const CHOICES = {
  redirect: ['follow', 'error', 'manual'],
  mode: ['navigate', 'same-origin', 'no-cors', 'cors'],
  credentials: ['omit', 'same-origin', 'include'],
  cache: ['default', 'no-store', 'reload', 'no-cache', 'force-cache', 'only-if-cached'],
}
const DEFAULTS = { redirect: 'follow', mode: 'cors', credentials: 'same-origin', cache: 'default', integrity: '', keepalive: false, referrer: 'about:client', referrerPolicy: '', duplex: 'half', destination: '' }

const methodOf = (value) => {
  const method = String(value)
  if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(method)) throw new TypeError(`'${method}' is not a valid HTTP method.`)
  const upper = method.toUpperCase()
  if (FORBIDDEN.includes(upper)) throw new TypeError(`'${method}' HTTP method is unsupported.`)
  return NORMAL.includes(upper) ? upper : method
}

export class Request extends Body {
  #url
  #method = 'GET'
  #headers
  #signal
  #options = { ...DEFAULTS }
  constructor(input, init = {}) {
    if (arguments.length === 0) throw new TypeError("Failed to construct 'Request': 1 argument required, but only 0 present.")
    super()
    const from = input instanceof Request ? input : null
    init ??= {}
    if (from) {
      this.#url = from.#url
      this.#method = from.#method
      Object.assign(this.#options, from.#options)
    } else {
      const url = parseAddress(input)
      if (url.username !== '' || url.password !== '') throw new TypeError(`Request cannot be constructed from a URL that includes credentials: ${url.href}`)
      this.#url = url.href
    }
    for (const [name, allowed] of Object.entries(CHOICES)) {
      if (init[name] === undefined) continue
      if (!allowed.includes(String(init[name]))) throw new TypeError(`The provided value '${init[name]}' is not a valid ${name}.`)
      this.#options[name] = String(init[name])
    }
    if (this.#options.mode === 'navigate') throw new TypeError("Cannot construct a Request with mode 'navigate'.")
    if (this.#options.cache === 'only-if-cached' && this.#options.mode !== 'same-origin') throw new TypeError("'only-if-cached' can be set only with 'same-origin' mode")
    if (init.window != null) throw new TypeError("'window' can only be null")
    for (const name of ['integrity', 'referrer', 'referrerPolicy']) if (init[name] !== undefined) this.#options[name] = String(init[name])
    if (init.keepalive !== undefined) this.#options.keepalive = Boolean(init.keepalive)
    if (init.method !== undefined) this.#method = methodOf(init.method)
    const signal = init.signal === undefined ? from?.signal : init.signal
    if (signal != null && !(signal instanceof AbortSignal)) throw new TypeError("Failed to construct 'Request': member signal is not of type AbortSignal.")
    this.#signal = signal ? AbortSignal.any([signal]) : new AbortController().signal
    this.#headers = new Headers(init.headers ?? (from ? [...from.#headers] : undefined))
    const given = init.body !== undefined && init.body !== null
    if ((given || (init.body === undefined && from?._body)) && (this.#method === 'GET' || this.#method === 'HEAD')) throw new TypeError('Request with GET/HEAD method cannot have body.')
    if (given) {
      const body = extract(init.body)
      if (body.bytes === null && init.duplex !== 'half') throw new TypeError('RequestInit: duplex option is required when sending a body.')
      this._setBody(body)
      if (body.type !== null && !this.#headers.has('content-type')) this.#headers.append('content-type', body.type)
    } else if (from?._body && init.body === undefined) {
      if (from.bodyUsed || from._body.stream?.locked) throw new TypeError('Cannot construct a Request with a Request object that has already been used.')
      this._setBody({ ...from._body })
      from._used = true
    } else this._setBody(null)
  }
  get method() { return this.#method }
  get url() { return this.#url }
  get headers() { return this.#headers }
  get signal() { return this.#signal }
  get redirect() { return this.#options.redirect }
  get mode() { return this.#options.mode }
  get credentials() { return this.#options.credentials }
  get cache() { return this.#options.cache }
  get integrity() { return this.#options.integrity }
  get keepalive() { return this.#options.keepalive }
  get referrer() { return this.#options.referrer }
  get referrerPolicy() { return this.#options.referrerPolicy }
  get destination() { return this.#options.destination }
  get duplex() { return this.#options.duplex }
  get isReloadNavigation() { return false }
  get isHistoryNavigation() { return false }
  clone() {
    const body = this._clone()
    const copy = new Request(this.#url, { ...this.#options, method: this.#method, headers: [...this.#headers], signal: this.#signal })
    copy._setBody(body)
    return copy
  }
}
idl(Request)

function parseAddress(input) {
  try {
    return new URL(input)
  } catch (cause) {
    throw Object.assign(new TypeError(`Failed to parse URL from ${String(input)}`), { cause })
  }
}

define({ Request })

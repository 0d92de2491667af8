// Response (Fetch Standard §5.5).
import { define, idl } from '../host.js'
import { Body, extract } from './body.js'
import { Headers, freezeHeaders } from './headers.js'
import { URL } from './url.js'

const NULL_BODY = [101, 103, 204, 205, 304]
const REDIRECT = [301, 302, 303, 307, 308]
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/

export class Response extends Body {
  #status = 200
  #statusText = ''
  #headers
  #type = 'default'
  #url = ''
  #redirected = false
  constructor(body = null, init = {}) {
    super()
    init ??= {}
    if (typeof init !== 'object' && typeof init !== 'function') throw new TypeError("Failed to construct 'Response': the init is not an object")
    if (init.status !== undefined) {
      const status = Math.trunc(Number(init.status)) & 0xffff
      if (status < 200 || status > 599) throw new RangeError(`init["status"] must be in the range of 200 to 599, inclusive.`)
      this.#status = status
    }
    if (init.statusText !== undefined) {
      if (!REASON.test(String(init.statusText))) throw new TypeError('Invalid statusText')
      this.#statusText = String(init.statusText)
    }
    this.#headers = new Headers(init.headers)
    if (body == null) { this._setBody(null); return }
    if (NULL_BODY.includes(this.#status)) throw new TypeError(`Response constructor: Invalid response status code ${this.#status}`)
    const extracted = extract(body)
    this._setBody(extracted)
    if (extracted.type !== null && !this.#headers.has('content-type')) this.#headers.append('content-type', extracted.type)
  }
  static error() {
    const response = new Response()
    response.#status = 0
    response.#type = 'error'
    freezeHeaders(response.#headers)
    return response
  }
  static redirect(url, status = 302) {
    if (arguments.length === 0) throw new TypeError("Failed to execute 'redirect' on 'Response': 1 argument required, but only 0 present.")
    const location = new URL(url).href
    if (!REDIRECT.includes(Math.trunc(Number(status)) & 0xffff)) throw new RangeError(`Invalid status code ${status}`)
    const response = new Response(null, { headers: { location } })
    response.#status = Number(status)
    freezeHeaders(response.#headers)
    return response
  }
  static json(data, init = {}) {
    if (arguments.length === 0) throw new TypeError("Failed to execute 'json' on 'Response': 1 argument required, but only 0 present.")
    const text = JSON.stringify(data)
    if (text === undefined) throw new TypeError('The data is not JSON serializable')
    const response = new Response(text, init)
    if (!new Headers(init?.headers).has('content-type')) response.#headers.set('content-type', 'application/json')
    return response
  }
  /** What `fetch` resolves to. */
  static _received({ url, status, statusText, headers, redirected, body, type = 'basic' }) {
    const response = new Response(null)
    response.#status = status
    response.#statusText = statusText
    response.#headers = freezeHeaders(new Headers(headers))
    response.#url = url
    response.#redirected = redirected
    response.#type = type
    response._setBody(body)
    return response
  }
  get type() { return this.#type }
  get url() { return this.#url }
  get redirected() { return this.#redirected }
  get status() { return this.#status }
  get ok() { return this.#status >= 200 && this.#status < 300 }
  get statusText() { return this.#statusText }
  get headers() { return this.#headers }
  clone() {
    const body = this._clone()
    const copy = new Response(null)
    copy.#status = this.#status
    copy.#statusText = this.#statusText
    copy.#headers = new Headers([...this.#headers])
    copy.#type = this.#type
    copy.#url = this.#url
    copy.#redirected = this.#redirected
    copy._setBody(body)
    return copy
  }
}
Object.defineProperty(Response, 'length', { value: 0 })
idl(Response)

export const received = Response._received
delete Response._received

define({ Response })

// Headers (Fetch Standard §5.1).
import { define, idl } from '../host.js'

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const EDGES = /^[\t\n\r ]+|[\t\n\r ]+$/g

/** A header's name as a byte string, or a TypeError. */
export const headerName = (value) => {
  const name = String(value)
  if (!NAME.test(name)) throw Object.assign(new TypeError(`Invalid header name: ${name}`), { code: 'ERR_INVALID_HTTP_TOKEN' })
  return name.toLowerCase()
}
const headerValue = (value) => {
  const text = String(value).replace(EDGES, '')
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code > 255) throw new TypeError(`Cannot convert argument to a ByteString because the character at index ${index} has a value of ${code} which is greater than 255.`)
    if (code === 0 || code === 10 || code === 13) throw new TypeError(`Invalid header value: ${text}`)
  }
  return text
}

/** Methods in which a header's guard forbids changes. */
const MESSAGE = 'immutable'

export class Headers {
  /** Lower-case name → values; Set-Cookie keeps them apart. */
  #map = new Map()
  #guard = 'none'
  constructor(init = undefined) {
    if (init === undefined) return
    if (init === null || (typeof init !== 'object' && typeof init !== 'function')) throw new TypeError("Failed to construct 'Headers': The provided value is not of type '(record<ByteString, ByteString> or sequence<sequence<ByteString>>)'.")
    this._fill(init)
  }
  _fill(init) {
    const iterate = init[Symbol.iterator]
    if (iterate != null) {
      if (typeof iterate !== 'function') throw new TypeError('The init is not iterable')
      for (const pair of { [Symbol.iterator]: () => iterate.call(init) }) {
        if (pair === null || typeof pair !== 'object' || typeof pair[Symbol.iterator] !== 'function') throw new TypeError('Each header pair must be iterable')
        const both = [...pair]
        if (both.length !== 2) throw new TypeError('Each header pair must be a name/value tuple')
        this.append(both[0], both[1])
      }
      return
    }
    for (const key of Reflect.ownKeys(init)) {
      const descriptor = Reflect.getOwnPropertyDescriptor(init, key)
      if (!descriptor?.enumerable) continue
      if (typeof key === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string')
      headerName(key)
      this.append(key, init[key])
    }
  }
  #change() { if (this.#guard === MESSAGE) throw new TypeError('immutable') }
  append(name, value) {
    need(arguments, 2)
    const [key, text] = [headerName(name), headerValue(value)]
    this.#change()
    const values = this.#map.get(key)
    if (values) values.push(text)
    else this.#map.set(key, [text])
  }
  delete(name) { need(arguments, 1); const key = headerName(name); this.#change(); this.#map.delete(key) }
  get(name) { need(arguments, 1); return this.#map.get(headerName(name))?.join(', ') ?? null }
  has(name) { need(arguments, 1); return this.#map.has(headerName(name)) }
  set(name, value) {
    need(arguments, 2)
    const [key, text] = [headerName(name), headerValue(value)]
    this.#change()
    this.#map.set(key, [text])
  }
  getSetCookie() { return [...(this.#map.get('set-cookie') ?? [])] }
  forEach(callback, self) {
    need(arguments, 1)
    if (typeof callback !== 'function') throw new TypeError("Failed to execute 'forEach' on 'Headers': parameter 1 is not of type 'Function'.")
    for (const [name, value] of this) callback.call(self, value, name, this)
  }
  entries() { return iterate(this, (pair) => pair) }
  keys() { return iterate(this, (pair) => pair[0]) }
  values() { return iterate(this, (pair) => pair[1]) }
  static _sorted(headers) {
    const names = [...headers.#map.keys()].sort()
    return names.flatMap((name) => (name === 'set-cookie'
      ? headers.#map.get(name).map((value) => [name, value])
      : [[name, headers.#map.get(name).join(', ')]]))
  }
  static _guard(headers, guard) { headers.#guard = guard; return headers }
}
Object.defineProperty(Headers, 'length', { value: 0 })
const { _sorted, _guard } = Headers
delete Headers._sorted
delete Headers._guard
idl(Headers)
Object.defineProperty(Headers.prototype, Symbol.iterator, { value: Headers.prototype.entries, writable: true, configurable: true })

/** Forbids further changes. */
export const freezeHeaders = (headers) => _guard(headers, MESSAGE)

const STATE = new WeakMap()
const ITERATOR = Object.create(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())), {
  next: {
    value: function next() {
      const state = STATE.get(this)
      if (!state) throw new TypeError('Illegal invocation')
      const list = _sorted(state.headers)
      return state.index < list.length ? { value: state.show(list[state.index++]), done: false } : { value: undefined, done: true }
    },
    enumerable: true, configurable: true, writable: true,
  },
  [Symbol.toStringTag]: { value: 'Headers Iterator', configurable: true },
})
function iterate(headers, show) {
  if (!(headers instanceof Headers)) throw new TypeError('Illegal invocation')
  const iterator = Object.create(ITERATOR)
  STATE.set(iterator, { headers, show, index: 0 })
  return iterator
}

function need(args, count) {
  if (args.length < count) throw new TypeError(`${count} argument${count > 1 ? 's' : ''} required, but only ${args.length} present.`)
}

define({ Headers })

// URL and URLSearchParams (URL Standard). Parsing is Rust's `url` crate; this holds its answer.
import { define, idl, native } from '../host.js'
import { formDecode, formEncode } from './form-urlencoded.js'

const HREF = 0
const PARTS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash']
const clean = (value) => String(value).toWellFormed()

export class URLSearchParams {
  #list = []
  #url = null
  constructor(init = '') {
    if (init !== null && typeof init === 'object' || typeof init === 'function') {
      const iterate = init[Symbol.iterator]
      if (iterate != null) {
        if (typeof iterate !== 'function') throw new TypeError('The init is not iterable')
        for (const pair of init) {
          if (pair === null || typeof pair !== 'object' || typeof pair[Symbol.iterator] !== 'function') throw new TypeError('Each query pair must be an iterable [name, value] tuple')
          const both = [...pair]
          if (both.length !== 2) throw new TypeError('Each query pair must be an iterable [name, value] tuple')
          this.#list.push([clean(both[0]), clean(both[1])])
        }
      } else {
        const record = new Map()
        for (const key of Reflect.ownKeys(init)) {
          if (!Object.getOwnPropertyDescriptor(init, key)?.enumerable) continue
          if (typeof key === 'symbol') throw new TypeError('Cannot convert a Symbol value to a string')
          record.set(clean(key), clean(init[key]))
        }
        this.#list = [...record]
      }
    } else {
      this.#list = formDecode(clean(init).replace(/^\?/, ''))
    }
  }
  static _of(url, query) {
    const params = new URLSearchParams()
    params.#list = formDecode(query)
    params.#url = url
    return params
  }
  static _reset(params, query) { params.#list = formDecode(query) }
  #changed() { if (this.#url) this.#url._setQuery(formEncode(this.#list)) }
  get size() { return this.#list.length }
  append(name, value) { need(arguments, 2); this.#list.push([clean(name), clean(value)]); this.#changed() }
  delete(name, value) {
    need(arguments, 1)
    const [key, only] = [clean(name), value === undefined ? undefined : clean(value)]
    this.#list = this.#list.filter((pair) => pair[0] !== key || (only !== undefined && pair[1] !== only))
    this.#changed()
  }
  get(name) { need(arguments, 1); const key = clean(name); return this.#list.find((pair) => pair[0] === key)?.[1] ?? null }
  getAll(name) { need(arguments, 1); const key = clean(name); return this.#list.filter((pair) => pair[0] === key).map((pair) => pair[1]) }
  has(name, value) {
    need(arguments, 1)
    const [key, only] = [clean(name), value === undefined ? undefined : clean(value)]
    return this.#list.some((pair) => pair[0] === key && (only === undefined || pair[1] === only))
  }
  set(name, value) {
    need(arguments, 2)
    const [key, text] = [clean(name), clean(value)]
    const first = this.#list.find((pair) => pair[0] === key)
    if (first) {
      first[1] = text
      this.#list = this.#list.filter((pair) => pair === first || pair[0] !== key)
    } else this.#list.push([key, text])
    this.#changed()
  }
  sort() {
    this.#list.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0))
    this.#changed()
  }
  forEach(callback, self) {
    if (typeof callback !== 'function') throw new TypeError('The callback is not a function')
    for (const [name, value] of this) callback.call(self, value, name, this)
  }
  entries() { return iterate(() => this.#list, (pair) => [pair[0], pair[1]]) }
  keys() { return iterate(() => this.#list, (pair) => pair[0]) }
  values() { return iterate(() => this.#list, (pair) => pair[1]) }
  toString() { return formEncode(this.#list) }
}
Object.defineProperty(URLSearchParams, 'length', { value: 0 })
idl(URLSearchParams)
Object.defineProperty(URLSearchParams.prototype, Symbol.iterator, { value: URLSearchParams.prototype.entries, writable: true, configurable: true })
const { _of, _reset } = URLSearchParams
delete URLSearchParams._of
delete URLSearchParams._reset

const ITERATOR = Object.create(Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())), {
  next: { value() { return this._next() }, enumerable: true, configurable: true, writable: true },
  [Symbol.toStringTag]: { value: 'URLSearchParams Iterator', configurable: true },
})
/** Live: entries added while iterating are seen. */
const iterate = (list, show) => {
  let index = 0
  return Object.create(ITERATOR, {
    _next: { value: () => (index < list().length ? { value: show(list()[index++]), done: false } : { value: undefined, done: true }) },
  })
}

function need(args, count) {
  if (args.length < count) throw Object.assign(new TypeError(`${count} argument${count > 1 ? 's' : ''} required, but only ${args.length} present.`), { code: 'ERR_MISSING_ARGS' })
}

const parse = (url, base) => native.parseUrl(clean(url), base === undefined ? undefined : clean(base))

export class URL {
  #parts
  #params = null
  constructor(url, base = undefined) {
    need(arguments, 1)
    const parts = parse(url, base)
    if (!parts) {
      const input = String(url)
      throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input, ...(base === undefined ? {} : { base: String(base) }) })
    }
    this.#parts = parts
  }
  static canParse(url, base = undefined) { need(arguments, 1); return parse(url, base) != null }
  static parse(url, base = undefined) {
    need(arguments, 1)
    return parse(url, base) == null ? null : new URL(url, base)
  }
  get searchParams() { return (this.#params ??= _of(this, this.#parts[9].slice(1))) }
  get href() { return this.#parts[HREF] }
  set href(value) {
    const parts = parse(value)
    if (!parts) throw Object.assign(new TypeError('Invalid URL'), { code: 'ERR_INVALID_URL', input: String(value) })
    this.#replace(parts)
  }
  toString() { return this.href }
  toJSON() { return this.href }
  #replace(parts) {
    this.#parts = parts
    if (this.#params) _reset(this.#params, parts[9].slice(1))
  }
  _setQuery(query) { this.#parts = native.setUrl(this.#parts[HREF], 'search', query) ?? this.#parts }
  static _get(url, index) { return url.#parts[index] }
  static _set(url, part, value) { url.#replace(native.setUrl(url.#parts[HREF], part, clean(value)) ?? url.#parts) }
}
Object.defineProperty(URL, 'length', { value: 1 })
const { _get, _set } = URL
delete URL._get
delete URL._set
PARTS.slice(1).forEach((part, index) => {
  const set = part === 'origin' ? undefined : { set(value) { _set(this, part, value) } }.set
  Object.defineProperty(URL.prototype, part, { get() { return _get(this, index + 1) }, set, enumerable: true, configurable: true })
})
idl(URL)
Object.defineProperty(URL.prototype, '_setQuery', { enumerable: false })

define({ URL, URLSearchParams })

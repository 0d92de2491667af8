// node:util. `inspect` and `format` are Node's own code (node-inspect-extracted).
import { format, formatWithOptions, inspect, stripVTControlCharacters } from 'node-inspect-extracted'
import { deepEqual } from './equal.js'
import { coded, invalidType } from './errors.js'
import { types } from './types.js'

const custom = Symbol.for('nodejs.util.promisify.custom')

const promisify = (original) => {
  if (typeof original !== 'function') throw invalidType('original', 'of type function', original)
  const own = original[custom]
  if (own) return Object.defineProperty(own, custom, { value: own, configurable: true })
  function promised(...args) {
    return new Promise((resolve, reject) => original.call(this, ...args, (error, ...values) => {
      if (error) reject(error)
      else resolve(original[argumentNames] && values.length > 1 ? Object.fromEntries(values.map((value, index) => [original[argumentNames][index], value])) : values[0])
    }))
  }
  Object.setPrototypeOf(promised, Object.getPrototypeOf(original))
  Object.defineProperty(promised, custom, { value: promised, configurable: true })
  return Object.defineProperties(promised, Object.getOwnPropertyDescriptors(original))
}
const argumentNames = Symbol('customPromisifyArgs')
promisify.custom = custom

const callbackify = (original) => {
  if (typeof original !== 'function') throw invalidType('original', 'of type function', original)
  return function (...args) {
    const callback = args.pop()
    if (typeof callback !== 'function') throw invalidType('last argument', 'of type function', callback)
    original.apply(this, args).then(
      (value) => process.nextTick(callback, null, value),
      (error) => process.nextTick(callback, error ?? coded(Error, 'ERR_FALSY_VALUE_REJECTION', 'Promise was rejected with a falsy value', { reason: error })),
    )
  }
}

const inherits = (type, base) => {
  if (typeof type !== 'function') throw invalidType('ctor', 'of type function', type)
  if (typeof base !== 'function') throw invalidType('superCtor', 'of type function', base)
  Object.defineProperty(type, 'super_', { value: base, writable: true, configurable: true })
  Object.setPrototypeOf(type.prototype, base.prototype)
}

const deprecate = (work, message, code) => {
  let warned = false
  const deprecated = function (...args) {
    if (!warned) { warned = true; process.emitWarning(message, 'DeprecationWarning', code) }
    return new.target ? Reflect.construct(work, args, new.target) : Reflect.apply(work, this, args)
  }
  Object.setPrototypeOf(deprecated, work)
  if (work.prototype) deprecated.prototype = work.prototype
  return deprecated
}

const debuglog = (section) => {
  const wanted = () => new RegExp(`(^|,)${section.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}(,|$)`, 'i').test(process.env.NODE_DEBUG ?? '')
  const log = (...args) => { if (wanted()) console.error(`${section.toUpperCase()} ${format(...args)}`) }
  Object.defineProperty(log, 'enabled', { get: wanted })
  return log
}

const styleText = (styles, text) => [styles].flat().reduce((shown, style) => {
  const codes = inspect.colors[style]
  if (!codes) throw coded(TypeError, 'ERR_INVALID_ARG_VALUE', `The argument 'format' is invalid. Received '${style}'`)
  return `\u001b[${codes[0]}m${shown}\u001b[${codes[1]}m`
}, text)

const parseArgs = ({ args = [], options = {}, strict = true, allowPositionals = !strict } = {}) => {
  const values = Object.create(null)
  const positionals = []
  const put = (name, value) => { if (options[name]?.multiple) (values[name] ??= []).push(value); else values[name] = value }
  const find = (name) => {
    if (strict && !options[name]) throw coded(TypeError, 'ERR_PARSE_ARGS_UNKNOWN_OPTION', `Unknown option '--${name}'`)
    return options[name]?.type ?? 'boolean'
  }
  const list = [...args]
  while (list.length > 0) {
    const arg = list.shift()
    if (arg === '--') { positionals.push(...list.splice(0)); break }
    const long = /^--([^=]+)(?:=(.*))?$/s.exec(arg)
    const short = /^-([^-])(.*)$/s.exec(arg)
    if (!long && !short) { positionals.push(arg); continue }
    const name = long ? long[1] : Object.keys(options).find((key) => options[key].short === short[1]) ?? short[1]
    const given = long ? long[2] : short[2] === '' ? undefined : short[2]
    if (find(name) === 'string') {
      const value = given ?? list.shift()
      if (value === undefined && strict) throw coded(TypeError, 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '--${name} <value>' argument missing`)
      put(name, value)
    } else {
      put(name, true)
      if (short && given) list.unshift(`-${given}`)
    }
  }
  if (positionals.length > 0 && strict && !allowPositionals) throw coded(TypeError, 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL', `Unexpected argument '${positionals[0]}'`)
  for (const [name, { default: value }] of Object.entries(options)) if (value !== undefined && !(name in values)) values[name] = value
  return { values, positionals }
}

const is = (type) => (value) => typeof value === type
export const util = {
  format, formatWithOptions, inspect, stripVTControlCharacters, types, promisify, callbackify, inherits, deprecate, debuglog, debug: debuglog, styleText, parseArgs,
  isDeepStrictEqual: (a, b) => deepEqual(a, b, true),
  toUSVString: (text) => String(text).toWellFormed(),
  TextEncoder, TextDecoder,
  aborted: (signal) => new Promise((resolve) => (signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }))),
  transferableAbortController: () => new AbortController(), transferableAbortSignal: (signal) => signal,
  getSystemErrorName: (number) => `E${Math.abs(number)}`, getSystemErrorMap: () => new Map(), getSystemErrorMessage: (number) => `error ${number}`, getCallSites: () => [],
  log: (...args) => console.log(format(...args)), _extend: (target, source) => Object.assign(target, source), _errnoException: (error, call) => new Error(`${call} ${error}`),
  isArray: Array.isArray, isBoolean: is('boolean'), isFunction: is('function'), isNumber: is('number'), isString: is('string'), isSymbol: is('symbol'), isUndefined: is('undefined'),
  isNull: (value) => value === null, isNullOrUndefined: (value) => value == null, isObject: (value) => value !== null && typeof value === 'object', isPrimitive: (value) => value === null || !/object|function/.test(typeof value),
  isBuffer: (value) => Buffer.isBuffer(value), isDate: types.isDate, isRegExp: types.isRegExp, isError: (value) => value instanceof Error,
  MIMEType: class MIMEType {
    constructor(input) {
      const match = /^\s*([^/\s;]+)\/([^;\s]+)\s*(?:;(.*))?$/.exec(String(input))
      if (!match) throw coded(TypeError, 'ERR_INVALID_MIME_SYNTAX', `The MIME syntax for a type in "${input}" is invalid`)
      this.type = match[1].toLowerCase()
      this.subtype = match[2].toLowerCase()
      this.params = new Map((match[3] ?? '').split(';').map((part) => part.trim()).filter(Boolean).map((part) => { const [name, value = ''] = part.split('='); return [name.toLowerCase(), value.replace(/^"|"$/g, '')] }))
    }
    get essence() { return `${this.type}/${this.subtype}` }
    toString() { return [this.essence, ...[...this.params].map(([name, value]) => `${name}=${value}`)].join(';') }
  },
}
export { format, formatWithOptions, inspect, promisify, types }
export default util

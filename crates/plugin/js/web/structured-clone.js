// structuredClone (HTML Standard §2.7).
import { define, platform } from '../host.js'
import { Blob, File } from './blob.js'
import { DOMException } from './dom-exception.js'

const ERRORS = { EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError }
const tagOf = (value) => Object.prototype.toString.call(value).slice(8, -1)
const refuse = (value) => {
  let name = '#<Object>'
  try { name = typeof value === 'object' ? `#<${value.constructor?.name ?? 'Object'}>` : String(value) } catch { /* as it is */ }
  throw new DOMException(`${name} could not be cloned.`, 'DataCloneError')
}

const isBoxed = (value, type) => { try { type.prototype.valueOf.call(value); return true } catch { return false } }
const isDate = (value) => isBoxed(value, Date)

/** Other modules add their classes: a test and a copier. */
export const cloneable = [
  [(value) => value instanceof File, (file) => new File([file], file.name, { type: file.type, lastModified: file.lastModified })],
  [(value) => value instanceof Blob, (blob) => blob.slice(0, blob.size, blob.type)],
]

export const structuredClone = (...args) => {
  if (args.length === 0) throw new TypeError("The \"value\" argument must be specified")
  const [value, options] = args
  const seen = new Map()
  for (const item of options?.transfer ?? []) {
    if (seen.has(item)) throw new DOMException('An ArrayBuffer is transferred twice', 'DataCloneError')
    if (!(item instanceof ArrayBuffer)) {
      if (typeof item?._transfer !== 'function') throw new DOMException('Value not transferable', 'DataCloneError')
      seen.set(item, item)
      continue
    }
    if (item.detached) throw new DOMException('An ArrayBuffer is detached and could not be cloned.', 'DataCloneError')
    seen.set(item, null)
  }
  const buffers = [...seen.keys()].filter((item) => item instanceof ArrayBuffer)
  for (const buffer of buffers) seen.set(buffer, { later: buffer })
  const copy = cloneValue(value, seen)
  return buffers.length === 0 ? copy : settle(copy, buffers, seen)
}

/** Transfers happen after the walk, so that a value that can't be cloned leaves its buffers attached. */
const settle = (copy, buffers, seen) => {
  for (const buffer of buffers) {
    const held = seen.get(buffer)
    const moved = buffer.transfer()
    held.moved = moved
    for (const fill of held.waiting ?? []) fill(moved)
  }
  return copy?.later ? copy.moved : copy
}

const cloneBuffer = (buffer, seen, use) => {
  const held = seen.get(buffer)
  if (held?.later) { (held.waiting ??= []).push(use); return }
  if (held) { use(held); return }
  const copied = buffer.resizable ? resizable(buffer) : buffer.slice(0)
  seen.set(buffer, copied)
  use(copied)
}
const resizable = (buffer) => {
  const copied = new ArrayBuffer(buffer.byteLength, { maxByteLength: buffer.maxByteLength })
  new Uint8Array(copied).set(new Uint8Array(buffer))
  return copied
}

const cloneValue = (value, seen) => {
  if (typeof value === 'symbol' || typeof value === 'function') refuse(value)
  if (typeof value !== 'object' || value === null) return value
  if (seen.has(value)) return seen.get(value)
  const keep = (copy) => { seen.set(value, copy); return copy }
  for (const type of [Number, String, Boolean, BigInt, Symbol]) {
    if (!isBoxed(value, type)) continue
    if (type === Symbol) refuse(value)
    return keep(Object(type.prototype.valueOf.call(value)))
  }
  if (isDate(value)) return keep(new Date(value.getTime()))
  if (value instanceof RegExp) return keep(new RegExp(value.source, value.flags))
  if (value instanceof ArrayBuffer) {
    if (value.detached) throw new DOMException('An ArrayBuffer is detached and could not be cloned.', 'DataCloneError')
    return keep(value.resizable ? resizable(value) : value.slice(0))
  }
  if (ArrayBuffer.isView(value)) return cloneView(value, seen, keep)
  if (value instanceof Map) {
    const copy = keep(new Map())
    for (const [key, item] of [...value]) copy.set(cloneValue(key, seen), cloneValue(item, seen))
    return copy
  }
  if (value instanceof Set) {
    const copy = keep(new Set())
    for (const item of [...value]) copy.add(cloneValue(item, seen))
    return copy
  }
  for (const [test, make] of cloneable) if (test(value)) return keep(make(value))
  if (value instanceof Error) return cloneError(value, seen, keep)
  if (platform.has(Object.getPrototypeOf(value))) refuse(value)
  if (Array.isArray(value)) {
    const copy = keep([])
    copy.length = value.length
    return fill(copy, value, seen)
  }
  if (value instanceof Promise || value instanceof WeakMap || value instanceof WeakSet || value instanceof WeakRef) refuse(value)
  const tag = tagOf(value)
  if (tag !== 'Object' && tag !== 'Arguments' && typeof value.constructor === 'function' && value.constructor !== Object && /\[native|Symbol.toStringTag/.test(tag)) refuse(value)
  return fill(keep({}), value, seen)
}

const fill = (copy, value, seen) => {
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(value, key)) continue
    const item = cloneValue(value[key], seen)
    Object.defineProperty(copy, key, { value: item?.later ? undefined : item, writable: true, enumerable: true, configurable: true })
    if (item?.later) (item.waiting ??= []).push((moved) => { copy[key] = moved })
  }
  return copy
}

const cloneView = (view, seen, keep) => {
  const type = view instanceof DataView ? DataView : globalThis[tagOf(view)] ?? Uint8Array
  const { byteOffset } = view
  const length = view instanceof DataView ? view.byteLength : view.length
  let made
  cloneBuffer(view.buffer, seen, (buffer) => { made = keep(new type(buffer, byteOffset, length)) })
  if (made) return made
  const held = seen.get(view.buffer)
  const later = { later: view }
  held.waiting.push((buffer) => {
    later.moved = new type(buffer, byteOffset, length)
    for (const use of later.waiting ?? []) use(later.moved)
  })
  return keep(later)
}

const cloneError = (error, seen, keep) => {
  if (error instanceof DOMException) return keep(new DOMException(error.message, error.name))
  const type = Object.hasOwn(ERRORS, error.name) ? ERRORS[error.name] : Error
  const copy = keep(Object.create(type.prototype))
  const made = new type()
  for (const key of ['stack', 'message', 'cause']) {
    const own = Object.getOwnPropertyDescriptor(error, key)
    if (own && 'value' in own) Object.defineProperty(made, key, { value: key === 'cause' ? cloneValue(own.value, seen) : String(own.value), writable: true, configurable: true, enumerable: false })
  }
  void copy
  return keep(made)
}

define({ structuredClone })

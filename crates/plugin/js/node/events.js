// node:events: the `events` package, with what Node has added since.
import EventEmitter from 'events'
import { listenerCount as targetListeners } from '../web/events.js'
import { coded, invalidType } from './errors.js'

export { EventEmitter }
export const { once: onceOf } = EventEmitter
export const errorMonitor = Symbol('events.errorMonitor')
export const captureRejectionSymbol = Symbol.for('nodejs.rejection')

const abortError = (signal) => coded(Error, 'ABORT_ERR', 'The operation was aborted', { name: 'AbortError', cause: signal.reason })

/** The first event of that name, as an array of its arguments. */
export const once = (emitter, name, { signal } = {}) => new Promise((resolve, reject) => {
  if (signal?.aborted) { reject(abortError(signal)); return }
  const done = (settle) => (...args) => { clean(); settle(args) }
  const listener = done(resolve)
  const failed = done(([error]) => reject(error))
  const aborted = () => { clean(); reject(abortError(signal)) }
  const isTarget = typeof emitter.addEventListener === 'function' && typeof emitter.on !== 'function'
  const clean = () => {
    signal?.removeEventListener('abort', aborted)
    if (isTarget) { emitter.removeEventListener(name, listener); return }
    emitter.removeListener(name, listener)
    emitter.removeListener('error', failed)
  }
  signal?.addEventListener('abort', aborted, { once: true })
  if (isTarget) { emitter.addEventListener(name, listener, { once: true }); return }
  emitter.on(name, listener)
  if (name !== 'error') emitter.on('error', failed)
})

/** An async iterator over an emitter's events. */
export const on = (emitter, name, { signal, close = [] } = {}) => {
  const [events, waiting] = [[], []]
  let error = null
  let finished = false
  const push = (...args) => { if (waiting.length > 0) waiting.shift().resolve({ value: args, done: false }); else events.push(args) }
  const fail = (reason) => { if (waiting.length > 0) waiting.shift().reject(reason); else error = reason; void iterator.return() }
  const end = () => { void iterator.return() }
  const aborted = () => fail(abortError(signal))
  const iterator = {
    next() {
      if (events.length > 0) return Promise.resolve({ value: events.shift(), done: false })
      if (error) { const reason = error; error = null; return Promise.reject(reason) }
      if (finished) return Promise.resolve({ value: undefined, done: true })
      return new Promise((resolve, reject) => waiting.push({ resolve, reject }))
    },
    return() {
      finished = true
      signal?.removeEventListener('abort', aborted)
      emitter.removeListener(name, push)
      emitter.removeListener('error', fail)
      for (const one of close) emitter.removeListener(one, end)
      for (const { resolve } of waiting.splice(0)) resolve({ value: undefined, done: true })
      return Promise.resolve({ value: undefined, done: true })
    },
    throw(reason) { fail(reason); return Promise.resolve({ value: undefined, done: true }) },
    [Symbol.asyncIterator]() { return this },
  }
  if (signal?.aborted) throw abortError(signal)
  signal?.addEventListener('abort', aborted, { once: true })
  emitter.on(name, push)
  if (name !== 'error') emitter.on('error', fail)
  for (const one of close) emitter.on(one, end)
  return iterator
}

export const getEventListeners = (emitter, name) => (typeof emitter.listeners === 'function' ? emitter.listeners(name) : new Array(targetListeners(emitter, name)).fill(null))
export const listenerCount = (emitter, name) => (typeof emitter.listenerCount === 'function' ? emitter.listenerCount(name) : targetListeners(emitter, name))
export const getMaxListeners = (emitter) => emitter.getMaxListeners?.() ?? EventEmitter.defaultMaxListeners
export const setMaxListeners = (count = EventEmitter.defaultMaxListeners, ...emitters) => {
  if (typeof count !== 'number' || count < 0) throw invalidType('setMaxListeners', 'of type number', count)
  if (emitters.length === 0) EventEmitter.defaultMaxListeners = count
  for (const emitter of emitters) emitter.setMaxListeners?.(count)
}
export const addAbortListener = (signal, listener) => {
  if (signal.aborted) queueMicrotask(() => listener())
  else signal.addEventListener('abort', listener, { once: true })
  return { [Symbol.dispose ?? Symbol.for('nodejs.dispose')]: () => signal.removeEventListener('abort', listener) }
}
const init = () => {}

const emit = EventEmitter.prototype.emit
/** Rejections of async listeners go to `error` when the emitter asked for it; `errorMonitor` sees errors first. */
EventEmitter.prototype.emit = function (name, ...args) {
  if (name === 'error' && this._events?.[errorMonitor] !== undefined) emit.call(this, errorMonitor, ...args)
  return emit.call(this, name, ...args)
}
Object.defineProperty(EventEmitter.prototype, 'emit', { enumerable: true })

export class EventEmitterAsyncResource extends EventEmitter {
  get asyncId() { return 0 }
  get triggerAsyncId() { return 0 }
  emitDestroy() {}
}

Object.assign(EventEmitter, {
  EventEmitter, once, on, errorMonitor, captureRejectionSymbol, captureRejections: false, getEventListeners, listenerCount, getMaxListeners,
  setMaxListeners, addAbortListener, EventEmitterAsyncResource, init, usingDomains: false,
})
export default EventEmitter

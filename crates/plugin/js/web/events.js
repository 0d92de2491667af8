// Event, CustomEvent and EventTarget (DOM Standard), without trees: the path of an event is its one target.
import { idl } from '../host.js'
import { DOMException } from './dom-exception.js'

const PHASE = { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 }

export class Event {
  #type
  #bubbles
  #cancelable
  #composed
  #time = performance.now()
  #canceled = false
  _target = null
  _phase = PHASE.NONE
  _stopped = false
  _stoppedNow = false
  _passive = false
  _dispatching = false
  constructor(type, init = {}) {
    if (arguments.length === 0) throw new TypeError("Failed to construct 'Event': 1 argument required, but only 0 present.")
    this.#type = String(type)
    this.#bubbles = Boolean(init?.bubbles)
    this.#cancelable = Boolean(init?.cancelable)
    this.#composed = Boolean(init?.composed)
    for (const key of ['_target', '_phase', '_stopped', '_stoppedNow', '_passive', '_dispatching']) {
      Object.defineProperty(this, key, { enumerable: false })
    }
  }
  get type() { return this.#type }
  get target() { return this._target }
  get srcElement() { return this._target }
  get currentTarget() { return this._phase === PHASE.NONE ? null : this._target }
  get eventPhase() { return this._phase }
  get bubbles() { return this.#bubbles }
  get cancelable() { return this.#cancelable }
  get composed() { return this.#composed }
  get defaultPrevented() { return this.#canceled }
  get returnValue() { return !this.#canceled }
  set returnValue(value) { if (!value) this.preventDefault() }
  get cancelBubble() { return this._stopped }
  set cancelBubble(value) { if (value) this._stopped = true }
  get timeStamp() { return this.#time }
  get isTrusted() { return false }
  composedPath() { return this._phase === PHASE.NONE ? [] : [this._target] }
  stopPropagation() { this._stopped = true }
  stopImmediatePropagation() { this._stopped = this._stoppedNow = true }
  preventDefault() { if (this.#cancelable && !this._passive) this.#canceled = true }
}
idl(Event)
for (const [name, value] of Object.entries(PHASE)) {
  Object.defineProperty(Event, name, { value, enumerable: true })
  Object.defineProperty(Event.prototype, name, { value, enumerable: true })
}

/** An event class whose only addition is members given by its dictionary. */
const withMembers = (name, members) => {
  const type = {
    [name]: class extends Event {
      #values
      constructor(type, init = {}) {
        super(type, init)
        this.#values = { ...members }
        for (const key of Object.keys(members)) if (init?.[key] !== undefined) this.#values[key] = init[key]
      }
      static read(event, key) { return event.#values[key] }
    },
  }[name]
  const { read } = type
  delete type.read
  for (const key of Object.keys(members)) {
    Object.defineProperty(type.prototype, key, { get() { return read(this, key) }, enumerable: true, configurable: true })
  }
  return idl(type)
}
export const CustomEvent = withMembers('CustomEvent', { detail: null })
export const MessageEvent = withMembers('MessageEvent', { data: null, origin: '', lastEventId: '', source: null, ports: Object.freeze([]) })
export const ErrorEvent = withMembers('ErrorEvent', { message: '', filename: '', lineno: 0, colno: 0, error: undefined })
export const CloseEvent = withMembers('CloseEvent', { wasClean: false, code: 0, reason: '' })
export const ProgressEvent = withMembers('ProgressEvent', { lengthComputable: false, loaded: 0, total: 0 })
export const PromiseRejectionEvent = withMembers('PromiseRejectionEvent', { promise: null, reason: undefined })

const captureOf = (options) => (typeof options === 'boolean' ? options : Boolean(options?.capture))

/** Where a listener's exception goes: to the console, as in a worker without an `onerror`. */
const report = (error) => console.error(error)

export class EventTarget {
  #listeners = new Map()
  addEventListener(type, callback, options) {
    const { once = false, passive = false, signal } = typeof options === 'object' && options !== null ? options : {}
    if (signal !== undefined && !(signal instanceof AbortSignalOf())) throw new TypeError('The "signal" option is not an AbortSignal')
    if (signal?.aborted || callback == null) return
    if (typeof callback !== 'function' && typeof callback !== 'object') throw new TypeError('The listener is neither a function nor an object')
    const name = String(type)
    const capture = captureOf(options)
    const list = this.#listeners.get(name) ?? []
    if (list.some((entry) => entry.callback === callback && entry.capture === capture)) return
    this.#listeners.set(name, [...list, { callback, capture, once: Boolean(once), passive: Boolean(passive), removed: false }])
    signal?.addEventListener('abort', () => this.removeEventListener(name, callback, options), { once: true })
  }
  removeEventListener(type, callback, options) {
    const name = String(type)
    const capture = captureOf(options)
    const list = this.#listeners.get(name)
    if (!list) return
    const entry = list.find((one) => one.callback === callback && one.capture === capture)
    if (!entry) return
    entry.removed = true
    this.#listeners.set(name, list.filter((one) => one !== entry))
  }
  dispatchEvent(event) {
    if (!(event instanceof Event)) throw new TypeError("Failed to execute 'dispatchEvent': parameter 1 is not of type 'Event'.")
    if (event._dispatching) throw new DOMException('The event is already being dispatched.', 'InvalidStateError')
    event._dispatching = true
    event._target = this
    event._phase = PHASE.AT_TARGET
    const list = this.#listeners.get(event.type) ?? []
    for (const entry of [...list.filter((one) => one.capture), ...list.filter((one) => !one.capture)]) {
      if (entry.removed) continue
      if (event._stoppedNow) break
      if (entry.once) this.removeEventListener(event.type, entry.callback, entry.capture)
      event._passive = entry.passive
      try {
        if (typeof entry.callback === 'function') entry.callback.call(this, event)
        else entry.callback.handleEvent(event)
      } catch (error) { report(error) }
      event._passive = false
    }
    event._phase = PHASE.NONE
    event._stopped = event._stoppedNow = event._dispatching = false
    return !event.defaultPrevented
  }
  static _count(target, type) { return target.#listeners.get(type)?.length ?? 0 }
}
idl(EventTarget)

/** How many listeners a target has; for `events.listenerCount`. */
export const listenerCount = EventTarget._count
delete EventTarget._count

let AbortSignalOf = () => Object
/** AbortSignal is made from EventTarget and tells it what it is. */
export const signalsAre = (type) => { AbortSignalOf = () => type }

/** Gives a class an `onname` attribute whose listener keeps its place in the order. */
export const handlerAttribute = (type, name) => {
  const held = new WeakMap()
  Object.defineProperty(type.prototype, `on${name}`, {
    get() { return held.get(this)?.callback ?? null },
    set(callback) {
      const before = held.get(this)
      if (before) { before.callback = callback; return }
      if (typeof callback !== 'function') return
      const entry = { callback }
      held.set(this, entry)
      this.addEventListener(name, (event) => {
        if (typeof entry.callback === 'function' && entry.callback.call(this, event) === false) event.preventDefault()
      })
    },
    enumerable: true,
    configurable: true,
  })
}

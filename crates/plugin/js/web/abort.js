// AbortController and AbortSignal (DOM Standard).
import { idl } from '../host.js'
import { DOMException } from './dom-exception.js'
import { Event, EventTarget, handlerAttribute, signalsAre } from './events.js'

const MAKE = Symbol('make')

export class AbortSignal extends EventTarget {
  #aborted = false
  #reason
  #sources = null
  #dependents = new Set()
  #steps = []
  constructor(key) {
    if (key !== MAKE) throw new TypeError('Illegal constructor')
    super()
  }
  get aborted() { return this.#aborted }
  get reason() { return this.#reason }
  throwIfAborted() { if (this.#aborted) throw this.#reason }

  static abort(reason = new DOMException('This operation was aborted', 'AbortError')) {
    const signal = new AbortSignal(MAKE)
    signal.#aborted = true
    signal.#reason = reason
    return signal
  }
  static timeout(milliseconds) {
    const ms = Number(milliseconds)
    if (!Number.isFinite(ms) || ms < 0 || ms > Number.MAX_SAFE_INTEGER) throw new TypeError('The timeout is out of range')
    const signal = new AbortSignal(MAKE)
    setTimeout(() => signal._abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')), ms).unref()
    return signal
  }
  static any(signals) {
    const result = new AbortSignal(MAKE)
    const list = [...signals]
    for (const signal of list) if (!(signal instanceof AbortSignal)) throw new TypeError('AbortSignal.any takes AbortSignals')
    const aborted = list.find((signal) => signal.aborted)
    if (aborted) {
      result.#aborted = true
      result.#reason = aborted.reason
      return result
    }
    result.#sources = new Set()
    for (const signal of list) {
      for (const source of signal.#sources ?? [signal]) {
        result.#sources.add(source)
        source.#dependents.add(result)
      }
    }
    return result
  }
  /** Runs before the listeners, as the standard's abort algorithms do. */
  _onAbort(step) { this.#steps.push(step) }
  _abort(reason = new DOMException('This operation was aborted', 'AbortError')) {
    if (this.#aborted) return
    const signals = [this, ...this.#dependents].filter((signal) => !signal.#aborted)
    for (const signal of signals) {
      signal.#aborted = true
      signal.#reason = reason
    }
    for (const signal of signals) {
      const steps = signal.#steps
      signal.#steps = []
      for (const step of steps) step()
      signal.dispatchEvent(new Event('abort'))
    }
  }
}
Object.defineProperty(AbortSignal, 'length', { value: 0 })
idl(AbortSignal)
handlerAttribute(AbortSignal, 'abort')
signalsAre(AbortSignal)

export class AbortController {
  #signal = new AbortSignal(MAKE)
  get signal() { return this.#signal }
  abort(reason) { this.#signal._abort(reason) }
}
idl(AbortController)

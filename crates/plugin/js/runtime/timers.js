// Timers and immediates: the plugin sleeps in the host until the next one is due.
import { define, fresh, host } from '../host.js'
import { isWaiting } from './requests.js'
import { runIn, snapshot } from '../node/async-hooks.js'

const now = Date.now
const MAX_DELAY = 0x7fffffff

let timers = []
let immediates = []
let lastId = 0
fresh.push(() => { lastId = 0 })

const checked = (callback) => {
  if (typeof callback === 'function') return callback
  throw Object.assign(new TypeError('The "callback" argument must be of type function'), { code: 'ERR_INVALID_ARG_TYPE' })
}

class Timeout {
  constructor(callback, delay, args, every) {
    const ms = Number(delay) >= 1 ? Math.min(Math.trunc(Number(delay)), MAX_DELAY) : 1
    const timer = { id: ++lastId, due: now() + ms, ms, callback, args, every, ref: true, frame: snapshot() }
    Object.defineProperty(this, '_timer', { value: timer })
    timers.push(timer)
  }
  ref() { this._timer.ref = true; return this }
  unref() { this._timer.ref = false; return this }
  hasRef() { return this._timer.ref }
  refresh() {
    this._timer.due = now() + this._timer.ms
    if (!timers.includes(this._timer)) timers.push(this._timer)
    return this
  }
  close() { cancel(this); return this }
  [Symbol.toPrimitive]() { return this._timer.id }
  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() { cancel(this) }
}
class Immediate {
  constructor(callback, args) {
    Object.defineProperty(this, '_job', { value: { callback, args, ref: true, frame: snapshot() } })
    immediates.push(this._job)
  }
  ref() { this._job.ref = true; return this }
  unref() { this._job.ref = false; return this }
  hasRef() { return this._job.ref }
  [Symbol.dispose ?? Symbol.for('nodejs.dispose')]() { clearImmediate(this) }
}

const cancel = (handle) => {
  if (handle == null) return
  const timer = handle._timer ?? timers.find(({ id }) => id === Number(handle))
  if (timer) timers = timers.filter((one) => one !== timer)
}
const clearImmediate = (handle) => { if (handle?._job) immediates = immediates.filter((job) => job !== handle._job) }

define({
  setTimeout: (callback, delay, ...args) => new Timeout(checked(callback), delay, args, false),
  setInterval: (callback, delay, ...args) => new Timeout(checked(callback), delay, args, true),
  setImmediate: (callback, ...args) => new Immediate(checked(callback), args),
  clearTimeout: cancel,
  clearInterval: cancel,
  clearImmediate,
})

let ticks = []
/** process.nextTick: after the microtasks when called in one, before them when called in a timer, as in Node. */
host.soon = (callback, args) => { ticks.push({ callback, args, frame: snapshot() }) }
const runTicks = () => {
  while (ticks.length > 0) {
    const list = ticks
    ticks = []
    for (const [index, job] of list.entries()) {
      try { runIn(job.frame, job.callback, undefined, job.args) } catch (error) { ticks = [...list.slice(index + 1), ...ticks]; throw error }
    }
  }
}

/** The timer that is due first, of those that keep an invocation alive; of all, when something else does. */
const nextTimer = (all = false) => {
  let next
  for (const timer of timers) if ((all || timer.ref) && (!next || timer.due < next.due)) next = timer
  return next
}

/** Whether anything is left that keeps an invocation alive. */
export const isPending = () => ticks.length > 0 || isWaiting() || immediates.some((job) => job.ref) || nextTimer() !== undefined

/** Milliseconds until something is due, or -1. */
export const wait = () => {
  if (ticks.length > 0) return 0
  if (immediates.length > 0) return 0
  const next = nextTimer(isWaiting())
  return next ? Math.max(0, next.due - now()) : -1
}

/** Runs what is due: the oldest immediate, or the timer that is due first. */
export const tick = () => {
  if (ticks.length > 0) { runTicks(); return }
  const time = now()
  let next
  for (const timer of timers) if (timer.due <= time && (!next || timer.due < next.due)) next = timer
  if (next) {
    if (next.every) next.due = time + next.ms
    else timers = timers.filter((timer) => timer !== next)
    runIn(next.frame, next.callback, undefined, next.args)
    runTicks()
    return
  }
  runImmediate()
}
const runImmediate = () => {
  const job = immediates.shift()
  if (!job) return
  runIn(job.frame, job.callback, undefined, job.args)
  runTicks()
}

/** Runs what does not wait for a time, once. False: there is none. */
export const runSoon = () => {
  if (ticks.length === 0 && immediates.length === 0) return false
  if (ticks.length > 0) runTicks()
  else runImmediate()
  return true
}

/** What the top level left pending is dropped: it must not run in every later invocation. */
export const drop = () => {
  timers = []
  immediates = []
  ticks = []
}

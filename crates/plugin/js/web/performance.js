// performance (High Resolution Time, User Timing), counted from the beginning of the invocation, and navigator.
import { define, fresh, idl } from '../host.js'
import { DOMException } from './dom-exception.js'
import { EventTarget } from './events.js'

const { now: clock } = Date
const precise = globalThis.performance?.now?.bind(globalThis.performance) ?? clock
let origin = null
let start = 0
let entries = []
fresh.push(() => { origin = null; entries = [] })
/** The first look at a clock in an invocation is its beginning: asking the host for the time in every one would cost more. */
const begin = () => {
  if (origin !== null) return
  origin = clock()
  start = precise()
}

const MAKE = Symbol('make')
const illegal = (key) => { if (key !== MAKE) throw new TypeError('Illegal constructor') }
const dictionary = (value) => {
  if (value !== undefined && value !== null && typeof value !== 'object' && typeof value !== 'function') throw new TypeError('The options are not an object')
  return value ?? {}
}
const time = (value) => {
  const number = Number(value)
  if (!(number >= 0) || number === Infinity) throw new TypeError(`${value} is no time`)
  return number
}
const cloned = (detail) => (detail === undefined || detail === null ? null : structuredClone(detail))

class PerformanceEntry {
  #values
  constructor(key, values) { illegal(key); this.#values = values }
  get name() { return this.#values.name }
  get entryType() { return this.#values.entryType }
  get startTime() { return this.#values.startTime }
  get duration() { return this.#values.duration }
  toJSON() { return { ...this.#values } }
}
class PerformanceMark extends PerformanceEntry {
  #detail
  constructor(name, options) {
    if (arguments.length === 0) throw new TypeError('The "name" argument must be specified')
    const { startTime, detail } = dictionary(options)
    const values = { name: String(name), entryType: 'mark', startTime: startTime === undefined ? performance.now() : time(startTime), duration: 0, detail: cloned(detail) }
    super(MAKE, values)
    this.#detail = values.detail
  }
  get detail() { return this.#detail }
}
class PerformanceMeasure extends PerformanceEntry {
  #detail
  constructor(key, values) { super(key, values); this.#detail = values.detail }
  get detail() { return this.#detail }
}
for (const type of [PerformanceEntry, PerformanceMark, PerformanceMeasure]) idl(type)

const TYPES = Object.freeze(['mark', 'measure'])
const sorted = (list) => list.sort((a, b) => a.startTime - b.startTime)
const named = (list, name, type) => list.filter((entry) => entry.name === String(name) && (type === undefined || entry.entryType === type))
const typed = (list, type) => list.filter((entry) => entry.entryType === String(type))

class PerformanceObserverEntryList {
  #entries
  constructor(key, list) { illegal(key); this.#entries = sorted([...list]) }
  getEntries() { return [...this.#entries] }
  getEntriesByName(name, type) { return named(this.#entries, name, type) }
  getEntriesByType(type) { return typed(this.#entries, type) }
}
idl(PerformanceObserverEntryList)

let observers = new Set()
fresh.push(() => { observers = new Set() })

class PerformanceObserver {
  #callback
  #types = new Set()
  #mode
  #records = []
  #isQueued = false
  constructor(callback) {
    if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function')
    this.#callback = callback
  }
  static get supportedEntryTypes() { return TYPES }
  observe(options) {
    const { entryTypes, type, buffered } = dictionary(options)
    if (entryTypes === undefined && type === undefined) throw new TypeError('entryTypes or type is needed')
    if (entryTypes !== undefined && (type !== undefined || buffered !== undefined)) throw new TypeError('entryTypes stands alone')
    const mode = type === undefined ? 'several' : 'single'
    if (this.#mode !== undefined && this.#mode !== mode) throw new DOMException('The observer observes in another way already', 'InvalidModificationError')
    if (mode === 'several') {
      if (typeof entryTypes[Symbol.iterator] !== 'function' || typeof entryTypes === 'string') throw new TypeError('entryTypes is not a sequence')
      const known = [...entryTypes].filter((one) => TYPES.includes(String(one)))
      if (known.length === 0) return
      this.#types = new Set(known)
    } else {
      if (!TYPES.includes(String(type))) return
      this.#types.add(String(type))
      if (buffered) for (const entry of typed(entries, type)) this._see(entry)
    }
    this.#mode = mode
    observers.add(this)
  }
  disconnect() {
    observers.delete(this)
    this.#types = new Set()
    this.#mode = undefined
    this.#records = []
  }
  takeRecords() { return this.#records.splice(0) }
  _see(entry) {
    if (!this.#types.has(entry.entryType)) return
    this.#records.push(entry)
    if (this.#isQueued) return
    this.#isQueued = true
    setTimeout(() => {
      this.#isQueued = false
      if (this.#records.length > 0) this.#callback.call(this, new PerformanceObserverEntryList(MAKE, this.#records.splice(0)), this, { droppedEntriesCount: 0 })
    }, 0)
  }
}
idl(PerformanceObserver)
const record = (entry) => {
  entries.push(entry)
  for (const observer of [...observers]) observer._see(entry)
  return entry
}

class Performance extends EventTarget {
  constructor(key) { illegal(key); super() }
  get timeOrigin() { begin(); return origin }
  now() { begin(); return precise() - start }
  mark(name, options) {
    if (arguments.length === 0) throw new TypeError('The "name" argument must be specified')
    return record(new PerformanceMark(name, options))
  }
  measure(name, from, to) {
    if (arguments.length === 0) throw new TypeError('The "name" argument must be specified')
    const options = typeof from === 'object' && from !== null ? from : { start: from ?? undefined, end: to }
    if (options === from && Object.keys(from).length > 0) {
      if (to !== undefined) throw new TypeError('The end is in the options')
      if (options.start === undefined && options.end === undefined) throw new TypeError('start or end is needed')
      if (options.start !== undefined && options.end !== undefined && options.duration !== undefined) throw new TypeError('start, end and duration are one too many')
    }
    const at = (mark) => {
      if (typeof mark === 'number') return time(mark)
      const found = entries.findLast((entry) => entry.entryType === 'mark' && entry.name === String(mark))
      if (!found) throw new DOMException(`The mark '${mark}' does not exist.`, 'SyntaxError')
      return found.startTime
    }
    const { duration } = options
    const end = options === from && Object.keys(from).length === 0 && to !== undefined ? at(to) : options.end !== undefined ? at(options.end) : options.start !== undefined && duration !== undefined ? at(options.start) + time(duration) : this.now()
    const begin = options.start !== undefined ? at(options.start) : options.end !== undefined && duration !== undefined ? end - time(duration) : 0
    return record(new PerformanceMeasure(MAKE, { name: String(name), entryType: 'measure', startTime: begin, duration: end - begin, detail: cloned(options.detail) }))
  }
  getEntries() { return sorted([...entries]) }
  getEntriesByName(name, type) { return named(this.getEntries(), name, type) }
  getEntriesByType(type) { return typed(this.getEntries(), type) }
  clearMarks(name) { entries = entries.filter((entry) => entry.entryType !== 'mark' || (name !== undefined && entry.name !== String(name))) }
  clearMeasures(name) { entries = entries.filter((entry) => entry.entryType !== 'measure' || (name !== undefined && entry.name !== String(name))) }
  eventLoopUtilization() { return { idle: 0, active: 0, utilization: 0 } }
  timerify(callback) { return callback }
  toJSON() { return { timeOrigin: this.timeOrigin } }
}
idl(Performance)
export const performance = new Performance(MAKE)
export { Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList }

class Navigator {
  get userAgent() { return 'SwarmLambda' }
  get hardwareConcurrency() { return 1 }
  get language() { return 'en-US' }
  get languages() { return ['en-US'] }
  get platform() { return 'linux' }
}
idl(Navigator)

define({ performance, Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList, Navigator, navigator: new Navigator() })

// performance (High Resolution Time, User Timing), counted from the beginning of the invocation, and navigator.
import { define, fresh, idl } from '../host.js'
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

class PerformanceEntry {
  constructor(name, entryType, startTime, duration, detail) { Object.assign(this, { name, entryType, startTime, duration, detail }) }
  toJSON() { return { ...this } }
}
class PerformanceMark extends PerformanceEntry {
  constructor(name, options = {}) { super(String(name), 'mark', options.startTime ?? performance.now(), 0, options.detail ?? null) }
}
class PerformanceMeasure extends PerformanceEntry {}

class Performance extends EventTarget {
  get timeOrigin() { begin(); return origin }
  now() { begin(); return precise() - start }
  mark(name, options) {
    const mark = new PerformanceMark(name, options)
    entries.push(mark)
    return mark
  }
  measure(name, from, to) {
    const at = (mark, otherwise) => (mark === undefined ? otherwise : typeof mark === 'number' ? mark : entries.findLast((entry) => entry.name === mark)?.startTime ?? otherwise)
    const options = typeof from === 'object' && from !== null ? from : { start: from, end: to }
    const begin = at(options.start, 0)
    const end = options.duration === undefined ? at(options.end, this.now()) : begin + options.duration
    const measure = new PerformanceMeasure(String(name), 'measure', begin, end - begin, options.detail ?? null)
    entries.push(measure)
    return measure
  }
  getEntries() { return [...entries] }
  getEntriesByName(name, type) { return entries.filter((entry) => entry.name === name && (type === undefined || entry.entryType === type)) }
  getEntriesByType(type) { return entries.filter((entry) => entry.entryType === type) }
  clearMarks(name) { entries = entries.filter((entry) => entry.entryType !== 'mark' || (name !== undefined && entry.name !== name)) }
  clearMeasures(name) { entries = entries.filter((entry) => entry.entryType !== 'measure' || (name !== undefined && entry.name !== name)) }
  eventLoopUtilization() { return { idle: 0, active: 0, utilization: 0 } }
  timerify(callback) { return callback }
  toJSON() { return { timeOrigin: this.timeOrigin } }
}
idl(Performance)
export const performance = new Performance()
export { Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure }

class Navigator {
  get userAgent() { return 'SwarmLambda' }
  get hardwareConcurrency() { return 1 }
  get language() { return 'en-US' }
  get languages() { return ['en-US'] }
  get platform() { return 'linux' }
}
idl(Navigator)

define({ performance, Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, Navigator, navigator: new Navigator() })

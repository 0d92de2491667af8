// console: one call, one log entry, printed as Node prints it.
import { formatWithOptions, inspect } from 'node-inspect-extracted'
import { define, fresh, host } from '../host.js'

const LEVELS = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 }
const counts = new Map()
const clocks = new Map()
const now = Date.now
let indent = ''
fresh.push(() => { counts.clear(); clocks.clear(); indent = '' })

const format = (args) => (args.length === 1 && typeof args[0] === 'string' ? args[0] : formatWithOptions({}, ...args))
const print = (level, args) => {
  const text = format(args)
  host.log(level, indent === '' ? text : text.replace(/^/gm, indent))
}
const at = (level) => (...args) => print(level, args)

/** Rows of a table as `console.table` draws them. */
const table = (data, columns) => {
  if (data === null || typeof data !== 'object') return format([data])
  const show = (value) => (typeof value === 'object' && value !== null ? inspect(value, { depth: 0 }) : inspect(value))
  const rows = data instanceof Map ? [...data].map(([key, value], index) => [String(index), { Key: key, Values: value }])
    : data instanceof Set ? [...data].map((value, index) => [String(index), value]) : Object.entries(data)
  const keys = []
  let plain = false
  for (const [, row] of rows) {
    if (row === null || typeof row !== 'object') plain = true
    else for (const key of Object.keys(row)) if (!keys.includes(key)) keys.push(key)
  }
  const wanted = columns ?? keys
  const head = ['(index)', ...wanted, ...(plain ? ['Values'] : [])]
  const body = rows.map(([index, row]) => {
    const isObject = row !== null && typeof row === 'object'
    return [index, ...wanted.map((key) => (isObject && Object.hasOwn(row, key) ? show(row[key]) : '')), ...(plain ? [isObject ? '' : show(row)] : [])]
  })
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((row) => row[column].length)) + 2)
  const line = (left, middle, right) => left + widths.map((width) => '─'.repeat(width)).join(middle) + right
  const row = (cells) => `│${cells.map((cell, column) => ` ${cell.padEnd(widths[column] - 1)}`).join('│')}│`
  return [line('┌', '┬', '┐'), row(head), line('├', '┼', '┤'), ...body.map(row), line('└', '┴', '┘')].join('\n')
}

const shownTime = (ms) => (ms >= 1000 ? `${(ms / 1000).toFixed(3)}s` : `${ms}ms`)
const console = {
  log: at(LEVELS.info),
  info: at(LEVELS.info),
  debug: at(LEVELS.debug),
  warn: at(LEVELS.warn),
  error: at(LEVELS.error),
  trace: (...args) => print(LEVELS.trace, [`Trace: ${format(args)}\n${new Error().stack}`]),
  dir: (value, options) => print(LEVELS.info, [inspect(value, { customInspect: false, ...options })]),
  dirxml: at(LEVELS.info),
  assert(ok, ...args) {
    if (ok) return
    if (typeof args[0] === 'string') args[0] = `Assertion failed: ${args[0]}`
    else args.unshift(args.length > 0 ? 'Assertion failed:' : 'Assertion failed')
    print(LEVELS.error, args)
  },
  count(label = 'default') {
    counts.set(`${label}`, (counts.get(`${label}`) ?? 0) + 1)
    print(LEVELS.info, [`${label}: ${counts.get(`${label}`)}`])
  },
  countReset: (label = 'default') => { counts.delete(`${label}`) },
  time: (label = 'default') => { clocks.set(`${label}`, now()) },
  timeLog: (label = 'default', ...args) => { if (clocks.has(`${label}`)) print(LEVELS.info, [`${label}: ${shownTime(now() - clocks.get(`${label}`))}`, ...args]) },
  timeEnd: (label = 'default') => { console.timeLog(label); clocks.delete(`${label}`) },
  timeStamp() {},
  profile() {},
  profileEnd() {},
  group: (...args) => { if (args.length) print(LEVELS.info, args); indent += '  ' },
  groupEnd: () => { indent = indent.slice(2) },
  table: (data, columns) => print(LEVELS.info, [table(data, columns)]),
  clear() {},
}
console.groupCollapsed = console.group
/** `new console.Console(stdout, stderr)`: a console that writes to streams. */
console.Console = class Console {
  constructor(stdout, stderr) {
    const { stdout: out, stderr: error } = stdout?.write ? { stdout, stderr: stderr ?? stdout } : { stderr: stdout?.stdout, ...stdout }
    const to = (stream) => (...args) => { stream.write(`${format(args)}\n`) }
    Object.assign(this, console, { log: to(out), info: to(out), debug: to(out), dir: to(out), table: (data, columns) => { out.write(`${table(data, columns)}\n`) }, error: to(error ?? out), warn: to(error ?? out), trace: to(error ?? out) })
  }
}
Object.defineProperty(console, Symbol.toStringTag, { value: 'console', configurable: true })
define({ console })

// What every function sees besides the language itself, and what the plugin needs around a handler.
// Evaluated once, into the plugin's base snapshot. `host` has the native side: log, remaining, uuid.
(function (host) {
  'use strict'
  const { stringify } = JSON
  const { defineProperty, keys } = Object
  const now = Date.now

  // ---- console: one call, one log entry ----

  const MAX_DEPTH = 3
  const MAX_ITEMS = 100

  const inspect = (value, depth = 0, seen = []) => {
    if (typeof value === 'string') return depth === 0 ? value : stringify(value)
    if (typeof value === 'bigint') return `${value}n`
    if (typeof value === 'symbol') return value.toString()
    if (typeof value === 'function') return `[Function: ${value.name || '(anonymous)'}]`
    if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : String(value)
    if (value instanceof Error) return value.stack ? `${value.name}: ${value.message}\n${value.stack.trimEnd()}` : String(value)
    if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
    if (value instanceof RegExp) return String(value)
    if (seen.includes(value)) return '[Circular]'
    if (depth > MAX_DEPTH) return Array.isArray(value) ? '[Array]' : '[Object]'
    const inner = [...seen, value]
    const show = (item) => inspect(item, depth + 1, inner)
    const list = (items, open, close) => {
      const more = items.length > MAX_ITEMS ? [`... ${items.length - MAX_ITEMS} more`] : []
      const shown = items.slice(0, MAX_ITEMS).concat(more)
      return shown.length === 0 ? `${open}${close}` : `${open} ${shown.join(', ')} ${close}`
    }
    if (Array.isArray(value)) return list(value.map(show), '[', ']')
    if (value instanceof Map) return `Map(${value.size}) ${list([...value].map(([k, v]) => `${show(k)} => ${show(v)}`), '{', '}')}`
    if (value instanceof Set) return `Set(${value.size}) ${list([...value].map(show), '{', '}')}`
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return `${value.constructor.name}(${value.length}) ${list([...value.subarray(0, MAX_ITEMS + 1)].map(String), '[', ']')}`
    if (value instanceof Promise) return 'Promise {}'
    const name = value.constructor && value.constructor !== Object ? `${value.constructor.name} ` : ''
    const key = (k) => (/^[A-Za-z_$][\w$]*$/.test(k) ? k : stringify(k))
    return name + list(keys(value).map((k) => `${key(k)}: ${show(value[k])}`), '{', '}')
  }

  const format = (args) => {
    let rest = args
    let head = ''
    if (typeof args[0] === 'string' && args[0].includes('%') && args.length > 1) {
      let next = 1
      head = args[0].replace(/%([sdifjoOc%])/g, (whole, kind) => {
        if (kind === '%') return '%'
        if (next >= args.length) return whole
        const value = args[next++]
        if (kind === 's') return typeof value === 'object' ? inspect(value, 1) : String(value)
        if (kind === 'd') return String(Number(value))
        if (kind === 'i') return String(parseInt(value, 10))
        if (kind === 'f') return String(parseFloat(value))
        if (kind === 'j') return stringify(value)
        return kind === 'c' ? '' : inspect(value, 1)
      })
      rest = args.slice(next)
      return rest.length === 0 ? head : `${head} ${rest.map((value) => inspect(value)).join(' ')}`
    }
    return rest.map((value) => inspect(value)).join(' ')
  }

  const LEVELS = { trace: 0, debug: 1, info: 2, warn: 3, error: 4 }
  const counts = new Map()
  const clocks = new Map()
  let indent = ''
  const print = (level, args) => host.log(level, indent + format(args))
  const at = (level) => (...args) => print(level, args)
  const console = {
    log: at(LEVELS.info),
    info: at(LEVELS.info),
    debug: at(LEVELS.debug),
    warn: at(LEVELS.warn),
    error: at(LEVELS.error),
    trace: (...args) => print(LEVELS.trace, [`Trace: ${format(args)}\n${new Error().stack}`]),
    dir: (value) => print(LEVELS.info, [inspect(value, 1)]),
    assert: (ok, ...args) => { if (!ok) print(LEVELS.error, args.length ? ['Assertion failed:', ...args] : ['Assertion failed']) },
    count: (label = 'default') => { counts.set(label, (counts.get(label) ?? 0) + 1); print(LEVELS.info, [`${label}: ${counts.get(label)}`]) },
    countReset: (label = 'default') => { counts.delete(label) },
    time: (label = 'default') => { clocks.set(label, now()) },
    timeLog: (label = 'default', ...args) => { if (clocks.has(label)) print(LEVELS.info, [`${label}: ${now() - clocks.get(label)}ms`, ...args]) },
    timeEnd: (label = 'default') => { console.timeLog(label); clocks.delete(label) },
    group: (...args) => { if (args.length) print(LEVELS.info, args); indent += '  ' },
    groupEnd: () => { indent = indent.slice(2) },
    table: (value) => print(LEVELS.info, [inspect(value, 1)]),
  }
  console.dirxml = console.log
  console.groupCollapsed = console.group

  // ---- timers: the plugin sleeps in the host until the next one is due ----

  let timers = []
  let lastTimer = 0
  const schedule = (callback, delay, args, every) => {
    if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function')
    const ms = Number(delay) >= 1 ? Math.min(Number(delay), 0x7fffffff) : 1
    const timer = { id: ++lastTimer, due: now() + ms, callback, args, every: every ? ms : 0 }
    timers.push(timer)
    return makeHandle(timer)
  }
  const makeHandle = (timer) => ({
    ref() { return this },
    unref() { timer.unref = true; return this },
    hasRef: () => !timer.unref,
    refresh() { timer.due = now() + (timer.every || 1); return this },
    close() { cancel(this) },
    [Symbol.toPrimitive]: () => timer.id,
  })
  const cancel = (handle) => {
    if (handle == null) return
    const id = Number(handle)
    timers = timers.filter((timer) => timer.id !== id)
  }
  const nextTimer = () => {
    let next
    for (const timer of timers) if (!timer.unref && (!next || timer.due < next.due)) next = timer
    return next
  }

  // ---- the handler's surroundings ----

  let context
  let settled = false
  let failed = false
  let outcome
  const settle = (ok, value) => {
    if (settled) return
    settled = true
    failed = !ok
    outcome = value
  }
  const callback = (error, value) => (error == null ? settle(true, value) : settle(false, error))

  const describe = (error) => {
    if (!(error instanceof Error) && !(error && typeof error === 'object' && typeof error.message === 'string')) {
      return stringify({ errorType: typeof error, errorMessage: typeof error === 'object' ? stringify(error) : String(error), trace: [] })
    }
    const errorType = String(error.name || 'Error')
    const errorMessage = String(error.message)
    const stack = typeof error.stack === 'string' ? error.stack.split('\n').filter((line) => line.trim() !== '') : []
    return stringify({ errorType, errorMessage, trace: [`${errorType}: ${errorMessage}`, ...stack] })
  }

  const define = (name, value) => defineProperty(globalThis, name, { value, writable: true, enumerable: false, configurable: true })
  define('console', console)
  define('global', globalThis)
  define('setTimeout', (callback, delay, ...args) => schedule(callback, delay, args, false))
  define('setInterval', (callback, delay, ...args) => schedule(callback, delay, args, true))
  define('setImmediate', (callback, ...args) => schedule(callback, 0, args, false))
  define('clearTimeout', cancel)
  define('clearInterval', cancel)
  define('clearImmediate', cancel)
  define('process', { env: {} })
  delete globalThis.SharedArrayBuffer
  delete globalThis.Atomics

  return {
    describe,
    callback,
    /** Before the top level runs: what does not change from one invocation to the next. */
    prepare(options) {
      globalThis.process.env = options.environment
      context = {
        callbackWaitsForEmptyEventLoop: true,
        functionVersion: options.version,
        functionName: options.name,
        memoryLimitInMB: String(options.memoryMb),
        logGroupName: `/aws/lambda/${options.name}`,
        logStreamName: `${options.edge}`,
        invokedFunctionArn: options.arn,
        clientContext: undefined,
        identity: undefined,
        awsRequestId: '',
        getRemainingTimeInMillis: () => Math.max(0, Math.floor(host.remaining())),
        done: callback,
        succeed: (value) => settle(true, value),
        fail: (error) => settle(false, error ?? new Error('handled')),
      }
      return context
    },
    /** After the top level ran: nothing of it may go on in a later invocation. */
    freeze() {
      const dropped = timers.length
      timers = []
      counts.clear()
      clocks.clear()
      indent = ''
      return dropped
    },
    clientContext(json) { context.clientContext = JSON.parse(json) },
    /** 0: nothing yet, 1: a result, 2: an error. */
    settled() {
      if (!settled) return 0
      if (!failed && context.callbackWaitsForEmptyEventLoop && nextTimer()) return 0
      return failed ? 2 : 1
    },
    outcome: () => outcome,
    /** Milliseconds until the next timer, or -1. */
    wait() {
      const next = nextTimer()
      return next ? Math.max(0, next.due - now()) : -1
    },
    /** Runs the timer that is due first. */
    tick() {
      const time = now()
      let next
      for (const timer of timers) if (timer.due <= time && (!next || timer.due < next.due)) next = timer
      if (!next) return
      if (next.every) next.due = time + next.every
      else timers = timers.filter((timer) => timer !== next)
      next.callback(...next.args)
    },
  }
})

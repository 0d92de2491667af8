// Built-ins of a few lines each: os, console, perf_hooks, diagnostics_channel, constants.
import { Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList, performance } from '../web/performance.js'

const SIGNALS = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGABRT: 6, SIGKILL: 9, SIGUSR1: 10, SIGSEGV: 11, SIGUSR2: 12, SIGPIPE: 13, SIGALRM: 14, SIGTERM: 15, SIGCHLD: 17 }
const ERRNO = { EPERM: 1, ENOENT: 2, EINTR: 4, EIO: 5, EBADF: 9, EAGAIN: 11, ENOMEM: 12, EACCES: 13, EEXIST: 17, ENOTDIR: 20, EISDIR: 21, EINVAL: 22, EMFILE: 24, ENOSPC: 28, EPIPE: 32, ENOTEMPTY: 39, ECONNRESET: 104, ETIMEDOUT: 110, ECONNREFUSED: 111 }

export const os = {
  EOL: '\n', devNull: '/dev/null', arch: () => 'x64', machine: () => 'x86_64', platform: () => 'linux', type: () => 'Linux', release: () => '6.1.0', version: () => '#1 SMP', hostname: () => 'localhost', homedir: () => '/root', tmpdir: () => '/tmp',
  endianness: () => 'LE', uptime: () => performance.now() / 1e3, loadavg: () => [0, 0, 0], totalmem: () => 128 << 20, freemem: () => 64 << 20, cpus: () => [{ model: 'wasm', speed: 0, times: { user: 0, nice: 0, sys: 0, idle: 0, irq: 0 } }], availableParallelism: () => 1,
  networkInterfaces: () => ({}), userInfo: () => ({ uid: 993, gid: 990, username: 'sbx_user', homedir: '/root', shell: null }), getPriority: () => 0, setPriority() {},
  constants: { signals: SIGNALS, errno: ERRNO, priority: {}, dlopen: {}, UV_UDP_REUSEADDR: 4 },
}

const histogram = () => ({ min: 0, max: 0, mean: 0, stddev: 0, exceeds: 0, count: 0, percentiles: new Map(), percentile: () => 0, enable: () => true, disable: () => true, reset() {}, record() {}, recordDelta() {} })
export const perfHooks = { performance, Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, PerformanceObserver, PerformanceObserverEntryList, PerformanceResourceTiming: class PerformanceResourceTiming {}, createHistogram: histogram, monitorEventLoopDelay: histogram, constants: {} }

const channels = new Map()
export class Channel {
  #subscribers = []
  #stores = new Map()
  constructor(name) { this.name = name }
  get hasSubscribers() { return this.#subscribers.length > 0 || this.#stores.size > 0 }
  subscribe(listener) { this.#subscribers = [...this.#subscribers, listener] }
  unsubscribe(listener) {
    const before = this.#subscribers.length
    this.#subscribers = this.#subscribers.filter((one) => one !== listener)
    return this.#subscribers.length < before
  }
  publish(message) { for (const listener of this.#subscribers) { try { listener(message, this.name) } catch (error) { queueMicrotask(() => { throw error }) } } }
  bindStore(store, transform = (message) => message) { this.#stores.set(store, transform) }
  unbindStore(store) { return this.#stores.delete(store) }
  runStores(message, work, self, ...args) {
    const run = [...this.#stores].reduce((inner, [store, transform]) => () => store.run(transform(message), inner), () => { this.publish(message); return Reflect.apply(work, self, args) })
    return run()
  }
}
const channel = (name) => { if (!channels.has(name)) channels.set(name, new Channel(name)); return channels.get(name) }
const tracing = (given) => {
  const names = ['start', 'end', 'asyncStart', 'asyncEnd', 'error']
  const made = Object.fromEntries(names.map((name) => [name, typeof given === 'string' ? channel(`tracing:${given}:${name}`) : given[name]]))
  const any = () => names.some((name) => made[name].hasSubscribers)
  return {
    ...made,
    get hasSubscribers() { return any() },
    subscribe(listeners) { for (const name of names) if (listeners[name]) made[name].subscribe(listeners[name]) },
    unsubscribe(listeners) { return names.every((name) => !listeners[name] || made[name].unsubscribe(listeners[name])) },
    traceSync(work, context = {}, self, ...args) {
      return made.start.runStores(context, () => {
        try { return (context.result = Reflect.apply(work, self, args)) } catch (error) { context.error = error; made.error.publish(context); throw error } finally { made.end.publish(context) }
      })
    },
    tracePromise(work, context = {}, self, ...args) {
      return made.start.runStores(context, () => {
        const settled = (key) => (value) => { context[key] = value; if (key === 'error') made.error.publish(context); made.asyncStart.publish(context); made.asyncEnd.publish(context); if (key === 'error') throw value; return value }
        try { return Promise.resolve(Reflect.apply(work, self, args)).then(settled('result'), settled('error')) } finally { made.end.publish(context) }
      })
    },
    traceCallback(work, position = -1, context = {}, self, ...args) { void position; void context; return Reflect.apply(work, self, args) },
  }
}
export const diagnosticsChannel = { Channel, channel, hasSubscribers: (name) => channels.get(name)?.hasSubscribers ?? false, subscribe: (name, listener) => channel(name).subscribe(listener), unsubscribe: (name, listener) => channel(name).unsubscribe(listener), tracingChannel: tracing }

export const constants = { ...SIGNALS, ...ERRNO, F_OK: 0, X_OK: 1, W_OK: 2, R_OK: 4, O_RDONLY: 0, O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_TRUNC: 512, O_APPEND: 1024, S_IFMT: 61440, S_IFREG: 32768, S_IFDIR: 16384, S_IFLNK: 40960, COPYFILE_EXCL: 1, COPYFILE_FICLONE: 2, COPYFILE_FICLONE_FORCE: 4 }

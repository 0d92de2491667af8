// node:process. Its environment is the function's; what changes from one invocation to the next is read when asked.
import { define, host, native } from '../host.js'
import { EventEmitter } from './events.js'
import { unavailable } from './errors.js'

const VERSION = 'v20.19.0'
class Process extends EventEmitter {}
const process = new Process()
const refuse = (...names) => Object.fromEntries(names.map((name) => [name, () => { throw unavailable(`process.${name}`) }]))
const nanoseconds = () => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6))
const hrtime = (before) => {
  const now = nanoseconds()
  const [seconds, rest] = [Number(now / 1_000_000_000n), Number(now % 1_000_000_000n)]
  if (!before) return [seconds, rest]
  const [s, n] = [seconds - before[0], rest - before[1]]
  return n < 0 ? [s - 1, n + 1e9] : [s, n]
}
hrtime.bigint = nanoseconds

const writer = (level, fd) => Object.assign(new EventEmitter(), {
  fd, isTTY: false, writable: true, columns: 80, writableLength: 0, writableHighWaterMark: 65_536, writableNeedDrain: false, destroyed: false,
  write(chunk, encoding, callback) {
    const text = typeof chunk === 'string' ? chunk : native.fromUtf8(chunk)
    host.log(level, text.replace(/\n$/, ''))
    const done = typeof encoding === 'function' ? encoding : callback
    if (done) queueMicrotask(() => done())
    return true
  },
  end(chunk, encoding, callback) { if (chunk != null && typeof chunk !== 'function') this.write(chunk, encoding, callback) },
  cork() {}, uncork() {}, getColorDepth: () => 1, hasColors: () => false, getWindowSize: () => [80, 24], destroy() { return this },
})

let umask = 0o22
let exiting = false
/** Beyond the exit codes: a signal. */
const ABORTED = 256 + 6
Object.assign(process, {
  title: 'node', version: VERSION, versions: { node: VERSION.slice(1), v8: '0.0.0', quickjs: '0.15.1', swarmlambda: '0.1.0', modules: '115' }, release: { name: 'node', lts: 'Iron' },
  platform: 'linux', arch: 'x64', pid: 1, ppid: 0, execPath: '/var/lang/bin/node', execArgv: [], argv: ['/var/lang/bin/node', '/var/task/index.js'], argv0: 'node', exitCode: undefined, env: {},
  config: { target_defaults: {}, variables: {} }, features: { inspector: false, ipv6: true, tls: true, typescript: false }, allowedNodeEnvironmentFlags: new Set(), noDeprecation: false, throwDeprecation: false, report: undefined, connected: false,
  stdout: writer(2, 1), stderr: writer(4, 2), stdin: Object.assign(new EventEmitter(), { fd: 0, isTTY: false, readable: false, read: () => null, resume() { return this }, pause() { return this }, setEncoding() { return this }, unref() { return this }, ref() { return this } }),
  nextTick(callback, ...args) {
    if (typeof callback !== 'function') throw new TypeError('The "callback" argument must be of type function')
    host.soon(callback, args)
  },
  cwd: () => '/var/task', uptime: () => performance.now() / 1e3, hrtime,
  memoryUsage: Object.assign(() => ({ rss: 0, heapTotal: 0, heapUsed: 0, external: 0, arrayBuffers: 0 }), { rss: () => 0 }), availableMemory: () => 0, constrainedMemory: () => 0,
  cpuUsage: () => ({ user: Math.round(performance.now() * 1e3), system: 0 }), resourceUsage: () => ({ userCPUTime: 0, systemCPUTime: 0, maxRSS: 0 }),
  umask: (mask) => { const before = umask; if (mask !== undefined) umask = Number(mask); return before },
  getuid: () => 993, geteuid: () => 993, getgid: () => 990, getegid: () => 990, getgroups: () => [990],
  emitWarning(warning, type = 'Warning', code) {
    const name = warning instanceof Error ? warning.name : typeof type === 'object' ? type.type ?? 'Warning' : type
    console.warn(`(node:1) ${code ? `[${code}] ` : ''}${name}: ${warning instanceof Error ? warning.message : warning}`)
  },
  exit(code) {
    if (code !== undefined) process.exitCode = code
    if (!exiting) { exiting = true; process.emit('exit', process.exitCode ?? 0) }
    native.exit(Number(process.exitCode ?? 0) & 255)
  },
  abort() { native.exit(ABORTED) },
  reallyExit(code) { process.exit(code) },
  binding: () => { throw unavailable('process.binding') }, setUncaughtExceptionCaptureCallback() {}, hasUncaughtExceptionCaptureCallback: () => false, setSourceMapsEnabled() {},
  getActiveResourcesInfo: () => [], ref() {}, unref() {}, _getActiveHandles: () => [], _getActiveRequests: () => [],
  ...refuse('chdir', 'kill', 'dlopen', 'setuid', 'setgid', 'loadEnvFile'),
})
Object.defineProperty(process, Symbol.toStringTag, { value: 'process', configurable: true })
define({ process })
export default process

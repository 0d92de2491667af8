// Modules that load and throw a named error at use: names as Node 22 exports them.
import { EventEmitter } from './events.js'
import { unavailable } from './errors.js'

const refuse = (module, name) => ({
  [name]: function () { throw unavailable(`${module}.${name}`) },
}[name])

/** A module of functions that throw, classes that throw when made, and values that are as they are. */
export const stub = (module, names, values = {}) => {
  const made = {}
  for (const name of names.split(' ')) made[name] = refuse(module, name)
  return Object.assign(made, values)
}
/** A class that can be extended and tested with `instanceof`, but not made. */
export const stubClass = (module, name, base = EventEmitter) => ({
  [name]: class extends base { constructor() { super(); throw unavailable(`${module}.${name}`) } },
}[name])

const DNS = 'lookup lookupService resolve resolve4 resolve6 resolveAny resolveCaa resolveCname resolveMx resolveNaptr resolveNs resolvePtr resolveSoa resolveSrv resolveTxt reverse setServers getServers'
const DNS_CODES = Object.fromEntries('NODATA FORMERR SERVFAIL NOTFOUND NOTIMP REFUSED BADQUERY BADNAME BADFAMILY BADRESP CONNREFUSED TIMEOUT EOF FILE NOMEM DESTRUCTION BADSTR BADFLAGS NONAME BADHINTS NOTINITIALIZED LOADIPHLPAPI ADDRGETNETWORKPARAMS CANCELLED'.split(' ').map((name) => [name, `E${name}`]))
export const dnsPromises = stub('dns.promises', DNS, { Resolver: stubClass('dns.promises', 'Resolver', Object), ...DNS_CODES })
export const dns = stub('dns', DNS, { Resolver: stubClass('dns', 'Resolver', Object), promises: dnsPromises, ADDRCONFIG: 32, ALL: 16, V4MAPPED: 8, setDefaultResultOrder() {}, getDefaultResultOrder: () => 'verbatim', ...DNS_CODES })
export const http2 = stub('http2', 'connect createServer createSecureServer performServerHandshake getDefaultSettings getPackedSettings getUnpackedSettings', {
  constants: { HTTP2_HEADER_STATUS: ':status', HTTP2_HEADER_METHOD: ':method', HTTP2_HEADER_PATH: ':path', HTTP2_HEADER_AUTHORITY: ':authority', HTTP2_HEADER_SCHEME: ':scheme', HTTP2_HEADER_CONTENT_TYPE: 'content-type', HTTP2_METHOD_GET: 'GET', HTTP2_METHOD_POST: 'POST', NGHTTP2_CANCEL: 8, NGHTTP2_NO_ERROR: 0, HTTP_STATUS_OK: 200 },
  sensitiveHeaders: Symbol('nodejs.http2.sensitiveHeaders'), Http2ServerRequest: stubClass('http2', 'Http2ServerRequest'), Http2ServerResponse: stubClass('http2', 'Http2ServerResponse'),
})
export const workerThreads = stub('worker_threads', 'postMessageToThread moveMessagePortToContext', {
  isMainThread: true, isInternalThread: false, parentPort: null, workerData: null, threadId: 0, resourceLimits: {}, SHARE_ENV: Symbol.for('nodejs.worker_threads.SHARE_ENV'),
  Worker: stubClass('worker_threads', 'Worker'), MessageChannel, MessagePort, BroadcastChannel,
  markAsUntransferable() {}, markAsUncloneable() {}, isMarkedAsUntransferable: () => false, receiveMessageOnPort: () => undefined,
  getEnvironmentData: () => undefined, setEnvironmentData() {},
})
export const childProcess = stub('child_process', 'exec execFile execFileSync execSync fork spawn spawnSync', { ChildProcess: stubClass('child_process', 'ChildProcess') })
export const cluster = Object.assign(new EventEmitter(), stub('cluster', 'fork disconnect setupPrimary setupMaster', { isMaster: true, isPrimary: true, isWorker: false, workers: {}, settings: {}, SCHED_NONE: 1, SCHED_RR: 2, schedulingPolicy: 2, Worker: stubClass('cluster', 'Worker') }))
export const dgram = stub('dgram', 'createSocket', { Socket: stubClass('dgram', 'Socket') })
export const vm = stub('vm', 'createContext runInContext runInNewContext runInThisContext compileFunction measureMemory', { isContext: () => false, Script: stubClass('vm', 'Script', Object), SourceTextModule: stubClass('vm', 'SourceTextModule', Object), constants: {} })
export const readlinePromises = stub('readline/promises', 'createInterface', { Interface: stubClass('readline/promises', 'Interface'), Readline: stubClass('readline/promises', 'Readline', Object) })
export const readline = stub('readline', 'createInterface clearLine clearScreenDown cursorTo moveCursor emitKeypressEvents', { Interface: stubClass('readline', 'Interface'), promises: readlinePromises })
export const repl = stub('repl', 'start', { REPLServer: stubClass('repl', 'REPLServer'), builtinModules: [] })
export const inspector = stub('inspector', 'open close waitForDebugger', { url: () => undefined, Session: stubClass('inspector', 'Session'), console: globalThis.console })
export const tty = (Duplex) => ({ isatty: () => false, ReadStream: stubClass('tty', 'ReadStream', Duplex), WriteStream: stubClass('tty', 'WriteStream', Duplex) })
export const v8 = stub('v8', 'getHeapSnapshot writeHeapSnapshot setFlagsFromString takeCoverage stopCoverage', {
  serialize: refuse('v8', 'serialize'), deserialize: refuse('v8', 'deserialize'), cachedDataVersionTag: () => 0,
  getHeapStatistics: () => ({ total_heap_size: 0, used_heap_size: 0, heap_size_limit: 0, total_available_size: 0, total_physical_size: 0, malloced_memory: 0 }), getHeapSpaceStatistics: () => [],
  startupSnapshot: { isBuildingSnapshot: () => false },
})
export const traceEvents = stub('trace_events', 'createTracing', { getEnabledCategories: () => undefined })
export const wasi = { WASI: stubClass('wasi', 'WASI', Object) }
export const sqlite = { DatabaseSync: stubClass('sqlite', 'DatabaseSync', Object), StatementSync: stubClass('sqlite', 'StatementSync', Object) }
export const domain = stub('domain', 'create createDomain', { Domain: stubClass('domain', 'Domain'), active: null })
export const nodeTest = stub('test', 'test it describe suite before after beforeEach afterEach run', { mock: {} })

// The Rust side as the host sees it: the module's own types, and its errors under our codes.
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { EdgeOptions, NativeEdge } from '../../bindings/index.js'
import { messageOf, SwarmError, type ErrorCode } from './errors.js'

export type {
  Alias,
  Asset,
  Certificate,
  ControlRequest,
  ControlResponse,
  EngineInfo,
  FunctionSpec,
  FunctionLatency,
  FunctionStats,
  HttpsOptions,
  InvokeRequest,
  MissRequest,
  MissResponse,
  Origin,
  Outcome,
  Recorded,
  Stats,
} from '../../bindings/index.js'

/** The plugin is committed: built from crates/plugin, needed by the engine at start. */
const PLUGIN_PATH = fileURLToPath(new URL('../../crates/plugin/plugin.wasm', import.meta.url))

/** Where the build left the plugin's native code for this machine. */
const BUILT_CACHE = fileURLToPath(new URL('../../.build/engine', import.meta.url))

/** Where the engine finds, or else keeps, the plugin's native code. */
export const engineCache = (stateDir: string): string => (existsSync(BUILT_CACHE) ? BUILT_CACHE : join(stateDir, 'cache'))

const CODES: Record<string, ErrorCode> = {
  COMPILE: 'BUNDLE_FAILED',
  LOAD: 'LOAD_FAILED',
  ADDRESS_IN_USE: 'ADDRESS_IN_USE',
  LISTEN: 'ADDRESS_UNUSABLE',
  CERTIFICATE: 'CONFIG_INVALID',
  CLOSED: 'CLOSED',
}

/** The native module with its errors under our codes. */
export type Engine = { [Method in keyof NativeEdge]: NativeEdge[Method] }

/** Opens the engine off the JavaScript thread; takes up to a few seconds the first time on a machine. */
export async function openNative(options: Omit<EdgeOptions, 'plugin'>): Promise<Engine> {
  const plugin = await readFile(PLUGIN_PATH).catch((cause: unknown) => {
    throw new SwarmError('INTERNAL', `${PLUGIN_PATH} is missing. Run: npm install`, { cause })
  })
  // Not a static import: what only needs a type or an error of this file loads no native code.
  const bindings = await import('../../bindings/index.js')
  const native = await bindings.NativeEdge.open({ ...options, plugin }).catch(rethrow)
  return {
    info: () => native.info(),
    compile: (source) => native.compile(source).catch(rethrow),
    check: (spec, module) => native.check(spec, module).catch(rethrow),
    load: (spec, module) => native.load(spec, module).catch(rethrow),
    unload: (name) => native.unload(name),
    setAliases: (aliases) => native.setAliases(aliases),
    setTraced: (traced) => native.setTraced(traced),
    recent: (query) => native.recent(query),
    latencies: () => native.latencies(),
    openStream: () => native.openStream(),
    writeStream: (id, bytes) => native.writeStream(id, bytes),
    endStream: (id) => native.endStream(id),
    invoke: (request) => native.invoke(request).catch(rethrow),
    listen: (where, onMiss, onControl) => native.listen(where, onMiss, onControl).catch(rethrow),
    setCertificates: (certificates) => attempt(() => native.setCertificates(certificates)),
    setSites: (json) => native.setSites(json),
    setAssets: (assets) => native.setAssets(assets),
    setSnapshot: (json) => native.setSnapshot(json),
    publish: (event, json) => native.publish(event, json),
    setHealth: (status) => native.setHealth(status),
    stats: () => native.stats(),
    close: (graceMs) => native.close(graceMs).catch(rethrow),
  }
}

/** Sends a state to systemd's socket (sd_notify(3)). */
export async function openNotify(): Promise<(socket: string, state: string) => void> {
  const bindings = await import('../../bindings/index.js')
  return (socket, state) => bindings.notify(socket, state)
}

function attempt<Result>(work: () => Result): Result {
  try {
    return work()
  } catch (error) {
    return rethrow(error)
  }
}

function rethrow(error: unknown): never {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null
  throw typeof code === 'string' ? new SwarmError(CODES[code] ?? 'INTERNAL', messageOf(error), { cause: error }) : error
}

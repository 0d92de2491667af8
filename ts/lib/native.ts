// The Rust side as the host sees it: the module's own types, and its errors under our codes.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { EdgeOptions, NativeEdge } from '../../bindings/index.js'
import { messageOf, SwarmError, type ErrorCode } from './errors.js'

export type {
  Asset,
  ControlRequest,
  ControlResponse,
  EngineInfo,
  FunctionSpec,
  FunctionStats,
  InvokeRequest,
  MissRequest,
  MissResponse,
  NativeEdge,
  Outcome,
  Stats,
} from '../../bindings/index.js'

/** The plugin is committed: built from crates/plugin, needed by the engine at start. */
const PLUGIN_PATH = fileURLToPath(new URL('../../crates/plugin/plugin.wasm', import.meta.url))

const CODES: Record<string, ErrorCode> = {
  COMPILE: 'BUNDLE_FAILED',
  LOAD: 'LOAD_FAILED',
  ADDRESS_IN_USE: 'ADDRESS_IN_USE',
  LISTEN: 'ADDRESS_UNUSABLE',
  CLOSED: 'CLOSED',
}

/** Opens the engine off the JavaScript thread; takes up to a few seconds the first time on a machine. */
export async function openNative(options: Omit<EdgeOptions, 'plugin'>): Promise<NativeEdge> {
  const plugin = await readFile(PLUGIN_PATH).catch((cause: unknown) => {
    throw new SwarmError('INTERNAL', `${PLUGIN_PATH} is missing. Run: npm install`, { cause })
  })
  // Not a static import: what only needs a type or an error of this file loads no native code.
  const bindings = await import('../../bindings/index.js')
  return await bindings.NativeEdge.open({ ...options, plugin }).catch(rethrow)
}

/** For `.catch`: what the native module threw, as a {@link SwarmError}. */
export function rethrow(error: unknown): never {
  throw fromNative(error)
}

function fromNative(error: unknown): unknown {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : null
  if (typeof code !== 'string' || error instanceof SwarmError) return error
  return new SwarmError(CODES[code] ?? 'INTERNAL', messageOf(error), { cause: error })
}

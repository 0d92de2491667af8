// Keeps the engine's table as the registry says: every change, whoever published it, comes this one way.
// fetch blobs → (another plugin: compile again) → load → swap. A name's changes are applied one after another, the last one wins.
import { setTimeout as sleep } from 'node:timers/promises'
import { openGate } from '../api/gate.js'
import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import type { Alias, Engine, FunctionSpec } from '../native.js'
import { versionOf } from '../registry/parts.js'
import { isItem, type AnyRecord, type FunctionConfig, type FunctionRecord, type RegistryRecord } from '../registry/record.js'
import type { Registry } from '../registry/types.js'
import { isPartial } from '../router.js'

export interface SyncOptions {
  engine: Pick<Engine, 'info' | 'compile' | 'load' | 'unload' | 'setAliases'>
  registry: Pick<Registry, 'events' | 'list' | 'get' | 'blob' | 'allParts'>
  specOf: (name: string, config: FunctionConfig, sourceMap: string | null) => FunctionSpec
  /** Whether this edge is one of those that have the function loaded. */
  isPlacedHere: (name: string, config: FunctionConfig) => boolean
  /** The table changed. */
  onChange: () => void
  log: Log
}

export interface Sync extends AsyncDisposable {
  /** Function → revision that is loaded here. */
  readonly loaded: ReadonlyMap<string, string>
  /** Everything the registry knew at the start was tried once. */
  readonly settled: Promise<void>
  /** Edges came or went: loads what is this one's turn now, and unloads what others have. */
  place(): void
  /** Loads what waits until somebody wants it: a published version, or what is placed elsewhere. False: there is none, or it does not load here. */
  want(key: string): Promise<boolean>
  /** A peer came: blobs that were nowhere may be there now. */
  poke(): void
}

const MAX_LOADS = 4
const FETCH_TIMEOUT_MS = 30_000
const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 15_000

/** The work on one name. */
interface Work {
  record: RegistryRecord
  /** Whether to load it though it is placed elsewhere. */
  wanted: boolean
  /** Aborted when a newer record of the name came, or the edge closes. */
  superseded: AbortController
  /** Aborted to retry at once. */
  poked: AbortController
}

export function openSync({ engine, isPlacedHere, log, onChange, registry, specOf }: SyncOptions): Sync {
  const loaded = new Map<string, string>()
  const works = new Map<string, Work>()
  const running = new Map<string, Promise<void>>()
  const gate = openGate(MAX_LOADS, Number.MAX_SAFE_INTEGER, 'never')
  let closed = false

  const moduleOf = async (record: FunctionRecord, signal: AbortSignal): Promise<Buffer> => {
    const options = { signal, timeoutMs: FETCH_TIMEOUT_MS }
    if (record.pluginDigest === engine.info().pluginDigest) return await registry.blob(record.module, options)
    // Bytecode is bound to its plugin: during an upgrade edges have different ones.
    const source = await registry.blob(record.source, options)
    return await engine.compile(source.toString())
  }

  /** Versions are loaded when they are wanted, wherever that is. */
  const isElsewhere = (record: FunctionRecord): boolean => isPartial(record.config) && versionOf(record.name) === null && !isPlacedHere(record.name, record.config)

  const apply = async ({ record, superseded: { signal }, wanted }: Work): Promise<void> => {
    if (record.deleted || (!wanted && isElsewhere(record))) {
      engine.unload(record.name)
      if (loaded.delete(record.name)) onChange()
      return
    }
    const module = await moduleOf(record, signal)
    const sourceMap = record.sourceMap && (await registry.blob(record.sourceMap, { signal, timeoutMs: FETCH_TIMEOUT_MS }))
    signal.throwIfAborted()
    await engine.load(specOf(record.name, record.config, sourceMap?.toString() ?? null), module)
    loaded.set(record.name, record.revisionId)
    onChange()
  }

  /** Until the name is as the newest record says; `tried` is called after the first try of any. */
  const work = async (name: string, tried: () => void): Promise<void> => {
    let delay = FIRST_RETRY_MS
    for (let current = works.get(name); current && !closed; current = works.get(name)) {
      const { superseded } = current
      try {
        await gate(() => apply(current))
        if (works.get(name) === current) works.delete(name)
        delay = FIRST_RETRY_MS
      } catch (error) {
        if (superseded.signal.aborted) continue
        if (isFinal(error)) {
          log.error('a function does not load here', { function: name, error: messageOf(error) })
          works.delete(name)
        } else {
          log.warn('a function could not be fetched yet', { function: name, error: messageOf(error), retryMs: delay })
          tried()
          await sleep(delay, null, { signal: AbortSignal.any([superseded.signal, current.poked.signal]) }).catch(() => null)
          current.poked = new AbortController()
          delay = Math.min(delay * 2, LONGEST_RETRY_MS)
        }
      }
      tried()
    }
    // In the same turn as the loop's last look at `works`: whoever enqueues next starts anew.
    running.delete(name)
    tried()
  }

  const enqueue = (record: RegistryRecord, wanted = false): Promise<void> => {
    const { name } = record
    works.get(name)?.superseded.abort()
    works.set(name, { record, wanted, superseded: new AbortController(), poked: new AbortController() })
    return new Promise((tried) => {
      if (running.has(name)) tried()
      else running.set(name, work(name, tried))
    })
  }

  const onRecord = (record: RegistryRecord): void => {
    if (!closed) void enqueue(record)
  }
  registry.events.on('change', onRecord)
  const onPart = (part: AnyRecord): void => {
    if (closed) return
    if (versionOf(part.name) === null) engine.setAliases(aliasesOf(registry.allParts()))
    else if (!isItem(part) && loaded.has(part.name)) void enqueue(part)
  }
  registry.events.on('part', onPart)
  engine.setAliases(aliasesOf(registry.allParts()))
  const settled = Promise.all(registry.list().map((record) => enqueue(record))).then(() => undefined)

  return {
    loaded,
    settled,
    async want(key) {
      const record = registry.get(key)
      if (record === null || closed) return false
      if (loaded.get(key) !== record.revisionId) {
        void enqueue(record, true)
        await running.get(key)
      }
      return loaded.has(key)
    },
    place() {
      if (closed) return
      for (const record of registry.list()) {
        if (isPartial(record.config) && isElsewhere(record) === loaded.has(record.name) && !works.has(record.name)) void enqueue(record)
      }
    },
    poke() {
      for (const { poked } of works.values()) poked.abort()
    },
    async [Symbol.asyncDispose]() {
      closed = true
      registry.events.off('change', onRecord)
      registry.events.off('part', onPart)
      for (const { superseded } of works.values()) superseded.abort()
      await Promise.all(running.values())
    },
  }
}

/** Aliases as the engine follows them. */
function aliasesOf(parts: readonly AnyRecord[]): Alias[] {
  return parts.flatMap((part) => {
    if (!isItem(part) || part.name.includes('!')) return []
    const { FunctionVersion, RoutingConfig } = part.value as { FunctionVersion: string; RoutingConfig?: { AdditionalVersionWeights: Record<string, number> } }
    const others = Object.entries(RoutingConfig?.AdditionalVersionWeights ?? {}).map(([version, weight]) => ({ version, weight }))
    return [{ key: part.name, version: FunctionVersion, others }]
  })
}

/** Trying again would end the same. */
const isFinal = (error: unknown): boolean => error instanceof SwarmError && (error.code === 'LOAD_FAILED' || error.code === 'BUNDLE_FAILED')

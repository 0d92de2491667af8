// Content by its SHA-256, in Hyperblobs. Whatever a record points at is fetched by every edge at once, so that no
// content dies with the edge that wrote it; and nothing is handed out that doesn't have its digest.

import { createHash } from 'node:crypto'
import { setMaxListeners } from 'node:events'

import type Corestore from 'corestore'
import type Hypercore from 'hypercore'
import Hyperblobs from 'hyperblobs'

import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import type { BlobRef } from './record.js'

/** Bigger ones are fetched when they are asked for. */
export const EAGER_BYTES = 10 * 1024 * 1024
const EAGER_AT_ONCE = 16
/** Then it is another one's turn: what nobody has must not hold up what somebody has. */
const EAGER_TURN_MS = 20_000
const LATER_MS = 2_000
export const BLOB_TIMEOUT_MS = 5_000

export interface Blobs {
  /** Appends to `core`, unless this edge already has the content by `known`. */
  put(content: Buffer, core: Hypercore, known: (sha256: string) => BlobRef | undefined): Promise<BlobRef>
  has(ref: BlobRef): Promise<boolean>
  get(ref: BlobRef, options?: { signal?: AbortSignal; timeoutMs?: number }): Promise<Buffer>
  /** Fetches it in the background, however long it takes until somebody has it. */
  fetch(ref: BlobRef): void
  /** Takes them off the disk; `needed`: whether anything else of a core is. */
  clear(refs: readonly BlobRef[], needed: (core: string) => boolean): Promise<void>
  malformed(): number
  close(): Promise<void>
}

export const sha256Of = (content: Buffer): string => createHash('sha256').update(content).digest('hex')

export interface BlobsOptions {
  store: Corestore
  /** Whether it is worth to go on fetching. */
  isNeeded: (ref: BlobRef) => boolean
  /** Whether there is room for more; else it is tried again later. */
  mayFetch: () => boolean
  /** The store failed. */
  onFailed: (error: unknown) => void
  /** All of a core was cleared. */
  onEmpty: (key: string) => void
  log: Log
}

export const openBlobs = ({ isNeeded, log, mayFetch, onEmpty, onFailed, store }: BlobsOptions): Blobs => {
  const cores = new Map<string, Promise<Hypercore>>()
  const closing = new AbortController()
  setMaxListeners(EAGER_AT_ONCE + 1, closing.signal)
  const bad = new Set<string>()
  const queued = new Map<string, BlobRef>()
  const fetching = new Map<string, Promise<void>>()
  let retrying: NodeJS.Timeout | undefined

  const coreOf = (key: string): Promise<Hypercore> => {
    const known = cores.get(key)
    if (known !== undefined) return known
    const core = store.get({ key: Buffer.from(key, 'hex') })
    const opened = core.ready().then(() => core)
    cores.set(key, opened)
    opened.catch(() => cores.delete(key))
    return opened
  }
  const has = async (ref: BlobRef): Promise<boolean> => {
    if (ref.blockLength === 0) return true
    const core = await coreOf(ref.core)
    return core.length >= endOf(ref) && (await core.has(ref.blockOffset, endOf(ref)))
  }
  const read = async (ref: BlobRef, timeoutMs: number): Promise<Buffer> => {
    if (ref.size === 0) return Buffer.alloc(0)
    const id = {
      blockOffset: ref.blockOffset,
      blockLength: ref.blockLength,
      byteOffset: ref.byteOffset,
      byteLength: ref.size,
    }
    const content = await new Hyperblobs(await coreOf(ref.core)).get(id, { wait: timeoutMs > 0, timeout: timeoutMs })
    if (content === null) throw new SwarmError('BLOB_MISSING', `no edge has ${ref.sha256}`)
    return content
  }
  const isWhole = (ref: BlobRef, content: Buffer): boolean => {
    const whole = content.byteLength === ref.size && sha256Of(content) === ref.sha256
    if (!whole && !bad.has(ref.sha256)) {
      bad.add(ref.sha256)
      log.warn('content does not have its digest: set aside', { sha256: ref.sha256, core: ref.core })
    }
    return whole
  }

  const fetchNow = async (ref: BlobRef): Promise<void> => {
    if (await has(ref)) return
    const core = await coreOf(ref.core)
    if (closing.signal.aborted) return
    const download = core.download({ start: ref.blockOffset, end: endOf(ref) })
    const turn = AbortSignal.timeout(EAGER_TURN_MS)
    try {
      await unlessAborted(download.done(), AbortSignal.any([closing.signal, turn]))
    } catch (error) {
      if (turn.aborted && isNeeded(ref)) queued.set(ref.sha256, ref)
      throw error
    } finally {
      download.destroy()
    }
    if (!closing.signal.aborted) isWhole(ref, await read(ref, 0))
  }
  const startFetches = (): void => {
    if (!mayFetch()) {
      retrying ??= setTimeout(() => {
        retrying = undefined
        startFetches()
      }, LATER_MS)
      return
    }
    for (const [sha256, ref] of queued) {
      if (fetching.size >= EAGER_AT_ONCE || closing.signal.aborted) return
      queued.delete(sha256)
      if (!isNeeded(ref)) continue
      const work = fetchNow(ref)
        .catch((error: unknown) => {
          onFailed(error)
          if (!closing.signal.aborted) log.debug('content not fetched', { sha256, reason: messageOf(error) })
        })
        .finally(() => {
          fetching.delete(sha256)
          startFetches()
        })
      fetching.set(sha256, work)
    }
  }

  return {
    put: async (content, core, known) => {
      const sha256 = sha256Of(content)
      const existing = known(sha256)
      if (existing !== undefined && existing.size === content.byteLength && !bad.has(sha256) && (await has(existing)))
        return existing
      const id = await new Hyperblobs(core).put(content)
      return {
        sha256,
        size: content.byteLength,
        core: core.key.toString('hex'),
        blockOffset: id.blockOffset,
        blockLength: id.blockLength,
        byteOffset: id.byteOffset,
      }
    },
    has,
    get: async (ref, options = {}) => {
      const { signal, timeoutMs = BLOB_TIMEOUT_MS } = options
      signal?.throwIfAborted()
      const work = read(ref, timeoutMs).catch((error: unknown) => {
        if (error instanceof SwarmError) throw error
        onFailed(error)
        throw new SwarmError('BLOB_MISSING', `${ref.sha256}: ${messageOf(error)}`, { cause: error })
      })
      const content = await (signal === undefined ? work : unlessAborted(work, signal))
      if (!isWhole(ref, content))
        throw new SwarmError('BLOB_MISSING', `content of ${ref.sha256} does not have that digest`)
      return content
    },
    fetch: (ref) => {
      if (ref.size > EAGER_BYTES || fetching.has(ref.sha256)) return
      queued.set(ref.sha256, ref)
      startFetches()
    },
    clear: async (refs, needed) => {
      for (const ref of refs) {
        queued.delete(ref.sha256)
        const core = await coreOf(ref.core)
        await core.clear(ref.blockOffset, endOf(ref))
        // Our own may be written to again.
        if (core.writable || needed(ref.core) || !cores.has(ref.core)) continue
        cores.delete(ref.core)
        await core.close()
        onEmpty(ref.core)
      }
    },
    malformed: () => bad.size,
    close: async () => {
      clearTimeout(retrying)
      queued.clear()
      closing.abort(new SwarmError('CLOSED', 'registry is closed'))
      await Promise.allSettled(fetching.values())
    },
  }
}

const endOf = (ref: BlobRef): number => ref.blockOffset + ref.blockLength

/** What `work` brings, or the signal's reason if that comes first. */
const unlessAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  let stop = (): void => undefined
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(signal.reason instanceof Error ? signal.reason : new SwarmError('CLOSED', 'aborted'))
    }
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

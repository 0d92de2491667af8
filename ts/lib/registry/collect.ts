// Content that no record needs any more goes, on every edge by itself: an edge that lags behind can still fetch it for a
// while from the others.

import { messageOf } from '../errors.js'
import type { Log } from '../log.js'
import type { Blobs } from './blobs.js'
import type { BlobRef } from './record.js'
import type { View } from './view.js'

/** An edge that lags by more has a newer record to fetch for. */
export const GRACE_MS = 10 * 60_000
const EVERY_MS = 60_000
const AT_ONCE = 1_000

export interface CollectorOptions {
  view: () => View
  blobs: Pick<Blobs, 'clear'>
  /** Runs while nothing is published or folded. */
  exclusively: <T>(work: () => Promise<T>) => Promise<T>
  graceMs?: number
  log: Log
}

export interface Collector extends AsyncDisposable {
  /** Looks now; the number of blobs that went. */
  run(): Promise<number>
}

export const openCollector = (options: CollectorOptions): Collector => {
  const { blobs, exclusively, graceMs = GRACE_MS, log, view } = options
  /** Since when it has not been needed: by this process, so a restart begins anew. */
  const unneededSince = new Map<string, number>()
  let running: Promise<unknown> = Promise.resolve()

  const sweep = async (): Promise<number> => {
    const now = Date.now()
    const gone: BlobRef[] = []
    const seen = new Set<string>()
    for (const ref of view().blobs()) {
      if (view().isNeeded(ref)) continue
      const key = `${ref.core}/${String(ref.blockOffset)}`
      seen.add(key)
      const since = unneededSince.get(key) ?? now
      unneededSince.set(key, since)
      if (now - since >= graceMs && gone.length < AT_ONCE) gone.push(ref)
    }
    for (const key of unneededSince.keys()) if (!seen.has(key)) unneededSince.delete(key)
    if (gone.length === 0) return 0
    await exclusively(async () => {
      // Published again meanwhile.
      const still = gone.filter((ref) => !view().isNeeded(ref))
      await view().forget(still)
      const left = new Set(view().blobs().map(({ core }) => core))
      await blobs.clear(still, (core) => left.has(core))
    })
    log.debug('content collected', { blobs: gone.length })
    return gone.length
  }
  const run = (): Promise<number> => {
    const next = running.then(sweep)
    running = next.catch((error: unknown) => {
      log.warn('old content was not collected', { reason: messageOf(error) })
    })
    return next
  }
  const timer = setInterval(() => void run().catch(() => undefined), Math.min(EVERY_MS, Math.max(graceMs, 1_000)))
  timer.unref()

  return {
    run,
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await running
    },
  }
}

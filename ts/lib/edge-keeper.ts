// Keeps one edge open until it is told to stop: an edge whose store broke is closed and opened again, in this process,
// on the same port.
import { setTimeout as delay } from 'node:timers/promises'
import { openEdge, type Edge, type EdgeOptions } from './edge.js'
import { messageOf, SwarmError } from './errors.js'
import { kindOf, markDamaged } from './registry/damage.js'
import type { Broken } from './registry/health.js'

/** A disk that breaks again at once is not tried at once. */
const AGAIN_AFTER_MS = [0, 1_000, 5_000, 30_000] as const
/** An edge that worked for that long starts afresh. */
const LASTED_MS = 5 * 60_000
/** What can't be closed any more must not keep the edge from being opened again. */
const CLOSE_WITHIN_MS = 15_000

export interface KeeperOptions extends EdgeOptions {
  signal: AbortSignal
  /** It serves; again for each time it was opened. What it is reloaded with, it is also opened again with. */
  onReady: (edge: Edge) => void
}

/** Resolves after the stop; rejects when the edge can't be opened. */
export async function keepEdge({ log, onReady, say, signal, ...options }: KeeperOptions): Promise<void> {
  let { config } = options
  let { httpPort } = config
  let failures = 0
  const stopped = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null)
    signal.addEventListener('abort', () => resolve(null), { once: true })
  })
  while (!signal.aborted) {
    const openedAt = Date.now()
    using store = openStoreWatch()
    try {
      const edge = await openEdge({ config: { ...config, httpPort }, log, say })
      try {
        say(`${config.nodeName} (${config.region}) is ready on ${edge.url}`)
        onReady({
          ...edge,
          async reload(next) {
            await edge.reload(next)
            config = next
          },
        })
        httpPort = Number(new URL(edge.url).port)
        const broken = await Promise.race([stopped, edge.broken, store.broken])
        if (broken === null) return
        if (broken.final) throw broken.final
        log.error('the edge is closed and opened again', { reason: broken.reason })
        if (broken.unexplained && failures > 0) await markDamaged(config.stateDir)
      } finally {
        const closed = Promise.resolve(edge[Symbol.asyncDispose]())
        if (signal.aborted) await closed
        else await Promise.race([closed.catch((error: unknown) => log.warn('the edge did not close well', { reason: messageOf(error) })), delay(CLOSE_WITHIN_MS, null, { ref: false })])
      }
    } catch (error) {
      // It is marked by now: the next start sets the store aside.
      if (!(error instanceof SwarmError) || error.code !== 'STORE_DAMAGED') throw error
      log.error('the edge is opened again', { reason: error.message })
    }
    failures = Date.now() - openedAt > LASTED_MS ? 0 : failures + 1
    await delay(AGAIN_AFTER_MS[failures - 1] ?? AGAIN_AFTER_MS[3], null, { signal }).catch(() => null)
  }
}

/** The storage has promises of its own that nobody awaits, and that reject when a write fails. All others end the process, as ever. */
function openStoreWatch(): { broken: Promise<Broken> } & Disposable {
  let tell = (_broken: Broken): void => undefined
  const broken = new Promise<Broken>((resolve) => {
    tell = resolve
  })
  const onRejection = (error: unknown): void => {
    if (kindOf(error) === 'other') throw error
    tell({ reason: `the store failed: ${messageOf(error)}`, unexplained: true })
  }
  process.on('unhandledRejection', onRejection)
  return { broken, [Symbol.dispose]: () => void process.off('unhandledRejection', onRejection) }
}

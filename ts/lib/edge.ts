// One edge, composed in edge/compose.ts. Each step of opening it is a file in edge/opening, named like what it opens:
//
//   engine       ports, state directory, engine
//   ground       keys, store
//   network      mesh, registry, membership
//   table        functions: registry → engine, and deploys → registry
//   invocations  misses, idempotency, asynchronous ones, schedules, draining
//   watching     certificates to renew, history, traces, metrics
//   gateway      control calls, and the engine listens
//   names        DNS
//
// They close in reverse; the gateway drains while the mesh is still there.
import type { EdgeConfig } from './config.js'
import { openStack } from './disposal.js'
import { claimPlace, openEngine } from './edge/opening/engine.js'
import { messageOf } from './errors.js'
import type { Log } from './log.js'
import type { Broken } from './registry/health.js'

export interface Edge extends AsyncDisposable {
  /** Where the gateway listens. */
  readonly url: string
  /** Takes what of the configuration may change while it runs, and reads its files again: certificates, places. Throws CONFIG_INVALID. */
  reload(config: EdgeConfig): Promise<void>
  /** Resolves when this edge has to be closed and opened again. */
  readonly broken: Promise<Broken>
}

export interface EdgeOptions {
  config: EdgeConfig
  log: Log
  /** A line for whoever started the edge. */
  say: (line: string) => void
}

/** Resolves when it serves: everything its registry knew is loaded, peers or not. */
export async function openEdge({ config, log, say }: EdgeOptions): Promise<Edge> {
  const stack = openStack()
  let onBroken = (_broken: Broken): void => undefined
  const broken = new Promise<Broken>((resolve) => {
    onBroken = resolve
  })
  const place = { name: config.nodeName, region: config.region }
  try {
    await claimPlace(config)
    const engine = openEngine({ config, place, say, stack })
    // The code of everything else is loaded while the engine opens on its own threads.
    const { compose } = await import('./edge/compose.js')
    const { url, reload } = await compose({ config, place, log, say, stack, broken: onBroken }, engine)
    return { url, reload, broken, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() }
  } catch (error) {
    await stack[Symbol.asyncDispose]().catch((reason: unknown) => log.warn('closing after a failed start', { error: messageOf(reason) }))
    throw error
  }
}

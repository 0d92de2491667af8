// One edge, composed. Each step of opening it is a file in edge/opening, named like what it opens:
//
//   ground       ports, state directory, keys, store, engine
//   network      mesh, registry, membership
//   table        functions: registry → engine, and deploys → registry
//   invocations  misses, idempotency, asynchronous ones, schedules, draining
//   watching     certificates to renew, history, traces, metrics
//   gateway      control calls, and the engine listens
//   names        DNS
//
// They close in reverse; the gateway drains while the mesh is still there.
import { openStack } from './disposal.js'
import { openBroadcasts } from './edge/broadcasts.js'
import { openGateway } from './edge/opening/gateway.js'
import { openGround } from './edge/opening/ground.js'
import { openInvocations } from './edge/opening/invocations.js'
import { openNames } from './edge/opening/names.js'
import { openNetwork } from './edge/opening/network.js'
import { openSignals, type Start } from './edge/opening/start.js'
import { openTable } from './edge/opening/table.js'
import { openWatching } from './edge/opening/watching.js'
import type { EdgeConfig } from './config.js'
import { messageOf } from './errors.js'
import type { Log } from './log.js'
import type { Broken } from './registry/registry.js'
import { VERSION } from './version.js'

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
    const { url, reload } = await open({ config, place, log, say, stack, broken: onBroken })
    return { url, reload, broken, [Symbol.asyncDispose]: () => stack[Symbol.asyncDispose]() }
  } catch (error) {
    await stack[Symbol.asyncDispose]().catch((reason: unknown) => log.warn('closing after a failed start', { error: messageOf(reason) }))
    throw error
  }
}

async function open(given: Omit<Start, 'hosts' | 'signals'>): Promise<Pick<Edge, 'url' | 'reload'>> {
  const { config, place, stack } = given
  const startedAt = Date.now()
  const signals = openSignals()
  let { hosts } = config
  const start: Start = { ...given, hosts: () => hosts, signals }
  const ground = await openGround(start)
  const network = await openNetwork(start, ground)
  const table = openTable(start, ground, network)
  const invocations = await openInvocations(start, ground, network, table)
  const watching = await openWatching(start, ground, network, table, invocations)
  const parts = { ground, network, table, invocations, watching }
  const url = await openGateway(start, parts)

  const { engine, keyring } = ground
  const { mesh, registry } = network
  const { drain, isDraining, misses } = invocations
  const { history, metrics } = watching
  const broadcasts = stack.use(
    openBroadcasts({
      cluster: config.clusterId,
      place,
      url,
      version: VERSION,
      startedAt,
      engine,
      mesh,
      registry,
      loaded: table.sync.loaded,
      signals,
      isDraining,
      onTraffic(requests) {
        misses.tick(requests)
        metrics.tick()
        history.setAside(misses.setAside())
        history.keyed(keyring.ids()[0] ?? '')
      },
      setAside: () => misses.setAside(),
    }),
  )
  const updateNames = await openNames(start, parts, url)
  stack.defer(() => drain.stop(broadcasts.isBusy()))

  // Only now that every method is handled may others find this edge, and only when all is loaded are requests welcome.
  await mesh.join()
  await table.sync.settled
  drain.open()
  return {
    url,
    async reload(next) {
      hosts = next.hosts
      table.sites.refresh()
      if (next.dns) await updateNames?.(next.dns)
      if (next.https) await ground.certificates?.reload(next.https.certificates)
    },
  }
}

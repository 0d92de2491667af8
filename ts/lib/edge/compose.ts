// Opens the parts of an edge one after the other: the order, and what each is given.
import { openBroadcasts } from './broadcasts.js'
import { openGateway } from './opening/gateway.js'
import { openGround } from './opening/ground.js'
import { openInvocations } from './opening/invocations.js'
import { openNames } from './opening/names.js'
import { openNetwork } from './opening/network.js'
import { openSignals, type Start } from './opening/start.js'
import { openTable } from './opening/table.js'
import { openWatching } from './opening/watching.js'
import type { EdgeConfig } from '../config.js'
import type { Engine } from '../native.js'
import { VERSION } from '../version.js'

export interface Opened {
  url: string
  reload: (config: EdgeConfig) => Promise<void>
}

/** Resolves when it serves: everything its registry knew is loaded, peers or not. */
export async function compose(given: Omit<Start, 'hosts' | 'signals'>, opening: Promise<Engine>): Promise<Opened> {
  const { config, place, stack } = given
  const startedAt = Date.now()
  const signals = openSignals()
  let { hosts } = config
  const start: Start = { ...given, hosts: () => hosts, signals }
  const ground = await openGround(start, opening)
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

// What watches an edge and keeps things in order around it: the certificate authority, the history, traces, metrics.
import type { Acme } from '../../acme/acme.js'
import { openChallenges } from '../../acme/challenges.js'
import { openMetrics } from '../../metrics.js'
import { openObservations } from '../../observe/observations.js'
import { VERSION } from '../../version.js'
import { openHistory } from '../history.js'
import type { Ground } from './ground.js'
import type { Invocations } from './invocations.js'
import type { Network } from './network.js'
import type { Start } from './start.js'
import type { Table } from './table.js'

export type Watching = Awaited<ReturnType<typeof openWatching>>

export async function openWatching({ config, log, place, signals, stack }: Start, { engine, shown }: Ground, { mesh, registry, sealer }: Network, { sync }: Table, { claims, events, misses, once }: Invocations) {
  const { name: edge, region } = place
  const challenges = openChallenges({ registry, mesh, log })
  const acme = config.https?.acme
  let orders: Acme | null = null
  if (acme) {
    const { openAcme } = await import('../../acme/acme.js')
    orders = stack.use(openAcme({ name: edge, config: acme, registry, sealer, challenges, claim: (slot) => claims.claim(slot), install: shown.installIssued, clock: Date.now, log }))
  }
  const history = stack.use(openHistory({ mesh, registry, self: edge, onEvent: (event) => engine.publish('history', JSON.stringify(event)), clock: Date.now }))
  if (config.traceRatio !== null) {
    const { openTracing } = await import('../../tracing.js')
    stack.use(openTracing({ engine, edge, region, version: VERSION, ratio: config.traceRatio, clock: Date.now }))
  }
  const observations = stack.use(openObservations({ edge, engine, mesh, clock: Date.now }))
  const metrics = openMetrics({
    edge,
    region,
    version: VERSION,
    engine,
    mesh,
    registry,
    loaded: sync.loaded,
    events: () => events.lengths(),
    setAside: () => misses.setAside(),
    retries: () => misses.retries(),
    answers: () => once.stats(),
    certificates: () => ({ shown: shown.list(), failures: orders?.failures() ?? 0 }),
  })
  signals.on('failover', ({ tries }) => metrics.countTries(tries.slice(1)))
  signals.on('verdict', (verdict) => metrics.countOnce(verdict))
  return { challenges, history, observations, metrics }
}

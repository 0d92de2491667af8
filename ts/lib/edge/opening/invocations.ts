// What becomes of invocations: those that do not end where they landed, those asked for twice, those that wait, those that
// come by the clock; and of all of them when the edge is to stop.
import { join } from 'node:path'
import { openClaims, openSchedules } from '../../schedules.js'
import { openDrain } from '../drain.js'
import { openEventInvocations } from '../event-invocations.js'
import { openHealth } from '../health.js'
import { openMisses } from '../misses.js'
import { openOnce } from '../once.js'
import { awsRegion } from '../spec.js'
import type { Ground } from './ground.js'
import type { Network } from './network.js'
import type { Start } from './start.js'
import type { Table } from './table.js'

export type Invocations = Awaited<ReturnType<typeof openInvocations>>

export async function openInvocations({ config, log, place, signals, stack }: Start, { engine }: Ground, { mesh, registry }: Network, { sync }: Table) {
  const health = openHealth(engine, () => signals.emit('change'))
  const { isDraining } = health
  const once = stack.use(openOnce({ name: place.name, mesh, clock: Date.now, onVerdict: (verdict) => signals.emit('verdict', verdict), log }))
  const misses = openMisses({
    place,
    once,
    engine,
    mesh,
    registry,
    want: (key) => sync.want(key),
    isDraining,
    onFailover: (event) => signals.emit('failover', event),
    clock: Date.now,
    log,
  })
  const claims = stack.use(await openClaims({ folder: join(config.stateDir, 'schedules'), mesh, log }))
  const events = await openEventInvocations({
    place,
    stateDir: config.stateDir,
    engine,
    registry,
    mesh,
    onMiss: (request) => misses.onMiss(request),
    claim: (slot) => claims.claim(slot),
    retryDelaysMs: config.eventRetriesMs,
    isDraining,
    clock: Date.now,
    log,
  })
  stack.use(openSchedules({ registry, mesh, claims, region: awsRegion('local'), enqueue: (event) => events.enqueue(event), isDraining, shortestMs: config.shortestRateMs, clock: Date.now, log }))
  const drain = openDrain({ engine, health, events, log })
  return { isDraining, once, misses, claims, events, drain }
}

// Schedules: functions that are executed at set times, once in the whole mesh. At each slot one of the edges that are there
// puts an event into its queue of asynchronous invocations (edge/event-invocations.ts), where retries and destinations are.
import { createHash } from 'node:crypto'
import { ACCOUNT, parseReference } from './api/names.js'
import { messageOf } from './errors.js'
import type { Log } from './log.js'
import type { Mesh, Peer } from './p2p/types.js'
import { scheduleOf } from './registry/parts.js'
import type { AnyRecord } from './registry/record.js'
import type { Registry } from './registry/types.js'
import { allSchedules, readSchedule, type Schedule } from './schedules/api.js'
import { ownerOf, type Claims, type Mark, type Slot } from './schedules/claims.js'

export { openScheduleApi } from './schedules/api.js'
export { openClaims, type Claims } from './schedules/claims.js'

/** What is put into the queue. The same id for the same slot on every edge. */
export interface ScheduledEvent {
  id: string
  name: string
  qualifier: string | null
  /** JSON. */
  payload: string
  schedule: Slot
}

export interface SchedulesOptions {
  registry: Pick<Registry, 'allParts' | 'item' | 'events' | 'get'>
  mesh: Pick<Mesh, 'id' | 'peers' | 'events'>
  claims: Claims
  /** Of events that scheduled functions get. */
  region: string
  /** Does nothing about an event that waits already. */
  enqueue: (event: ScheduledEvent) => Promise<void>
  /** This edge is to begin nothing. */
  isDraining: () => boolean
  /** rate() may be no shorter. */
  shortestMs: number
  clock: () => number
  log: Log
}

/** A slot that is noticed later than this is left out: a laptop that wakes does not catch up on the night. */
const LATEST_MS = 60_000
/** setTimeout's limit is 2^31 ms. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

interface Armed {
  schedule: Schedule
  /** Not due yet; null: never again. */
  next: number | null
  /** Due, and not known as fired. */
  open: number | null
  /** The slot that was put into this edge's queue. */
  queued: number | null
  timer: NodeJS.Timeout | null
}

export function openSchedules({ claims, clock, enqueue, isDraining, log, mesh, region, registry, shortestMs }: SchedulesOptions): Disposable {
  const armed = new Map<string, Armed>()
  let closed = false

  const owner = (slot: Slot): string | undefined => {
    const peers = mesh.peers().filter(({ status }) => status?.state !== 'draining')
    return ownerOf(slot, [...(isDraining() ? [] : [mesh.id]), ...peers.map(({ id }) => id)])
  }

  /** Fires the open slot if it is this edge's turn. */
  const consider = (one: Armed): void => {
    const { open: slot, schedule } = one
    const { name } = schedule
    if (slot === null) return
    if ((claims.last(name)?.slot ?? 0) >= slot) one.open = null
    else if (clock() - slot > LATEST_MS) {
      one.open = null
      log.warn('a slot of a schedule was left out: it is too late', { schedule: name, slot: new Date(slot).toISOString() })
    } else if (one.queued !== slot && owner({ name, slot }) === mesh.id) {
      one.queued = slot
      fire(schedule, slot).catch((error: unknown) => {
        one.queued = null
        log.error('a schedule could not be fired', { schedule: name, error: messageOf(error) })
      })
    }
  }

  const fire = async (schedule: Schedule, slot: number): Promise<void> => {
    const { name, qualifier } = parseReference(schedule.function)
    if (registry.get(name) === null) return log.warn('a schedule has no function any more', { schedule: schedule.name, function: name })
    const id = idOf(schedule.name, slot)
    log.debug('a schedule fires', { schedule: schedule.name, id })
    await enqueue({ id, name, qualifier, payload: JSON.stringify(schedule.input === undefined ? eventOf(schedule.name, slot, id, region) : schedule.input), schedule: { name: schedule.name, slot } })
  }

  /** Takes in what is due by now, and waits for what is next. */
  const advance = (one: Armed): void => {
    const now = clock()
    const { slots } = one.schedule
    let due = one.next
    // Of several that are due, after a suspend, the newest counts.
    if (due !== null && due < now - LATEST_MS) due = slots.after(now - LATEST_MS)
    while (due !== null && due <= now) {
      one.open = due
      due = slots.after(due)
    }
    one.next = due
    consider(one)
    if (one.timer) clearTimeout(one.timer)
    one.timer = due === null ? null : setTimeout(() => advance(one), Math.min(Math.max(due - now, 1), LONGEST_TIMER_MS))
  }

  const disarm = (name: string): void => {
    const timer = armed.get(name)?.timer
    if (timer) clearTimeout(timer)
    armed.delete(name)
  }
  const arm = (schedule: Schedule): void => {
    disarm(schedule.name)
    if (!schedule.enabled) return
    // What was due while this edge started, or just before, may be nobody else's.
    const next = schedule.slots.after(Math.max(schedule.lastModified, clock() - LATEST_MS))
    const one: Armed = { schedule, next, open: null, queued: null, timer: null }
    armed.set(schedule.name, one)
    advance(one)
  }

  const onPart = (part: AnyRecord): void => {
    const name = scheduleOf(part.name)
    if (name === null || closed) return
    const schedule = readSchedule(registry.item(part.name), shortestMs)
    if (schedule === null) disarm(name)
    else arm(schedule)
  }
  const onFired = ({ name }: Mark): void => {
    const one = armed.get(name)
    if (one) consider(one)
  }
  /** Whoever was to fire may be gone: what is open is somebody else's now. */
  const onLost = (): void => {
    for (const one of armed.values()) {
      one.queued = null
      consider(one)
    }
  }
  const onStatus = ({ status }: Peer): void => {
    if (status?.state === 'draining') for (const one of armed.values()) consider(one)
  }

  void claims.settled.then(() => {
    if (closed) return
    registry.events.on('part', onPart)
    claims.events.on('fired', onFired)
    mesh.events.on('lost', onLost).on('status', onStatus)
    for (const schedule of allSchedules(registry, shortestMs)) arm(schedule)
  })

  return {
    [Symbol.dispose]() {
      closed = true
      registry.events.off('part', onPart)
      claims.events.off('fired', onFired)
      mesh.events.off('lost', onLost).off('status', onStatus)
      for (const name of [...armed.keys()]) disarm(name)
    },
  }
}

/** A UUID. */
function idOf(name: string, slot: number): string {
  const hex = createHash('sha256').update(`schedule\n${name}\n${slot}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}

/** EventBridge's event of a scheduled rule. */
const eventOf = (name: string, slot: number, id: string, region: string): Record<string, unknown> => ({
  version: '0',
  id,
  'detail-type': 'Scheduled Event',
  source: 'aws.events',
  account: ACCOUNT,
  time: new Date(slot).toISOString().replace(/\.\d+Z$/, 'Z'),
  region,
  resources: [`arn:aws:events:${region}:${ACCOUNT}:rule/${name}`],
  detail: {},
})

// Ordinary invocations for the pages that watch, of all edges, at most 50 a second. An edge with watchers asks its peers
// for theirs every few seconds; without watchers nothing is looked at and nothing is sent.
import { z } from 'zod'
import type { Engine, Stats } from '../native.js'
import { parseTries } from '../observe/records.js'
import type { Mesh, Peer } from '../p2p/types.js'
import type { InvocationEvent } from '../snapshot.js'

export interface SamplesOptions {
  engine: Pick<Engine, 'recent' | 'publish'>
  mesh: Pick<Mesh, 'peers' | 'events' | 'broadcast'>
  clock: () => number
}

export interface Samples extends Disposable {
  /** Once a second, with the newest counters. */
  tick(stats: Pick<Stats, 'invocations' | 'listeners'>): void
}

const PER_SECOND = 50
const SEND_EVERY_MS = 250
const ASK_EVERY_MS = 3_000
/** Asked for that long; asked again before. */
const ASKED_FOR_MS = 8_000
const WATCH_TOPIC = 'edge/watch'
const SAMPLES_TOPIC = 'edge/samples'

export const invocationEvent = z.object({
  at: z.number(),
  requestId: z.string().max(128),
  function: z.string().max(256),
  tries: z
    .array(
      z.object({
        edge: z.string().max(128),
        class: z.enum(['ok', 'absent', 'refused', 'unreachable', 'crashed', 'timeout', 'error']),
        ms: z.number(),
      }),
    )
    .max(16),
})
const sample = invocationEvent.extend({ standsFor: z.number().min(1).max(1e9) })
const watchMessage = z.object({ perSecond: z.number().min(0).max(PER_SECOND) })
const samplesMessage = z.object({ samples: z.array(sample).max(PER_SECOND) })

export function openSamples({ clock, engine, mesh }: SamplesOptions): Samples {
  /** Peers with watchers: how many samples a second, until when. */
  const watching = new Map<Peer, { perSecond: number; until: number }>()
  let listeners = 0
  let askedAt = 0
  let invocations: number | null = null
  let rate = 0
  let shown = 0
  let seen = clock() * 1_000
  let timer: NodeJS.Timeout | null = null

  const show = (event: InvocationEvent): void => {
    shown += 1
    if (shown <= PER_SECOND) engine.publish('invocation', JSON.stringify(event))
  }
  const look = (): void => {
    for (const [peer, { until }] of watching) if (until < clock()) watching.delete(peer)
    if (listeners === 0 && watching.size === 0) return rest()
    const { records } = engine.recent({ since: seen, limit: Math.ceil((PER_SECOND * SEND_EVERY_MS) / 1_000), name: null, requestId: null, logging: false })
    seen = records.at(-1)?.seq ?? seen
    // Those that moved are told as such.
    const found = records.flatMap(({ name, origin, requestId, startedAt, tries }): InvocationEvent[] => {
      const parsed = parseTries(tries)
      return origin.via === 'peer' || parsed.length !== 1 ? [] : [{ at: startedAt, requestId, function: name, tries: parsed }]
    })
    if (found.length === 0) return
    const standsFor = rate <= PER_SECOND ? 1 : Math.max(1, Math.round((rate * SEND_EVERY_MS) / 1_000 / found.length))
    for (const event of found) if (listeners > 0) show({ ...event, standsFor })
    for (const [peer, { perSecond }] of watching) {
      const most = Math.max(1, Math.floor((perSecond * SEND_EVERY_MS) / 1_000))
      const samples = found.slice(-most)
      peer.send(SAMPLES_TOPIC, { samples: samples.map((event) => ({ ...event, standsFor: Math.round((standsFor * found.length) / samples.length) })) })
    }
  }
  const watch = (): void => {
    if (timer) return
    seen = clock() * 1_000
    timer = setInterval(look, SEND_EVERY_MS)
  }
  const rest = (): void => {
    if (timer) clearInterval(timer)
    timer = null
  }
  const onMessage = (peer: Peer, topic: string, payload: unknown): void => {
    if (topic === WATCH_TOPIC) {
      const parsed = watchMessage.safeParse(payload)
      if (!parsed.success) return
      watching.set(peer, { perSecond: parsed.data.perSecond, until: clock() + ASKED_FOR_MS })
      watch()
    } else if (topic === SAMPLES_TOPIC && listeners > 0) {
      for (const event of samplesMessage.safeParse(payload).data?.samples ?? []) show(event)
    }
  }
  const onLost = (peer: Peer): void => void watching.delete(peer)
  mesh.events.on('message', onMessage).on('lost', onLost)

  return {
    tick(stats) {
      rate = invocations === null ? 0 : Math.max(0, stats.invocations - invocations)
      invocations = stats.invocations
      listeners = stats.listeners
      shown = 0
      if (listeners === 0) {
        askedAt = 0
        return
      }
      watch()
      if (clock() - askedAt < ASK_EVERY_MS) return
      askedAt = clock()
      mesh.broadcast(WATCH_TOPIC, { perSecond: PER_SECOND / (mesh.peers().length + 1) })
    },
    [Symbol.dispose]() {
      rest()
      mesh.events.off('message', onMessage).off('lost', onLost)
    },
  }
}

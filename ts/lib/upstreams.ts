// The edges as the proxy and the DNS server see them: which are live, who they are, and which is nearest.
//
// Active: GET /healthz of every edge twice a second over a connection that is kept. Passive: whoever uses an edge says
// when it failed, and the edge is down at once, until a check that began afterwards succeeds.

import { EventEmitter } from 'node:events'
import { performance } from 'node:perf_hooks'
import { formatEndpoint, type Endpoint } from './config.js'
import { codeOf, reasonOf } from './errors.js'
import type { Log } from './log.js'
import { distanceKm } from './regions.js'
import { openHealthClient, type HealthClient } from './upstreams/health.js'

/** `unknown`: not checked yet. `draining`: alive, and wants no new requests (starting or stopping). */
export type UpstreamState = 'unknown' | 'up' | 'draining' | 'down'

export interface Upstream {
  readonly endpoint: Endpoint
  /** `host:port`, for people. */
  readonly address: string
  /** `http://host:port` */
  readonly origin: string
  readonly state: UpstreamState
  /** As the edge said when it last answered; null until then. */
  readonly name: string | null
  readonly region: string | null
  /** The quickest of the last checks; null until there are enough of them to say. */
  readonly rttMs: number | null
}

interface UpstreamEvents {
  /** State, name or region changed. */
  change: [upstream: Upstream]
  /** It has answered none of the last two checks: what waits for it may ask another edge as well. */
  hangs: [upstream: Upstream]
  /** It has not answered for {@link UpstreamsOptions.giveUpMs}: what waits for it will wait for ever. */
  dead: [upstream: Upstream]
}

export interface UpstreamsOptions {
  edges: readonly Endpoint[]
  /** Where we are; null: order by round-trip time. */
  region: string | null
  log: Log
  checkEveryMs?: number
  checkTimeoutMs?: number
  giveUpMs?: number
}

export interface Upstreams extends AsyncDisposable {
  readonly events: EventEmitter<UpstreamEvents>
  /** All, as listed. */
  list(): readonly Upstream[]
  /** Those that are up, nearest first. */
  live(): Upstream[]
  /** In the order in which a request should try them: live ones, then those that might be. No draining ones. */
  candidates(): Upstream[]
  /** A connection to it was refused or lost. */
  failed(upstream: Upstream, error: unknown): void
  /** Resolves when every edge was checked once. */
  settled(): Promise<void>
}

const CHECK_EVERY_MS = 500
const CHECK_TIMEOUT_MS = 1000
/** After one that was not answered: two of them make an edge that hangs known within 3 s. */
const CHECK_AGAIN_MS = 100
const GIVE_UP_MS = 10_000
/** Round trips differ by chance; only what differs by more than this decides. */
const RTT_STEP_MS = 5
const RTT_SAMPLES = 20
/** Fewer say more about how busy this machine is: a single one is off by 20 ms when it compiles. */
const RTT_LEAST_SAMPLES = 5
/** Failures that say nothing of what becomes of the requests under way there. */
const SILENCE = new Set(['TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH'])

/** Nearest first: by distance when we know where we are, then by round-trip time, then as listed. */
export const nearestFirst = <T extends Pick<Upstream, 'region' | 'rttMs'>>(
  upstreams: readonly T[],
  region: string | null,
): T[] => {
  const distance = (upstream: T) => (region === null ? 0 : distanceKm(region, upstream.region ?? ''))
  const rtt = (upstream: T) => Math.floor((upstream.rttMs ?? 0) / RTT_STEP_MS)
  return upstreams.toSorted((a, b) => distance(a) - distance(b) || rtt(a) - rtt(b))
}

interface Tracked extends Upstream {
  state: UpstreamState
  name: string | null
  region: string | null
  rttMs: number | null
  rtts: number[]
  client: HealthClient
  /** By performance.now(). */
  failedAt: number
  silentSince: number | null
  /** Checks in a row that nobody answered. */
  silences: number
  wake: () => void
}

export const openUpstreams = (options: UpstreamsOptions): Upstreams => {
  const { edges, region, log } = options
  const everyMs = options.checkEveryMs ?? CHECK_EVERY_MS
  const timeoutMs = options.checkTimeoutMs ?? CHECK_TIMEOUT_MS
  const giveUpMs = options.giveUpMs ?? GIVE_UP_MS
  const events = new EventEmitter<UpstreamEvents>()
  // Every request under way listens.
  events.setMaxListeners(0)
  const stop = new AbortController()

  const tracked = edges.map((endpoint): Tracked => {
    const address = formatEndpoint(endpoint)
    const origin = `http://${address}`
    return {
      endpoint,
      address,
      origin,
      state: 'unknown',
      name: null,
      region: null,
      rttMs: null,
      rtts: [],
      client: openHealthClient(origin, timeoutMs),
      failedAt: 0,
      silentSince: null,
      silences: 0,
      wake: () => {},
    }
  })

  const become = (upstream: Tracked, state: UpstreamState, reason: string): void => {
    if (upstream.state === state) return
    upstream.state = state
    const fields = { edge: upstream.name ?? 'unknown', at: upstream.address, region: upstream.region ?? 'unknown' }
    if (state === 'up') log.info('edge is up', fields)
    else log.warn(`edge is ${state}`, { ...fields, reason })
    events.emit('change', upstream)
  }

  const check = async (upstream: Tracked): Promise<void> => {
    const beganAt = performance.now()
    try {
      const health = await upstream.client.check()
      upstream.silentSince = null
      upstream.silences = 0
      if (upstream.failedAt > beganAt) return
      upstream.rtts = [...upstream.rtts, health.rttMs].slice(-RTT_SAMPLES)
      if (upstream.rtts.length >= RTT_LEAST_SAMPLES) upstream.rttMs = Math.min(...upstream.rtts)
      const isRenamed = upstream.name !== health.edge || upstream.region !== health.region
      upstream.name = health.edge
      upstream.region = health.region
      const state = health.ready ? 'up' : 'draining'
      if (isRenamed && upstream.state === state) events.emit('change', upstream)
      become(upstream, state, 'it is not ready')
    } catch (error) {
      if (stop.signal.aborted) return
      const isSilent = SILENCE.has(codeOf(error) ?? '')
      upstream.silences = isSilent ? upstream.silences + 1 : 0
      if (upstream.silences === 2) events.emit('hangs', upstream)
      if (!isSilent) upstream.silentSince = null
      else if (upstream.silentSince === null) upstream.silentSince = beganAt
      else if (performance.now() - upstream.silentSince >= giveUpMs) {
        upstream.silentSince = performance.now()
        events.emit('dead', upstream)
      }
      become(upstream, 'down', reasonOf(error))
    }
  }

  const watch = async (upstream: Tracked): Promise<void> => {
    while (!stop.signal.aborted) {
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, upstream.silences === 1 ? Math.min(CHECK_AGAIN_MS, everyMs) : everyMs)
        upstream.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      if (!stop.signal.aborted) await check(upstream)
    }
  }

  const firstRound = Promise.all(tracked.map(check))
  const watches = tracked.map(async upstream => {
    await firstRound
    await watch(upstream)
  })

  const live = (): Upstream[] => nearestFirst(tracked.filter(({ state }) => state === 'up'), region)

  return {
    events,
    list: () => tracked,
    live,
    candidates: () => [...live(), ...tracked.filter(({ state }) => state === 'unknown' || state === 'down')],
    failed: (upstream, error) => {
      const mine = tracked.find(each => each === upstream)
      if (mine === undefined) return
      mine.failedAt = performance.now()
      const wasUp = mine.state === 'up'
      if (mine.state !== 'draining') become(mine, 'down', reasonOf(error))
      if (wasUp) mine.wake()
    },
    settled: async () => {
      await firstRound
    },
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      for (const upstream of tracked) upstream.wake()
      await Promise.all(tracked.map(({ client }) => client[Symbol.asyncDispose]()))
      await Promise.all(watches)
    },
  }
}

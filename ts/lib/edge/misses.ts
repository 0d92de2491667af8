// Invocations that did not end `ok` where they landed, and those that peers send here.
import type { EventEmitter } from 'node:events'
import { messageOf, SwarmError } from '../errors.js'
import type { Log } from '../log.js'
import type { InvokeRequest, MissRequest, MissResponse, Engine, Outcome } from '../native.js'
import { UnreachableError } from '../p2p/rpc.js'
import type { Mesh, Peer } from '../p2p/types.js'
import { distanceKm } from '../regions.js'
import type { Registry } from '../registry/types.js'
import { failOver, isPartial, openEjections, openRetryBudget, orderCandidates, parsePolicy, type Attempt, type Candidate, type Policy } from '../router.js'
import type { InvocationEvent, Try, TryClass } from '../snapshot.js'
import { decodeInvoke, decodeOutcome, encodeInvoke, encodeOutcome, INVOKE } from './frames.js'
import { holdingOf } from './holders.js'
import type { Once } from './once.js'
import { openRoundTrips } from './round-trips.js'
import type { Place } from './spec.js'

export interface MissesOptions {
  place: Place
  engine: Pick<Engine, 'invoke'>
  mesh: Pick<Mesh, 'peers' | 'handle' | 'events'>
  registry: Pick<Registry, 'get'>
  /** Loads a published version, or what is placed elsewhere, here. */
  want: (key: string) => Promise<boolean>
  once: Pick<Once, 'run'>
  /** No more work is taken from peers. */
  isDraining: () => boolean
  /** Every failover, and how it ended. */
  onFailover: (event: InvocationEvent) => void
  clock: () => number
  log: Log
}

export interface Misses {
  onMiss(request: MissRequest): Promise<MissResponse>
  /** Retries that the budget allowed and refused. */
  retries(): { spent: number; refused: number }
  /** Once a second: ordinary traffic since the last time earns retries, and peers are measured. */
  tick(requests: number): void
  /** Peers that kept failing and are asked last for now: name by id. */
  setAside(): ReadonlyMap<string, string>
}

/** For a function this edge knows nothing of: its own time-out may be anything. */
const UNKNOWN_TIMEOUT_MS = 60_000
/** On top of a function's time-out, for the way there and back. */
const OVERHEAD_MS = 1_000
/** A peer that had no room is not asked to take what has no room here for so long: it would only cost both. */
const BUSY_MS = 100
/** A fresh edge without a peer waits this long for its first one before it says that a function does not exist. */
const YOUNG_MS = 3_000

const NEVER_STARTED: ReadonlySet<TryClass> = new Set(['absent', 'refused'])

export function openMisses({ clock, engine, isDraining, log, mesh, once, onFailover, place, registry, want }: MissesOptions): Misses {
  const budget = openRetryBudget(clock)
  const ejections = openEjections(clock)
  const roundTrips = openRoundTrips()
  const busyUntil = new Map<string, number>()
  const startedAt = clock()

  mesh.handle(INVOKE, async (frame, { deadlineMs, peer }) => {
    const request = decodeInvoke(frame, Math.max(1, deadlineMs - clock()), peer.name)
    if (isDraining()) return encodeOutcome(withoutResult('refused', 'ServiceException', 'the edge is draining'))
    const outcome = await engine.invoke(request)
    log.debug('ran for a peer', { peer: peer.name, ...aboutOf(request), class: outcome.class, ms: outcome.ms })
    return encodeOutcome(outcome.class === 'absent' && request.name.includes(':') && (await want(request.name)) ? await engine.invoke(request) : outcome)
  })

  const ask = async (peer: Peer, request: MissRequest, timeoutMs: number): Promise<Attempt<Outcome>> => {
    const start = performance.now()
    const elapsed = (): number => Math.round((performance.now() - start) * 100) / 100
    try {
      const frame = encodeInvoke({ name: request.name, requestId: request.requestId, clientContext: request.clientContext, payload: request.payload, origin: request.origin })
      const outcome = decodeOutcome(await peer.request(INVOKE, frame, { timeoutMs }))
      ejections.record(peer.id, outcome.class !== 'refused')
      if (outcome.class === 'refused') busyUntil.set(peer.id, clock() + BUSY_MS)
      return { class: outcome.class, ms: elapsed(), outcome, mayHaveStarted: !NEVER_STARTED.has(outcome.class) }
    } catch (error) {
      ejections.record(peer.id, false)
      const attempt = { ...broken(error, timeoutMs, request.requestId), ms: elapsed() }
      log.debug('a peer did not answer', { peer: peer.name, ...aboutOf(request), class: attempt.class, error: messageOf(error) })
      return attempt
    }
  }

  const candidates = (name: string): Map<Candidate, Peer> => {
    const peers = mesh.peers()
    const aside = ejections.setAside(peers.map(({ id }) => id))
    return new Map(peers.map((peer) => [{ ...candidateOf(peer, name, place), rttMs: roundTrips.of(peer.id), setAside: aside.has(peer.id) }, peer]))
  }

  const keyOf = ({ name, qualifier }: MissRequest): string => (qualifier === null || qualifier === '$LATEST' ? name : `${name}:${qualifier}`)
  const timeoutOf = (request: MissRequest): number => {
    const record = registry.get(keyOf(request))
    return record ? record.config.timeout * 1_000 : UNKNOWN_TIMEOUT_MS
  }
  /** Of a function that is not known here nobody may assume that it may run twice. */
  const policyOf = (request: MissRequest): Policy => parsePolicy(request.failover, registry.get(keyOf(request))?.config.failover ?? 'safe')

  /** The gateway keeps the whole; this is a part of it, as if a peer had asked. */
  const ownOrigin = ({ origin }: MissRequest): InvokeRequest['origin'] => origin && { ...origin, via: 'peer', from: place.name }

  /** The first try, here. */
  const begin = async (request: MissRequest): Promise<MissResponse> => {
    const local = await engine.invoke({ ...request, name: keyOf(request), remainingMs: null, origin: ownOrigin(request) })
    const response = await settle(request, local)
    return { ...response, tries: [{ edge: place.name, class: local.class, ms: local.ms }, ...response.tries] }
  }

  /** What becomes of an invocation that ended so here. */
  const settle = async (request: MissRequest, local: Outcome): Promise<MissResponse> => {
    const answered = (edge: string, outcome: Outcome, tries: Try[]): MissResponse => ({ edge, outcome, tries, refusal: null, replayed: false })
    if (local.class === 'ok') return answered(place.name, local, [])
    const here: Attempt<Outcome> = { class: local.class, ms: local.ms, outcome: local, mayHaveStarted: !NEVER_STARTED.has(local.class) }
    const key = keyOf(request)
    const record = registry.get(key)
    // Published versions are loaded when they are first asked for.
    if (key !== request.name && local.class === 'absent') {
      const outcome = (await want(key)) ? await engine.invoke({ ...request, name: key, remainingMs: null, origin: ownOrigin(request) }) : local
      if (outcome.class === 'ok' || record === null) return answered(place.name, outcome, outcome === local ? [] : [{ edge: place.name, class: outcome.class, ms: outcome.ms }])
    }
    // What is placed on other edges of which none is there is loaded where it is asked for.
    if (local.class === 'absent' && record !== null && isPartial(record.config) && !mesh.peers().some((peer) => holdingOf(peer, key) === 'has') && (await want(key))) {
      const outcome = await engine.invoke({ ...request, name: key, remainingMs: null })
      return answered(place.name, outcome, [{ edge: place.name, class: outcome.class, ms: outcome.ms }])
    }
    const timeoutMs = timeoutOf(request)
    // Room for two executions in all: the one here has used up its part.
    const deadlineAt = clock() - local.ms + 2 * timeoutMs + OVERHEAD_MS
    const young = startedAt + YOUNG_MS - clock()
    if (local.class === 'absent' && young > 0 && mesh.peers().length === 0) await firstStatus(mesh.events, young)

    const peers = candidates(key)
    if (local.class === 'refused') for (const [candidate] of peers) if ((busyUntil.get(candidate.id) ?? 0) > clock()) peers.delete(candidate)
    const result = await failOver<Outcome>({
      policy: parsePolicy(request.failover, record?.config.failover ?? 'any'),
      here: { edge: place.name, attempt: here },
      candidates: orderCandidates([...peers.keys()]),
      deadlineAt,
      clock,
      mayRetry: () => budget.withdraw(),
      attempt: (candidate, remainingMs) => {
        const peer = peers.get(candidate)
        if (!peer) throw new SwarmError('INTERNAL', 'a candidate without a peer')
        return ask(peer, { ...request, name: key }, Math.min(remainingMs, timeoutMs + OVERHEAD_MS))
      },
    })
    const first: Try = { edge: place.name, class: local.class, ms: local.ms }
    if (result.tries.length > 0) log.debug('an invocation moved on', { ...aboutOf(request), class: local.class, to: result.edge })
    if (result.tries.length > 0) onFailover({ at: clock(), requestId: request.requestId, function: request.name, tries: [first, ...result.tries] })
    return answered(result.edge, result.outcome, result.tries)
  }

  return {
    retries: () => budget.counts(),
    tick(requests) {
      budget.deposit(requests)
      for (const [id, until] of busyUntil) if (until <= clock()) busyUntil.delete(id)
      roundTrips.record(mesh.peers())
    },
    setAside() {
      const peers = mesh.peers()
      const aside = ejections.setAside(peers.map(({ id }) => id))
      return new Map(peers.flatMap(({ id, name }) => (aside.has(id) ? [[id, name] as const] : [])))
    },
    async onMiss(request) {
      const { local, once: again } = request
      if (local) return await settle(request, local)
      const policy = policyOf(request)
      const execute = () => begin(request)
      if (again?.key) {
        return await once.run({ ...again, key: again.key, fingerprint: again.fingerprint ?? '', function: request.name, requestId: request.requestId, leaseMs: 2 * timeoutOf(request) + OVERHEAD_MS, rerun: policy === 'any' }, execute)
      }
      if (again?.repeats && policy !== 'any') return notRepeated(place.name, again.repeats, policy)
      return await execute()
    },
  }
}

function candidateOf(peer: Peer, name: string, place: Place): Omit<Candidate, 'rttMs' | 'setAside'> {
  return {
    id: peer.id,
    name: peer.name,
    distanceKm: distanceKm(place.region, peer.region),
    inFlight: peer.status?.inFlight ?? 0,
    draining: peer.status?.state === 'draining',
    // Any edge can load a published version.
    holding: name.includes(':') ? 'unknown' : holdingOf(peer, name),
  }
}

/** The answer to a request that a proxy sends again, and that must not run twice. */
const notRepeated = (edge: string, gone: string, policy: Policy): MissResponse => ({
  edge,
  tries: [],
  outcome: null,
  refusal: { status: 502, kind: 'ServiceException', message: `${gone} broke off and may have run the function; its failover is "${policy}", so it is not run again` },
  replayed: false,
})

/** A call that brought no outcome. */
function broken(error: unknown, timeoutMs: number, requestId: string): Omit<Attempt<Outcome>, 'ms'> {
  const code = error instanceof SwarmError ? error.code : 'INTERNAL'
  if (code === 'DEADLINE') {
    const message = `RequestId: ${requestId} Error: Task timed out after ${(timeoutMs / 1_000).toFixed(2)} seconds`
    return { class: 'timeout', outcome: withoutResult('timeout', 'Sandbox.Timedout', message), mayHaveStarted: true }
  }
  // NOT_FOUND: a peer that is still starting knows no invocations yet.
  if (code === 'TOO_MANY_REQUESTS' || code === 'CLOSED' || code === 'NOT_FOUND') {
    return { class: 'refused', outcome: withoutResult('refused', 'TooManyRequestsException', messageOf(error)), mayHaveStarted: false }
  }
  if (code === 'TOO_LARGE') {
    return { class: 'error', outcome: withoutResult('error', 'Function.ResponseSizeTooLarge', messageOf(error)), mayHaveStarted: true }
  }
  // A connection lost after the request was sent, or an answer nobody understands: it may have run.
  const sent = !(error instanceof UnreachableError) || error.sent
  return { class: 'unreachable', outcome: withoutResult('unreachable', 'ServiceException', messageOf(error)), mayHaveStarted: sent }
}

/** What finds an invocation again in the logs of every edge. */
const aboutOf = ({ name, origin, requestId }: Pick<InvokeRequest, 'name' | 'origin' | 'requestId'>) => ({ function: name, requestId, traceId: origin?.traceparent?.split('-')[1] })

const withoutResult = (kind: Outcome['class'], errorType: string, errorMessage: string): Outcome => ({
  class: kind,
  payload: Buffer.from(JSON.stringify({ errorType, errorMessage })),
  logs: Buffer.alloc(0),
  ms: 0,
  memoryMb: 0,
})

/** Resolves with the first status of a peer, or after `ms`. */
function firstStatus(events: EventEmitter, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer)
      events.off('status', finish)
      resolve()
    }
    const timer = setTimeout(finish, ms)
    events.on('status', finish)
  })
}

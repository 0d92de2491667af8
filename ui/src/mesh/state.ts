// What the page knows: the last snapshot, how the stream is doing, the timeline, recent load. A pure reducer.
import type { ClusterSnapshot, EdgeSnapshot, HistoryEvent, InvocationEvent } from '../../../ts/lib/snapshot.ts'
import { lostLinks, remember } from './links.ts'
import { type Pulse, pulsesOf } from './pulses.ts'
import { addEntries, addHistory, changes, ofInvocation, type TimelineEntry } from '../timeline/entries.ts'

export interface MeshState {
  snapshot: ClusterSnapshot | null
  /** Whether the stream is open. */
  connected: boolean
  /** Gateway of another edge that tells, because the one that this page comes from does not answer. */
  elsewhere: string | null
  /** When the stream was last heard, by this page's clock; milliseconds since the epoch. */
  heardAt: number | null
  /** Failed tries to open the stream since it was last open. */
  attempts: number
  /** Newest first. */
  timeline: readonly TimelineEntry[]
  pulses: readonly Pulse[]
  /** The edge tells what happens to the mesh; otherwise this page compares snapshots. */
  hasHistory: boolean
  /** How many requests each one shown stands for, lately; 1: all are shown. */
  sampling: number
  sampledAt: number
  /** Ids of the links told of so far. */
  seenLinks: ReadonlySet<string>
  /** Requests and failures per second by edge id, oldest first. */
  load: Readonly<Record<string, readonly LoadPoint[]>>
  /** When the last point of load was taken. */
  loadAt: number
  nextId: number
}

export interface LoadPoint {
  requests: number
  failures: number
}

export type MeshAction =
  | { type: 'opened'; now: number; elsewhere: string | null }
  | { type: 'lost' }
  | { type: 'snapshot'; now: number; snapshot: ClusterSnapshot }
  | { type: 'invocations'; now: number; invocations: readonly InvocationEvent[] }
  | { type: 'history'; now: number; history: readonly HistoryEvent[] }
  | { type: 'faded'; now: number }

export type Freshness = 'connecting' | 'live' | 'stale' | 'lost'

/** Snapshots come about once a second: this much silence is worth telling. */
export const STALE_MS = 4_000
/** Points of load kept for each edge: a minute. A change brings a snapshot sooner: it corrects the last point. */
const LOAD_POINTS = 60
const LOAD_EVERY_MS = 950
/** After this long without a sampled request all are shown again. */
const SAMPLED_MS = 5_000

export const emptyState: MeshState = {
  snapshot: null,
  connected: false,
  elsewhere: null,
  heardAt: null,
  attempts: 0,
  timeline: [],
  pulses: [],
  hasHistory: false,
  sampling: 1,
  sampledAt: 0,
  seenLinks: new Set(),
  load: {},
  loadAt: 0,
  nextId: 1,
}

export function reduce(state: MeshState, action: MeshAction): MeshState {
  switch (action.type) {
    case 'opened':
      return { ...state, connected: true, attempts: 0, heardAt: action.now, elsewhere: action.elsewhere }
    case 'lost':
      return { ...state, connected: false, hasHistory: false, attempts: state.attempts + 1 }
    case 'snapshot':
      return onSnapshot(state, action.snapshot, action.now)
    case 'invocations':
      return onInvocations(state, action.invocations, action.now)
    case 'history':
      return { ...state, ...addHistory(state, action.history, action.now), hasHistory: true }
    case 'faded': {
      const pulses = state.pulses.filter((pulse) => pulse.until > action.now)
      return pulses.length === state.pulses.length ? state : { ...state, pulses }
    }
  }
}

export function freshness(state: MeshState, now: number): Freshness {
  if (state.snapshot === null || state.heardAt === null) return 'connecting'
  if (!state.connected) return 'lost'
  return now - state.heardAt > STALE_MS ? 'stale' : 'live'
}

function onSnapshot(state: MeshState, snapshot: ClusterSnapshot, now: number): MeshState {
  const seen = state.snapshot === null ? [] : changes(state.snapshot, snapshot)
  const found = state.hasHistory ? seen.filter(({ kind }) => kind === 'serving') : seen
  const isNewPoint = now - state.loadAt >= LOAD_EVERY_MS
  const earlier = (id: string): readonly LoadPoint[] => (state.load[id] ?? []).slice(0, isNewPoint ? undefined : -1)
  return {
    ...state,
    ...addEntries(state, found, now),
    snapshot: {
      ...snapshot,
      edges: unchanged(state.snapshot?.edges ?? [], snapshot.edges),
      links: [...snapshot.links, ...lostLinks(snapshot, state.seenLinks)],
    },
    sampling: now - state.sampledAt > SAMPLED_MS ? 1 : state.sampling,
    seenLinks: remember(snapshot, state.seenLinks),
    heardAt: now,
    loadAt: isNewPoint ? now : state.loadAt,
    load: Object.fromEntries(snapshot.edges.map((edge) => [
      edge.id,
      [...earlier(edge.id), { requests: edge.requestsPerSecond, failures: edge.failuresPerSecond }]
        .slice(-LOAD_POINTS),
    ])),
  }
}

function onInvocations(state: MeshState, invocations: readonly InvocationEvent[], now: number): MeshState {
  const known = new Set(state.timeline.flatMap((entry) => 'requestId' in entry ? [entry.requestId] : []))
  const fresh = invocations.filter((invocation) => !known.has(invocation.requestId))
  const { pulses, nextId } = pulsesOf(state, fresh, now)
  const listed = addEntries({ ...state, nextId }, fresh.flatMap((invocation) => ofInvocation(invocation) ?? []), now)
  const standFor = Math.max(1, ...invocations.map((invocation) => invocation.standsFor ?? 1))
  const sampled = standFor > 1 ? { sampling: standFor, sampledAt: now } : {}
  return { ...state, ...listed, ...sampled, pulses, heardAt: now }
}

/** The edges of `after`; where nothing about one changed it is the object it was before, so that nothing is drawn anew. */
function unchanged(before: readonly EdgeSnapshot[], after: readonly EdgeSnapshot[]): EdgeSnapshot[] {
  const known = new Map(before.map((edge) => [edge.id, edge]))
  return after.map((edge) => {
    const same = known.get(edge.id)
    return same !== undefined && isSame(same, edge) ? same : edge
  })
}

function isSame(a: EdgeSnapshot, b: EdgeSnapshot): boolean {
  const values = (edge: EdgeSnapshot): unknown[] => Object.entries({ ...edge, lastSeenAt: edge.state === 'down' ? edge.lastSeenAt : 0 })
    .sort(([left], [right]) => left < right ? -1 : 1).flat()
  const [left, right] = [values(a), values(b)]
  return left.length === right.length && left.every((value, index) => value === right[index])
}

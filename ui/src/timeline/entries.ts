// The event list: what changed between two snapshots, what the edge remembers from before, and the failovers; the
// newest first and bounded. Pure.
import type { ClusterSnapshot, EdgeSnapshot, HistoryEvent, InvocationEvent, Try } from '../../../ts/lib/snapshot.ts'

export type TimelineChange =
  | { kind: 'joined' | 'lost' | 'back' | 'draining'; edge: string; region: string }
  | { kind: 'deployed' | 'updated' | 'deleted'; function: string }
  | { kind: 'conflict'; function: string; versions: number }
  | { kind: 'serving'; from: string; to: string }
  | { kind: 'ejected' | 'readmitted'; edge: string; peer: string }
  | { kind: 'rotated'; edge: string }
  | { kind: 'failover' | 'failure'; function: string; requestId: string; tries: readonly Try[]; count: number }

export type TimelineEntry = TimelineChange & {
  id: number
  /** Id of the edge's own entry, `<edge>-<number>`; absent: this page saw it. */
  source?: string
  /** By this page's clock; milliseconds since the epoch. */
  at: number
}

export type TimelineKind = TimelineChange['kind']

const MAX_ENTRIES = 300
/** The same failover within this time is counted, not listed again: a storm must not wash out everything else. */
const MERGE_MS = 10_000
/** The page and the edge tell the same within this time. */
const SAME_MS = 15_000

/** What an operator would want to be told between two snapshots of one mesh. */
export function changes(before: ClusterSnapshot, after: ClusterSnapshot): TimelineChange[] {
  const found: TimelineChange[] = []
  if (before.self !== after.self) found.push({ kind: 'serving', from: before.self, to: after.self })

  const edges = new Map(before.edges.map((edge) => [edge.id, edge]))
  for (const edge of after.edges) {
    const kind = edgeChange(edges.get(edge.id), edge)
    if (kind !== null) found.push({ kind, edge: edge.name, region: edge.region })
  }

  const functions = new Map(before.functions.map((fn) => [fn.name, fn]))
  for (const fn of after.functions) {
    const known = functions.get(fn.name)
    functions.delete(fn.name)
    if (known === undefined) found.push({ kind: 'deployed', function: fn.name })
    else if (fn.lastModified !== known.lastModified) found.push({ kind: 'updated', function: fn.name })
    if (fn.conflicts > (known?.conflicts ?? 0)) {
      found.push({ kind: 'conflict', function: fn.name, versions: fn.conflicts })
    }
  }
  for (const name of functions.keys()) found.push({ kind: 'deleted', function: name })
  return found
}

/** `null` for an ordinary invocation: those are shown as they pass, not listed. */
export function ofInvocation(invocation: InvocationEvent): TimelineChange | null {
  const last = invocation.tries.at(-1)
  if (last === undefined || (invocation.tries.length === 1 && last.class === 'ok')) return null
  return {
    kind: invocation.tries.length > 1 ? 'failover' : 'failure',
    function: invocation.function,
    requestId: invocation.requestId,
    tries: invocation.tries,
    count: 1,
  }
}

export function addEntries(
  state: { timeline: readonly TimelineEntry[]; nextId: number },
  found: readonly TimelineChange[],
  now: number,
): { timeline: readonly TimelineEntry[]; nextId: number } {
  if (found.length === 0) return { timeline: state.timeline, nextId: state.nextId }
  const timeline = [...state.timeline]
  let nextId = state.nextId
  for (const change of found) {
    const same = timeline.findIndex((entry) => now - entry.at < MERGE_MS && isRepeat(entry, change))
    const repeated = timeline[same]
    if (repeated !== undefined && 'count' in repeated && 'tries' in change) {
      timeline[same] = { ...repeated, tries: change.tries, requestId: change.requestId, count: repeated.count + 1 }
    } else {
      timeline.unshift({ ...change, id: nextId++, at: now })
    }
  }
  return { timeline: timeline.slice(0, MAX_ENTRIES), nextId }
}

/** What an edge remembers, put among the rest by its time; what was told already is left out. */
export function addHistory(
  state: { snapshot: ClusterSnapshot | null; timeline: readonly TimelineEntry[]; nextId: number; heardAt: number | null },
  history: readonly HistoryEvent[],
  now: number,
): { timeline: readonly TimelineEntry[]; nextId: number } {
  // Its clock may be another than ours.
  const ahead = state.snapshot === null ? 0 : (state.heardAt ?? now) - state.snapshot.at
  let nextId = state.nextId
  let timeline = [...state.timeline]
  for (const { id: source, at, ...change } of history) {
    const teller = tellerOf(source)
    const others = timeline.filter((entry) => entry.source === source || entry.source === undefined || tellerOf(entry.source) !== teller)
    if (others.some((entry) => entry.source === source) || isTold(others, change, at + ahead)) continue
    timeline = [...timeline, { ...change, id: nextId++, source, at: Math.min(now, at + ahead) }].sort((a, b) => b.at - a.at || b.id - a.id)
  }
  return { timeline: timeline.slice(0, MAX_ENTRIES), nextId }
}

/** Whether another edge, or the page itself, told this very thing: the last one about the same subject at that time. */
function isTold(timeline: readonly TimelineEntry[], change: TimelineChange, at: number): boolean {
  const subject = subjectOf(change)
  if (subject === null) return false
  return timeline.some((entry) => subjectOf(entry) === subject && Math.abs(entry.at - at) < SAME_MS && sortOf(entry.kind) === sortOf(change.kind)
    && !timeline.some((other) => subjectOf(other) === subject && sortOf(other.kind) !== sortOf(change.kind) && between(other.at, entry.at, at)))
}

function subjectOf(change: TimelineChange): string | null {
  if ('tries' in change || change.kind === 'serving') return null
  if ('peer' in change) return `${change.edge} ${change.peer}`
  return 'edge' in change ? `edge ${change.edge}` : `function ${change.function}`
}

const tellerOf = (source: string): string => source.slice(0, source.lastIndexOf('-'))
const sortOf = (kind: TimelineKind): string => (kind === 'back' ? 'joined' : kind === 'updated' ? 'deployed' : kind)
const between = (at: number, a: number, b: number): boolean => at > Math.min(a, b) && at <= Math.max(a, b)

/** The class of the last try, or `null` when nothing was tried. */
export function outcome(tries: readonly Try[]): Try['class'] | null {
  return tries.at(-1)?.class ?? null
}

function edgeChange(before: EdgeSnapshot | undefined, after: EdgeSnapshot): 'joined' | 'lost' | 'back' | 'draining' | null {
  if (before === undefined) return after.state === 'down' ? null : 'joined'
  // A kill and a restart between two snapshots leave the state `up` and only the start time changed.
  if (before.state === after.state) return after.state === 'up' && after.startedAt > before.startedAt ? 'back' : null
  if (after.state === 'down') return 'lost'
  if (after.state === 'draining') return 'draining'
  return 'back'
}

function isRepeat(entry: TimelineEntry, change: TimelineChange): boolean {
  return 'tries' in entry && 'tries' in change
    && entry.kind === change.kind && entry.function === change.function
    && route(entry.tries) === route(change.tries)
}

function route(tries: readonly Try[]): string {
  return tries.map((each) => `${each.edge}=${each.class}`).join(',')
}

// The links that are drawn: one for each pair of edges, merged from both directions, and the arc each follows.
import type { EdgeSnapshot, LinkSnapshot } from '../../../ts/lib/snapshot.ts'
import type { Place } from './layout.ts'

export interface Link {
  id: string
  /** Edge ids; `a` sorts before `b`. */
  a: string
  b: string
  /** The lower of what both ends measure, milliseconds. */
  rttMs: number | null
  up: boolean
}

export interface Arc {
  /** SVG path from `a` to `b`. */
  path: string
  /** The middle of it. */
  label: Place
}

/** Every link is drawn up to this many edges; above, those of one edge, and those that are down between live edges. */
const MAX_EDGES_WITH_ALL_LINKS = 8
/** More broken links than this tell nothing more. */
const MAX_BROKEN = 60
/** How far an arc bows, as a share of its length. */
const BOW = 0.16
const MAX_BOW = 170

export function linkId(a: string, b: string): string {
  return a < b ? `${a}~${b}` : `${b}~${a}`
}

/** A link is up when an end says so and neither end is down. */
export function mergeLinks(links: readonly LinkSnapshot[], edges: readonly EdgeSnapshot[]): Link[] {
  const byKey = new Map(edges.flatMap((edge) => [[edge.name, edge] as const]))
  for (const edge of edges) byKey.set(edge.id, edge)
  const merged = new Map<string, Link>()
  for (const link of links) {
    const from = byKey.get(link.from)
    const to = byKey.get(link.to)
    if (from === undefined || to === undefined || from.id === to.id) continue
    const id = linkId(from.id, to.id)
    const [a, b] = from.id < to.id ? [from.id, to.id] : [to.id, from.id]
    const before = merged.get(id)
    const alive = from.state !== 'down' && to.state !== 'down'
    const up = alive && (link.up || before?.up === true)
    merged.set(id, { id, a, b, up, rttMs: up ? lower(before?.rttMs ?? null, link.up ? link.rttMs : null) : null })
  }
  return [...merged.values()]
}

/** A mesh of 500 edges has 124,750 links: past a limit only those that tell something are drawn. */
export function visibleLinks(links: readonly Link[], edges: readonly EdgeSnapshot[], focus: string | undefined): Link[] {
  if (edges.length <= MAX_EDGES_WITH_ALL_LINKS) return [...links]
  const dead = new Set(edges.filter((edge) => edge.state === 'down').map((edge) => edge.id))
  const broken = links.filter((link) => !link.up && !dead.has(link.a) && !dead.has(link.b)).slice(0, MAX_BROKEN)
  return [...new Set([...links.filter((link) => link.a === focus || link.b === focus), ...broken])]
}

/** A shallow arc that bows north as a great circle would, so that a long link passes above the edges between. */
export function arc(from: Place, to: Place): Arc {
  const dx = to.x - from.x
  const dy = to.y - from.y
  const length = Math.hypot(dx, dy) || 1
  const bow = Math.min(length * BOW, MAX_BOW) * (dx >= 0 ? 1 : -1)
  const middle = { x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 }
  // Twice the bow at the control point puts the middle of the curve at the bow.
  const control = { x: middle.x + (dy / length) * bow * 2, y: middle.y - (dx / length) * bow * 2 }
  return {
    path: `M${point(from)} Q${point(control)} ${point(to)}`,
    label: { x: middle.x + (dy / length) * bow, y: middle.y - (dx / length) * bow },
  }
}

function point(place: Place): string {
  return `${place.x.toFixed(1)},${place.y.toFixed(1)}`
}

function lower(a: number | null, b: number | null): number | null {
  if (a === null) return b
  return b === null ? a : Math.min(a, b)
}

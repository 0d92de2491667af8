// Which links are drawn, and the arc each follows. Pure.
import type { EdgeSnapshot } from '../../../ts/lib/snapshot.ts'
import type { Link } from '../mesh/links.ts'
import type { Place } from './layout.ts'

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

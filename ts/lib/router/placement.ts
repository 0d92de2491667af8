// Which edges have a function loaded: all, those of some regions, a number of them.
import { createHash } from 'node:crypto'

/** What a function's configuration says; absent: everywhere. */
export interface Placement {
  /** Regions or their beginnings: `eu-central-fra`, `eu-central`, `eu`. */
  regions?: readonly string[] | undefined
  /** How many of the edges there. */
  replicas?: number | null | undefined
}

export interface PlacedEdge {
  id: string
  region: string
  draining: boolean
}

/** Whether the function is to be on some edges only. */
export const isPartial = ({ regions, replicas }: Placement): boolean => (regions?.length ?? 0) > 0 || (replicas ?? null) !== null

/** `eu` holds `eu-central-fra`, and not `europe-x`. */
export const isWithin = (region: string, regions: readonly string[]): boolean => regions.some((one) => region === one || region.startsWith(`${one}-`))

/**
 * The ids of the edges that are to have it loaded, of those that are there now. By rendezvous hashing: an edge that comes
 * or goes moves only what it has to. Edges that drain are taken last.
 */
export function placementOf(name: string, { regions = [], replicas = null }: Placement, edges: readonly PlacedEdge[]): Set<string> {
  const allowed = regions.length > 0 ? edges.filter(({ region }) => isWithin(region, regions)) : [...edges]
  if (replicas === null) return new Set(allowed.map(({ id }) => id))
  const rank = (id: string): string => createHash('sha256').update(`${name}\n${id}`).digest('hex')
  const ranked = allowed.map((edge) => ({ ...edge, rank: rank(edge.id) }))
  ranked.sort((a, b) => Number(a.draining) - Number(b.draining) || (a.rank < b.rank ? -1 : 1))
  return new Set(ranked.slice(0, replicas).map(({ id }) => id))
}

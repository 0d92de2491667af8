// Nearest first: region distance, corrected by measured round trips, then load.

/** What a peer's last status says about a function: its list is bounded, so silence is not always a no. */
export type Holding = 'has' | 'unknown' | 'lacks'

/** A peer that may be asked. */
export interface Candidate {
  id: string
  name: string
  /** Great circle from here, kilometres. */
  distanceKm: number
  /** Measured round trip; null: not measured yet. */
  rttMs: number | null
  /** Invocations running there now, as far as known. */
  inFlight: number
  draining: boolean
  /** Keeps failing: asked only when nobody else is left. */
  setAside: boolean
  holding: Holding
}

/** Light in fibre goes 200 km a millisecond, there and back. */
const KM_PER_ROUND_TRIP_MS = 100
/** Edges within this of each other are equally near; then load decides. */
const EQUALLY_NEAR_MS = 5

/** Loads are equal until one is twice the other: they are a second old, and edges that all follow the least busy one make it the busiest. */
const loadStep = (inFlight: number): number => Math.floor(Math.log2(Math.max(0, inFlight) + 1))

const HOLDING_ORDER: Record<Holding, number> = { has: 0, unknown: 1, lacks: 2 }

/**
 * The round trip to expect. A measured one above what the distance permits is believed (detours, busy links); below it
 * the declared region counts, or a mesh on one machine would have no geography.
 */
export const estimateMs = ({ distanceKm, rttMs }: Pick<Candidate, 'distanceKm' | 'rttMs'>): number =>
  Math.max(distanceKm / KM_PER_ROUND_TRIP_MS, rttMs ?? 0)

/** Peers in the order they should be asked; those that drain are left out. */
export function orderCandidates(candidates: readonly Candidate[]): Candidate[] {
  return candidates
    .filter(({ draining }) => !draining)
    .map((candidate) => ({ candidate, rank: rankOf(candidate) }))
    .sort((a, b) => compare(a.rank, b.rank))
    .map(({ candidate }) => candidate)
}

type Rank = readonly [aside: number, holding: number, nearness: number, load: number, ms: number, name: string]

function rankOf(candidate: Candidate): Rank {
  const ms = estimateMs(candidate)
  // Steps instead of "differs by less than": that would not be transitive.
  return [Number(candidate.setAside), HOLDING_ORDER[candidate.holding], Math.floor(ms / EQUALLY_NEAR_MS), loadStep(candidate.inFlight), ms, candidate.name]
}

function compare(a: Rank, b: Rank): number {
  for (const [index, value] of a.entries()) {
    const other = b[index]
    if (other === undefined || value === other) continue
    return value < other ? -1 : 1
  }
  return 0
}

// The edges that the zone is made of, as somebody knows them: by asking each (bin/dns), or from the mesh (an edge that serves DNS).
import { distanceToKm } from '../regions.js'
import type { ZoneEdge } from './zone.js'

export interface FleetEdge extends ZoneEdge {
  region: string
  /** Requests that run there; 0 when nobody knows. */
  inFlight: number
}

export interface Fleet {
  /** Nearest to this server first. The same array until something changes. */
  list(): readonly FleetEdge[]
}

/** Edges within so many kilometres of each other are as near: the less busy one is better. */
const BAND_KM = 500
/** Requests in flight that make an edge a step busier. */
const BUSY_STEP = 64

/** Nearest to a place first. */
export const nearestTo = (place: { latitude: number; longitude: number }, edges: readonly FleetEdge[]): FleetEdge[] => {
  const far = new Map(edges.map((edge) => [edge, distanceToKm(place, edge.region)]))
  const kilometres = (edge: FleetEdge): number => far.get(edge) ?? 0
  const band = (edge: FleetEdge): number => Math.floor(kilometres(edge) / BAND_KM)
  const busy = ({ inFlight }: FleetEdge): number => Math.floor(inFlight / BUSY_STEP)
  return edges.toSorted((a, b) => band(a) - band(b) || busy(a) - busy(b) || kilometres(a) - kilometres(b))
}

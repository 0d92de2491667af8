// How long messages between regions take, for a mesh whose edges are all on one machine.
import { distanceKm } from '../regions.js'

/** Light in glass. */
const KM_PER_MS = 200
/** Cables are no great circles, and routers take their time: measured round trips between large cities are about so much longer. */
const DETOUR = 1.5

/** Milliseconds there and back: about 60 from San Francisco to Washington. */
export const roundTripMs = (from: string, to: string): number => Math.round((2 * distanceKm(from, to) * DETOUR) / KM_PER_MS)

// Regions by how far they are over the network instead of on the map: what answers quickly stands near. Pure.
//
// Stress majorisation (Gansner, Koren, North 2004) from a circle in order of name: the same mesh always looks the same.
import type { Link } from '../mesh/links.ts'
import type { Centre, Place, Placeable } from './layout.ts'

/** Canvas units between regions on one machine; each doubling of the round trip adds `PER_DOUBLING`. */
const NEAREST = 380
const PER_DOUBLING = 70
/** Where no round trip is known. */
const UNKNOWN_MS = 60
const ROUNDS = 60
/** Regions beyond this many keep their place on the circle: the work grows with their square. */
const MAX_REGIONS = 150

export function byRoundTrips(edges: readonly Placeable[], links: readonly Link[]): Centre {
  const regions = [...new Set(edges.map(({ region }) => region))].sort()
  const regionOf = new Map(edges.map((edge) => [edge.id, edge.region]))
  const shortest = new Map<string, number>()
  for (const { a, b, rttMs } of links) {
    const [from, to] = [regionOf.get(a), regionOf.get(b)]
    if (rttMs === null || from === undefined || to === undefined || from === to) continue
    const key = pair(from, to)
    shortest.set(key, Math.min(rttMs, shortest.get(key) ?? Infinity))
  }
  const distance = (a: string, b: string): number =>
    NEAREST + PER_DOUBLING * Math.log2(1 + (shortest.get(pair(a, b)) ?? UNKNOWN_MS))
  const spots = settle(regions, distance)
  const centres = new Map(regions.map((region, index) => [region, spots[index]]))
  return ({ region }) => centres.get(region) ?? { x: 0, y: 0 }
}

function settle(regions: readonly string[], distance: (a: string, b: string) => number): Place[] {
  const radius = (NEAREST * Math.max(1, regions.length)) / 5
  let spots = regions.map((_, index): Place => {
    const angle = (index / regions.length) * 2 * Math.PI - Math.PI / 2
    return regions.length === 1 ? { x: 0, y: 0 } : { x: radius * 1.5 * Math.cos(angle), y: radius * Math.sin(angle) }
  })
  if (regions.length > MAX_REGIONS) return spots
  for (let round = 0; round < ROUNDS; round++) spots = spots.map((spot, i) => pulled(spot, i, spots, regions, distance))
  return spots
}

/** Where the others want this one, each by its own distance; near ones count for more. */
function pulled(
  spot: Place, i: number, spots: readonly Place[], regions: readonly string[], distance: (a: string, b: string) => number,
): Place {
  let [x, y, sum] = [0, 0, 0]
  spots.forEach((other, j) => {
    if (i === j) return
    const wanted = distance(regions[i] ?? '', regions[j] ?? '')
    const length = Math.hypot(spot.x - other.x, spot.y - other.y) || 1
    const weight = 1 / wanted ** 2
    x += weight * (other.x + ((spot.x - other.x) / length) * wanted)
    y += weight * (other.y + ((spot.y - other.y) / length) * wanted)
    sum += weight
  })
  return sum === 0 ? spot : { x: x / sum, y: y / sum }
}

const pair = (a: string, b: string): string => (a < b ? `${a} ${b}` : `${b} ${a}`)

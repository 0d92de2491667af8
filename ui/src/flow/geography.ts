// A flat map of the world on which the places of machines have room. Pure.
import type { Place } from './layout.ts'

/**
 * Canvas units per degree of longitude up to each meridian. Room goes where machines stand: an ocean at the scale of
 * Europe would leave three edges unreadably small. A fixed table, so that no place depends on who else is there.
 */
const EAST_SCALE: readonly (readonly [meridian: number, scale: number])[] = [
  [-125, 2.5], [-65, 7.4], [-20, 2.5], [45, 9], [65, 3], [145, 4], [180, 2.5],
]
const UNITS_PER_DEGREE_NORTH = 19

/** Centre of a coordinate on the canvas; north is up, and order along both axes is kept. */
export function project({ latitude, longitude }: { latitude: number; longitude: number }): Place {
  let x = 0
  let from = -180
  for (const [meridian, scale] of EAST_SCALE) {
    x += (Math.min(Math.max(longitude, from), meridian) - from) * scale
    from = meridian
  }
  return { x, y: -latitude * UNITS_PER_DEGREE_NORTH }
}

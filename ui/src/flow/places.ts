// Keeps the places of edges in localStorage, by cluster, so that a reload never moves a node.
import type { Place, Places } from './layout.ts'

const PREFIX = 'swarmlambda.places.'
/** Places of edges long gone are dropped past this many. */
const MAX_PLACES = 2000

export function loadPlaces(cluster: string, storage: Pick<Storage, 'getItem'> = localStorage): Places {
  try {
    const stored: unknown = JSON.parse(storage.getItem(PREFIX + cluster) ?? '{}')
    if (typeof stored !== 'object' || stored === null) return {}
    return Object.fromEntries(Object.entries(stored).filter((entry): entry is [string, Place] => isPlace(entry[1])))
  } catch {
    return {}
  }
}

export function savePlaces(cluster: string, places: Places, storage: Pick<Storage, 'setItem'> = localStorage): void {
  try {
    const entries = Object.entries(places).slice(-MAX_PLACES)
    storage.setItem(PREFIX + cluster, JSON.stringify(Object.fromEntries(entries)))
  } catch {
    // A full or forbidden storage costs only the memory of places.
  }
}

function isPlace(value: unknown): value is Place {
  return typeof value === 'object' && value !== null
    && 'x' in value && Number.isFinite(value.x) && 'y' in value && Number.isFinite(value.y)
}

// Keeps the places of edges in localStorage, by cluster and layout, so that a reload never moves a node.
import type { Place, Places } from './layout.ts'

const PREFIX = 'swarmlambda.places.'
/** Places of edges long gone are dropped past this many. */
const MAX_PLACES = 2000

export type Layout = 'geography' | 'graph'

const LAYOUT_KEY = 'swarmlambda.layout'

export function loadLayout(storage: Pick<Storage, 'getItem'> = localStorage): Layout {
  return storage.getItem(LAYOUT_KEY) === 'graph' ? 'graph' : 'geography'
}

export function saveLayout(layout: Layout, storage: Pick<Storage, 'setItem'> = localStorage): void {
  storage.setItem(LAYOUT_KEY, layout)
}

export function loadPlaces(cluster: string, layout: Layout, storage: Pick<Storage, 'getItem'> = localStorage): Places {
  try {
    const stored: unknown = JSON.parse(storage.getItem(keyOf(cluster, layout)) ?? '{}')
    if (typeof stored !== 'object' || stored === null) return {}
    return Object.fromEntries(Object.entries(stored).filter((entry): entry is [string, Place] => isPlace(entry[1])))
  } catch {
    return {}
  }
}

export function savePlaces(cluster: string, layout: Layout, places: Places, storage: Pick<Storage, 'setItem'> = localStorage): void {
  try {
    const entries = Object.entries(places).slice(-MAX_PLACES)
    storage.setItem(keyOf(cluster, layout), JSON.stringify(Object.fromEntries(entries)))
  } catch {
    // A full or forbidden storage costs only the memory of places.
  }
}

const keyOf = (cluster: string, layout: Layout): string => `${PREFIX}${layout}.${cluster}`

function isPlace(value: unknown): value is Place {
  return typeof value === 'object' && value !== null
    && 'x' in value && Number.isFinite(value.x) && 'y' in value && Number.isFinite(value.y)
}

// Places of the edges as React state: laid out once, changed only by dragging, kept across reloads.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { ClusterSnapshot } from '../../../ts/lib/snapshot.ts'
import { place, type Places } from './layout.ts'
import { loadPlaces, savePlaces } from './places.ts'

export interface PlacesControl {
  places: Places
  /** `moved` gets the places of now; `settled` when the drag is over. */
  move(moved: (places: Places) => Places, settled: boolean): void
  /** Lays everything out anew. */
  reset(): void
}

export function usePlaces(snapshot: ClusterSnapshot): PlacesControl {
  const { cluster, edges } = snapshot
  const [known, setKnown] = useState<Places>(() => loadPlaces(cluster))
  // Derived, so that a new edge has its place in the very render that shows it.
  const places = useMemo(() => place(edges, known), [edges, known])
  const latest = useRef(places)

  useEffect(() => {
    latest.current = places
    if (places === known) return
    setKnown(places)
    savePlaces(cluster, places)
  }, [cluster, known, places])

  const move = useCallback((moved: (places: Places) => Places, settled: boolean) => {
    latest.current = moved(latest.current)
    setKnown(latest.current)
    if (settled) savePlaces(cluster, latest.current)
  }, [cluster])

  const reset = useCallback(() => {
    latest.current = place(edges, {})
    setKnown(latest.current)
    savePlaces(cluster, latest.current)
  }, [cluster, edges])

  return { places, move, reset }
}

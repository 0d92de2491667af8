// Places of the edges as React state: laid out once, changed only by dragging, kept across reloads, for each layout.
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { ClusterSnapshot } from '../../../ts/lib/snapshot.ts'
import { mergeLinks } from '../mesh/links.ts'
import { project } from './geography.ts'
import { byRoundTrips } from './graph.ts'
import { place, type Places } from './layout.ts'
import { type Layout, loadPlaces, savePlaces } from './places.ts'

export interface PlacesControl {
  places: Places
  /** `moved` gets the places of now; `settled` when the drag is over. */
  move(moved: (places: Places) => Places, settled: boolean): void
  /** Lays everything out anew. */
  reset(): void
}

export function usePlaces(snapshot: ClusterSnapshot, layout: Layout): PlacesControl {
  const { cluster, edges } = snapshot
  const [all, setAll] = useState<Partial<Record<Layout, Places>>>(() => ({ [layout]: loadPlaces(cluster, layout) }))
  const known = useMemo(() => all[layout] ?? loadPlaces(cluster, layout), [all, cluster, layout])
  // Derived, so that a new edge has its place in the very render that shows it.
  const places = useMemo(() => layOut(snapshot, layout, known), [snapshot, layout, known])
  const latest = useRef(places)
  const keep = useCallback((next: Places, saved: boolean) => {
    latest.current = next
    setAll((now) => ({ ...now, [layout]: next }))
    if (saved) savePlaces(cluster, layout, next)
  }, [cluster, layout])

  useEffect(() => {
    latest.current = places
    if (places !== known) keep(places, true)
  }, [keep, known, places])

  const move = useCallback((moved: (places: Places) => Places, settled: boolean) => {
    keep(moved(latest.current), settled)
  }, [keep])
  const current = useRef({ edges, snapshot })
  useEffect(() => { current.current = { edges, snapshot } })
  const reset = useCallback(() => keep(layOut(current.current.snapshot, layout, {}), true), [keep, layout])

  return { places, move, reset }
}

function layOut(snapshot: ClusterSnapshot, layout: Layout, known: Places): Places {
  // Only an edge without a place asks where it belongs.
  if (snapshot.edges.every(({ id }) => known[id] !== undefined)) return known
  const centre = layout === 'geography' ? project : byRoundTrips(snapshot.edges, mergeLinks(snapshot.links, snapshot.edges))
  return place(snapshot.edges, known, centre)
}

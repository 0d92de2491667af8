// Where edges stand on the canvas: grouped by region, and stable. Pure; knows nothing of React Flow.
//
// An edge once placed is never moved by an update: `place` only adds. A new region goes to the free spot nearest to
// where it belongs (geography.ts, graph.ts); a new edge of a known region goes to the first free slot beside its siblings.

/** Top-left corner of a node, in canvas units (1 unit = 1 px at zoom 1). */
export interface Place {
  x: number
  y: number
}

/** Places by edge id. */
export type Places = Readonly<Record<string, Place>>

export interface Placeable {
  id: string
  name: string
  region: string
  /** Degrees. */
  latitude: number
  longitude: number
}

interface Box {
  x: number
  y: number
  width: number
  height: number
}

/** The rectangle behind the edges of one region. */
export interface Frame extends Box {
  region: string
  latitude: number
  longitude: number
  /** Ids of its edges. */
  edges: string[]
}

export const NODE_WIDTH = 248
export const NODE_HEIGHT = 136
export const FRAME_HEAD = 34
export const FRAME_PAD = 14

const SLOT_GAP = 18
/** Room between frames: a link's label stands in it. */
const FRAME_GAP = 88
/** Rings of slots searched around a crowded region. */
const SEARCH_RINGS = 12
const SPIRAL_STEP = 24
const SPIRAL_TURNS = 400

/** Where the middle of a region belongs, by any edge of it. */
export type Centre = (edge: Placeable) => Place

/** Adds a place for every edge that has none. Returns `known` itself when there is nothing to add. */
export function place(edges: readonly Placeable[], known: Places, centreOf: Centre): Places {
  const added: Record<string, Place> = {}
  const at = (id: string): Place | undefined => added[id] ?? known[id]

  for (const group of byRegion(edges)) {
    const fresh = group.filter((edge) => at(edge.id) === undefined)
    if (fresh.length === 0) continue
    const others = framesOf(edges.filter((edge) => edge.region !== group[0]?.region), at)
    const settled = group.flatMap((edge) => at(edge.id) ?? [])
    if (settled.length === 0) {
      placeRegion(fresh, others, centreOf, added)
    } else {
      for (const edge of fresh) {
        const nodes = edges.flatMap((each) => at(each.id) ?? [])
        settled.push((added[edge.id] = freeSlot(settled, group.length, others, nodes)))
      }
    }
  }
  return Object.keys(added).length === 0 ? known : { ...known, ...added }
}

/** The frame of every region that has a placed edge, in order of region name. */
export function frames(edges: readonly Placeable[], places: Places): Frame[] {
  return framesOf(edges, (id) => places[id])
}

/** `places` with every edge of `ids` moved by the same distance. */
export function shift(places: Places, ids: readonly string[], dx: number, dy: number): Places {
  const moved = ids.flatMap((id) => {
    const from = places[id]
    return from === undefined ? [] : [[id, { x: from.x + dx, y: from.y + dy }] as const]
  })
  return { ...places, ...Object.fromEntries(moved) }
}

function byRegion<T extends Placeable>(edges: readonly T[]): T[][] {
  const groups = new Map<string, T[]>()
  const sorted = [...edges].sort((a, b) => compare(a.region, b.region) || compare(a.name, b.name) || compare(a.id, b.id))
  for (const edge of sorted) {
    const group = groups.get(edge.region)
    if (group) group.push(edge)
    else groups.set(edge.region, [edge])
  }
  return [...groups.values()]
}

function framesOf(edges: readonly Placeable[], at: (id: string) => Place | undefined): Frame[] {
  return byRegion(edges).flatMap((group): Frame[] => {
    const placed = group.filter((edge) => at(edge.id) !== undefined)
    const first = placed[0]
    if (first === undefined) return []
    const box = frameBox(placed.flatMap((edge) => at(edge.id) ?? []))
    return [{
      ...box,
      region: first.region,
      latitude: first.latitude,
      longitude: first.longitude,
      edges: placed.map((edge) => edge.id),
    }]
  })
}

function frameBox(corners: readonly Place[]): Box {
  const left = Math.min(...corners.map((corner) => corner.x)) - FRAME_PAD
  const top = Math.min(...corners.map((corner) => corner.y)) - FRAME_HEAD
  const right = Math.max(...corners.map((corner) => corner.x)) + NODE_WIDTH + FRAME_PAD
  const bottom = Math.max(...corners.map((corner) => corner.y)) + NODE_HEIGHT + FRAME_PAD
  return { x: left, y: top, width: right - left, height: bottom - top }
}

/** Slot `index` of a square that grows to the right and down, so that earlier slots never change. */
function slot(index: number): Place {
  const ring = Math.floor(Math.sqrt(index))
  const step = index - ring * ring
  const column = step <= ring ? ring : 2 * ring - step
  const row = step <= ring ? step : ring
  return { x: column * (NODE_WIDTH + SLOT_GAP), y: row * (NODE_HEIGHT + SLOT_GAP) }
}

function placeRegion(group: readonly Placeable[], others: readonly Box[], centreOf: Centre, added: Record<string, Place>): void {
  const slots = group.map((_, index) => slot(index))
  const box = frameBox(slots)
  const first = group[0]
  const centre = first === undefined ? { x: 0, y: 0 } : centreOf(first)
  const ideal = { ...box, x: centre.x - box.width / 2, y: centre.y - box.height / 2 }
  const free = nearestFree(ideal, others)
  const dx = free.x - box.x
  const dy = free.y - box.y
  group.forEach((edge, index) => {
    const corner = slots[index]
    if (corner) added[edge.id] = { x: Math.round(corner.x + dx), y: Math.round(corner.y + dy) }
  })
}

/** Walks a spiral around `box` until it stands clear of every other frame. */
function nearestFree(box: Box, others: readonly Box[]): Place {
  for (let turn = 0; turn < SPIRAL_TURNS; turn++) {
    const radius = turn * SPIRAL_STEP
    const steps = turn === 0 ? 1 : 12
    for (let step = 0; step < steps; step++) {
      const angle = (step / steps) * 2 * Math.PI
      const spot = { ...box, x: box.x + radius * Math.cos(angle), y: box.y + radius * Math.sin(angle) }
      if (!others.some((other) => overlap(spot, other, FRAME_GAP))) return spot
    }
  }
  return box
}

/**
 * The first slot beside `settled` whose node is free and whose frame touches no other; where regions stand too close
 * for that, the first whose node covers no other.
 */
function freeSlot(settled: readonly Place[], size: number, others: readonly Box[], nodes: readonly Place[]): Place {
  const origin = {
    x: Math.min(...settled.map((corner) => corner.x)),
    y: Math.min(...settled.map((corner) => corner.y)),
  }
  const free = [...slotsAround(size)]
    .map((offset) => ({ x: origin.x + offset.x, y: origin.y + offset.y }))
    .filter((corner) => !nodes.some((other) => overlap(nodeBox(corner), nodeBox(other), SLOT_GAP / 2)))
  const clear = free.find((corner) => {
    const box = frameBox([...settled, corner])
    return !others.some((other) => overlap(box, other, SLOT_GAP))
  })
  return clear ?? free[0] ?? origin
}

/** Slots to the right and below first, then all around, ring by ring. */
function* slotsAround(size: number): Generator<Place> {
  for (let index = 0; index < 4 * (size + 4); index++) yield slot(index)
  for (let ring = 1; ring <= Math.sqrt(size) + SEARCH_RINGS; ring++) {
    for (let column = -ring; column <= ring; column++) {
      for (let row = -ring; row <= ring; row++) {
        if (Math.max(Math.abs(column), Math.abs(row)) !== ring) continue
        yield { x: column * (NODE_WIDTH + SLOT_GAP), y: row * (NODE_HEIGHT + SLOT_GAP) }
      }
    }
  }
}

function nodeBox(corner: Place): Box {
  return { x: corner.x, y: corner.y, width: NODE_WIDTH, height: NODE_HEIGHT }
}

function overlap(a: Box, b: Box, gap: number): boolean {
  return a.x < b.x + b.width + gap && b.x < a.x + a.width + gap
    && a.y < b.y + b.height + gap && b.y < a.y + a.height + gap
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

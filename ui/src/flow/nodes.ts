// Snapshot and places as React Flow nodes and edges.
import { Position } from '@xyflow/react'
import type { ClusterSnapshot } from '../../../ts/lib/snapshot.ts'
import { linkId, mergeLinks } from '../mesh/links.ts'
import type { Pulse } from '../mesh/pulses.ts'
import type { MeshState } from '../mesh/state.ts'
import { describeEdge, type EdgeFlowNode } from './EdgeNode.tsx'
import { FRAME_HEAD, frames, NODE_HEIGHT, NODE_WIDTH, type Places } from './layout.ts'
import type { LinkFlowEdge } from './LinkEdge.tsx'
import { visibleLinks } from './links.ts'
import type { RegionFlowNode } from './RegionNode.tsx'

export type FlowNode = EdgeFlowNode | RegionFlowNode

export const REGION_PREFIX = 'region:'
const NO_PULSES: readonly Pulse[] = []
/** Above this many edges a minute of load for each is not drawn. */
const MAX_SPARKLINES = 100
/** Links run from centre to centre, behind the nodes. */
const HANDLES = (['source', 'target'] as const).map((type) => ({
  type, position: Position.Top, x: NODE_WIDTH / 2, y: NODE_HEIGHT / 2, width: 0, height: 0,
}))

export function flowNodes(
  snapshot: ClusterSnapshot, places: Places, load: MeshState['load'], pulses: readonly Pulse[], selected: string | null,
): FlowNode[] {
  const regions = frames(snapshot.edges, places).map((frame): RegionFlowNode => ({
    id: REGION_PREFIX + frame.region,
    type: 'region',
    position: { x: frame.x, y: frame.y },
    width: frame.width,
    height: frame.height,
    measured: { width: frame.width, height: frame.height },
    zIndex: -1,
    selectable: false,
    focusable: false,
    dragHandle: '.region-label',
    data: {
      region: frame.region, latitude: frame.latitude, longitude: frame.longitude, edges: frame.edges.length,
    },
  }))
  const size = { width: NODE_WIDTH, height: NODE_HEIGHT }
  const edges = snapshot.edges.map((edge): EdgeFlowNode => {
    const serving = edge.name === snapshot.self
    return {
      id: edge.id,
      type: 'edge',
      position: places[edge.id] ?? { x: 0, y: FRAME_HEAD },
      ...size,
      measured: size,
      handles: HANDLES,
      selected: edge.id === selected,
      ariaLabel: describeEdge(edge, serving),
      data: {
        edge,
        at: snapshot.at,
        serving,
        load: snapshot.edges.length > MAX_SPARKLINES ? [] : load[edge.id] ?? [],
        flash: flashOf(edge.id, pulses),
      },
    }
  })
  return [...regions, ...edges]
}

export function flowLinks(snapshot: ClusterSnapshot, pulses: readonly Pulse[], selected: string | null): LinkFlowEdge[] {
  const merged = mergeLinks(snapshot.links, snapshot.edges)
  const focus = selected ?? snapshot.edges.find((edge) => edge.name === snapshot.self)?.id
  const shown = new Map(visibleLinks(merged, snapshot.edges, focus).map((link) => [link.id, link]))
  const passing = new Map<string, Pulse[]>()
  for (const pulse of pulses) {
    if (pulse.from === null) continue
    const id = linkId(pulse.from, pulse.to)
    passing.set(id, [...passing.get(id) ?? [], pulse])
  }
  for (const link of merged) if (passing.has(link.id)) shown.set(link.id, link)
  return [...shown.values()].map((link) => ({
    id: link.id,
    type: 'link',
    source: link.a,
    target: link.b,
    focusable: false,
    selectable: false,
    data: { link, pulses: passing.get(link.id) ?? NO_PULSES },
  }))
}

function flashOf(id: string, pulses: readonly Pulse[]): 'answered' | 'failed' | null {
  for (const pulse of pulses.toReversed()) {
    if (pulse.to === id) return pulse.from === null && pulse.cause !== 'ok' ? 'failed' : 'answered'
    if (pulse.from === id) return 'failed'
  }
  return null
}

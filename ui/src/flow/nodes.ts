// Snapshot and places as React Flow nodes and edges. What did not change stays the same object, so that nothing is
// drawn again for it: at 500 edges a second's news touches a few.
import { Position } from '@xyflow/react'
import type { ClusterSnapshot, EdgeSnapshot } from '../../../ts/lib/snapshot.ts'
import { span } from '../format.ts'
import { type Link, linkId } from '../mesh/links.ts'
import type { Pulse } from '../mesh/pulses.ts'
import type { LoadPoint, MeshState } from '../mesh/state.ts'
import { describeEdge, type EdgeFlowNode } from './EdgeNode.tsx'
import { type Frame, FRAME_HEAD, frames, NODE_HEIGHT, NODE_WIDTH, type Places } from './layout.ts'
import type { LinkFlowEdge } from './LinkEdge.tsx'
import { visibleLinks } from './links.ts'
import type { RegionFlowNode } from './RegionNode.tsx'

export type FlowNode = EdgeFlowNode | RegionFlowNode

export const REGION_PREFIX = 'region:'
const NO_PULSES: readonly Pulse[] = []
const NO_LOAD: readonly LoadPoint[] = []
/** Above this many edges a minute of load for each is not drawn. */
const MAX_SPARKLINES = 100
const SIZE = { width: NODE_WIDTH, height: NODE_HEIGHT }
/** Links run from centre to centre, behind the nodes. */
const HANDLES = (['source', 'target'] as const).map((type) => ({
  type, position: Position.Top, x: NODE_WIDTH / 2, y: NODE_HEIGHT / 2, width: 0, height: 0,
}))

export interface NodesInput {
  snapshot: ClusterSnapshot
  places: Places
  load: MeshState['load']
  pulses: readonly Pulse[]
  selected: string | null
}

export function flowNodes({ snapshot, places, load, pulses, selected }: NodesInput, before: ReadonlyMap<string, FlowNode>): FlowNode[] {
  const byId = new Map(snapshot.edges.map((edge) => [edge.id, edge]))
  const regions = frames(snapshot.edges, places).map((frame) => regionNode(frame, byId))
  const newest = Math.max(0, ...snapshot.edges.map((edge) => edge.registrySeq))
  const flashes = flashesOf(pulses)
  const passing = Map.groupBy(pulses.filter((pulse) => pulse.from === null), (pulse) => pulse.to)
  const edges = snapshot.edges.map((edge): EdgeFlowNode => {
    const serving = edge.name === snapshot.self
    const lag = edge.reachable ? newest - edge.registrySeq : 0
    return {
      id: edge.id,
      type: 'edge',
      position: places[edge.id] ?? { x: 0, y: FRAME_HEAD },
      ...SIZE,
      measured: SIZE,
      handles: HANDLES,
      selected: edge.id === selected,
      ariaLabel: describeEdge(edge, serving, lag),
      data: {
        edge, serving, lag,
        age: ageOf(edge, snapshot.at),
        load: snapshot.edges.length > MAX_SPARKLINES ? NO_LOAD : load[edge.id] ?? NO_LOAD,
        flash: flashes.get(edge.id) ?? null,
        blips: passing.get(edge.id) ?? NO_PULSES,
      },
    }
  })
  return [...regions, ...edges].map((node) => {
    const known = before.get(node.id)
    return known !== undefined && isSame(known, node) ? known : node
  })
}

export function flowLinks(
  links: readonly Link[], snapshot: ClusterSnapshot, pulses: readonly Pulse[], selected: string | null,
): LinkFlowEdge[] {
  const focus = selected ?? snapshot.edges.find((edge) => edge.name === snapshot.self)?.id
  const shown = new Map(visibleLinks(links, snapshot.edges, focus).map((link) => [link.id, link]))
  const passing = new Map<string, Pulse[]>()
  for (const pulse of pulses) {
    if (pulse.from === null) continue
    const id = linkId(pulse.from, pulse.to)
    passing.set(id, [...passing.get(id) ?? [], pulse])
  }
  for (const link of links) if (passing.has(link.id)) shown.set(link.id, link)
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

function ageOf(edge: EdgeSnapshot, at: number): string {
  if (edge.state === 'down') return `${span(at - edge.lastSeenAt)} ago`
  return edge.reachable ? span(at - edge.startedAt) : 'seen by others'
}

function regionNode(frame: Frame, edges: ReadonlyMap<string, EdgeSnapshot>): RegionFlowNode {
  const { x, y, width, height, region } = frame
  return {
    id: REGION_PREFIX + region,
    type: 'region',
    position: { x, y },
    width, height,
    measured: { width, height },
    zIndex: -1,
    selectable: false,
    focusable: false,
    dragHandle: '.region-label',
    data: {
      region, edges: frame.edges.length,
      up: frame.edges.filter((id) => edges.get(id)?.state !== 'down').length,
    },
  }
}

function flashesOf(pulses: readonly Pulse[]): Map<string, 'answered' | 'failed'> {
  const flashes = new Map<string, 'answered' | 'failed'>()
  for (const { cause, from, to } of pulses) {
    if (from !== null) flashes.set(from, 'failed')
    if (from !== null || cause !== 'ok') flashes.set(to, from === null ? 'failed' : 'answered')
  }
  return flashes
}

function isSame(a: FlowNode, b: FlowNode): boolean {
  return a.position.x === b.position.x && a.position.y === b.position.y && a.width === b.width && a.height === b.height
    && a.selected === b.selected && shallowEqual(a.data, b.data)
}

function shallowEqual(a: object, b: object): boolean {
  const [left, right] = [Object.entries(a), Object.entries(b)]
  return left.length === right.length && left.every(([key, value]) => Reflect.get(b, key) === value)
}

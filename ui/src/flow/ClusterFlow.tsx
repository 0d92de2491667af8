// The mesh as a map: edges by region, links with their round-trip times, requests as they pass.
import { Background, BackgroundVariant, MiniMap, type NodeChange, ReactFlow, type ReactFlowInstance } from '@xyflow/react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { ClusterSnapshot } from '../../../ts/lib/snapshot.ts'
import { mergeLinks } from '../mesh/links.ts'
import type { MeshState } from '../mesh/state.ts'
import { EdgeNode } from './EdgeNode.tsx'
import { frames, shift } from './layout.ts'
import { LinkEdge, type LinkFlowEdge } from './LinkEdge.tsx'
import { flowLinks, type FlowNode, flowNodes, REGION_PREFIX } from './nodes.ts'
import { type Layout, loadLayout, saveLayout } from './places.ts'
import { RegionNode } from './RegionNode.tsx'
import { usePlaces } from './use-places.ts'
import { useView } from './use-view.ts'
import { ViewButtons } from './ViewButtons.tsx'

interface Props {
  snapshot: ClusterSnapshot
  mesh: Pick<MeshState, 'load' | 'pulses' | 'sampling'>
  selected: string | null
  onSelect(id: string | null): void
}

const NODE_TYPES = { edge: EdgeNode, region: RegionNode }
const EDGE_TYPES = { link: LinkEdge }
/** Above this many edges those out of sight don't exist, and a small map shows where one is. */
const MANY_EDGES = 60

export function ClusterFlow({ snapshot, mesh, selected, onSelect }: Props) {
  const { load, pulses, sampling } = mesh
  const [layout, setLayout] = useState<Layout>(loadLayout)
  const { places, move, reset } = usePlaces(snapshot, layout)
  const [flow, setFlow] = useState<ReactFlowInstance<FlowNode, LinkFlowEdge> | null>(null)
  const { stage, fit, touch } = useView(flow, snapshot.edges.length)
  const drawn = useRef<ReadonlyMap<string, FlowNode>>(new Map())
  const nodes = useMemo(
    () => flowNodes({ snapshot, places, load, pulses, selected }, drawn.current), [snapshot, places, load, pulses, selected])
  useEffect(() => { drawn.current = new Map(nodes.map((node) => [node.id, node])) }, [nodes])
  const links = useMemo(() => mergeLinks(snapshot.links, snapshot.edges), [snapshot])
  const lines = useMemo(() => flowLinks(links, snapshot, pulses, selected), [links, snapshot, pulses, selected])
  const many = snapshot.edges.length > MANY_EDGES

  const onNodesChange = useCallback((changes: NodeChange<FlowNode>[]) => {
    for (const change of changes) {
      if (change.type === 'select' && change.selected) onSelect(change.id)
      if (change.type !== 'position' || change.position === undefined) continue
      const { id, position, dragging } = change
      touch()
      move((now) => {
        if (!id.startsWith(REGION_PREFIX)) return { ...now, [id]: position }
        const frame = frames(snapshot.edges, now).find((each) => REGION_PREFIX + each.region === id)
        return frame ? shift(now, frame.edges, position.x - frame.x, position.y - frame.y) : now
      }, dragging !== true)
    }
  }, [move, onSelect, snapshot.edges, touch])

  function onLayout(next: Layout): void {
    saveLayout(next)
    setLayout(next)
    requestAnimationFrame(() => requestAnimationFrame(() => fit(true)))
  }

  return (
    <div className="flow" ref={stage}>
      <ReactFlow<FlowNode, LinkFlowEdge>
        nodes={nodes} edges={lines} nodeTypes={NODE_TYPES} edgeTypes={EDGE_TYPES} attributionPosition="top-right"
        onNodesChange={onNodesChange} onInit={setFlow} onPaneClick={() => onSelect(null)}
        onMoveStart={(event) => { if (event !== null) touch() }} onlyRenderVisibleElements={many}
        nodesConnectable={false} edgesFocusable={false} multiSelectionKeyCode={null} selectionKeyCode={null}
        deleteKeyCode={null} zoomOnDoubleClick={false} minZoom={0.04} maxZoom={2} aria-label="Map of the mesh"
      >
        <Background variant={BackgroundVariant.Dots} gap={24} size={1.2} />
        {many && <MiniMap<FlowNode> pannable zoomable nodeColor={miniColor} ariaLabel="Small map of the mesh" />}
      </ReactFlow>
      <ViewButtons
        layout={layout} onLayout={onLayout} onFit={() => fit(true)}
        onZoom={(closer) => { touch(); void (closer ? flow?.zoomIn() : flow?.zoomOut()) }}
        onReset={() => { reset(); requestAnimationFrame(() => fit(true)) }}
      />
      {sampling > 1 && <p className="sampling" role="note">Sampled: each request shown stands for about {Math.round(sampling)}</p>}
    </div>
  )
}

function miniColor(node: FlowNode): string {
  if (node.type === 'region') return 'transparent'
  return { up: 'var(--good)', draining: 'var(--warn)', down: 'var(--bad)' }[node.data.edge.state]
}

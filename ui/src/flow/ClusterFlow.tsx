// The mesh as a map: edges by region, links with their round-trip times, failovers as they pass.
import {
  Background, BackgroundVariant, type NodeChange, ReactFlow, type ReactFlowInstance, useStore,
} from '@xyflow/react'
import { useCallback, useEffect, useMemo, useRef, useState } from 'react'
import type { ClusterSnapshot } from '../../../ts/lib/snapshot.ts'
import type { Pulse } from '../mesh/pulses.ts'
import type { MeshState } from '../mesh/state.ts'
import { EdgeNode } from './EdgeNode.tsx'
import { frames, shift } from './layout.ts'
import { LinkEdge, type LinkFlowEdge } from './LinkEdge.tsx'
import { flowLinks, type FlowNode, flowNodes, REGION_PREFIX } from './nodes.ts'
import { RegionNode } from './RegionNode.tsx'
import { usePlaces } from './use-places.ts'

interface Props {
  snapshot: ClusterSnapshot
  load: MeshState['load']
  pulses: readonly Pulse[]
  selected: string | null
  onSelect(id: string | null): void
}

const NODE_TYPES = { edge: EdgeNode, region: RegionNode }
const EDGE_TYPES = { link: LinkEdge }
const FIT = { padding: 0.08, maxZoom: 1.1 }
/** Below this zoom only name and state are drawn, large. */
const FAR_ZOOM = 0.56

export function ClusterFlow({ snapshot, load, pulses, selected, onSelect }: Props) {
  const { places, move, reset } = usePlaces(snapshot)
  const [flow, setFlow] = useState<ReactFlowInstance<FlowNode, LinkFlowEdge> | null>(null)
  const stage = useRef<HTMLDivElement>(null)
  // Once a person has panned or zoomed, the view is theirs.
  const touched = useRef(false)
  const nodes = useMemo(
    () => flowNodes(snapshot, places, load, pulses, selected), [snapshot, places, load, pulses, selected])
  const links = useMemo(() => flowLinks(snapshot, pulses, selected), [snapshot, pulses, selected])

  const fit = useCallback((smooth: boolean) => {
    touched.current = false
    void flow?.fitView({ ...FIT, duration: smooth ? 250 : 0 })
  }, [flow])

  const edgeCount = snapshot.edges.length
  useEffect(() => {
    if (!touched.current) fit(false)
  }, [edgeCount, fit])

  useEffect(() => {
    if (!stage.current) return
    const observer = new ResizeObserver(() => { if (!touched.current) fit(false) })
    observer.observe(stage.current)
    return () => observer.disconnect()
  }, [fit])

  const onNodesChange = useCallback((changes: NodeChange<FlowNode>[]) => {
    for (const change of changes) {
      if (change.type === 'select' && change.selected) onSelect(change.id)
      if (change.type !== 'position' || change.position === undefined) continue
      const { id, position, dragging } = change
      touched.current = true
      move((now) => {
        if (!id.startsWith(REGION_PREFIX)) return { ...now, [id]: position }
        const frame = frames(snapshot.edges, now).find((each) => REGION_PREFIX + each.region === id)
        return frame ? shift(now, frame.edges, position.x - frame.x, position.y - frame.y) : now
      }, dragging !== true)
    }
  }, [move, onSelect, snapshot.edges])

  return (
    <div className="flow" ref={stage}>
      <ReactFlow<FlowNode, LinkFlowEdge>
        nodes={nodes} edges={links} nodeTypes={NODE_TYPES} edgeTypes={EDGE_TYPES}
        onNodesChange={onNodesChange} onInit={setFlow} onPaneClick={() => onSelect(null)}
        onMoveStart={(event) => { if (event !== null) touched.current = true }}
        nodesConnectable={false} edgesFocusable={false} multiSelectionKeyCode={null} selectionKeyCode={null}
        deleteKeyCode={null} zoomOnDoubleClick={false} fitView fitViewOptions={FIT} minZoom={0.08} maxZoom={2}
        aria-label="Map of the mesh"
      >
        <Background variant={BackgroundVariant.Dots} gap={28} size={1.4} />
        <Detail stage={stage} />
      </ReactFlow>
      <div className="flow-buttons" role="group" aria-label="View">
        <button type="button" aria-label="Zoom in" onClick={() => { touched.current = true; void flow?.zoomIn() }}>+</button>
        <button type="button" aria-label="Zoom out" onClick={() => { touched.current = true; void flow?.zoomOut() }}>−</button>
        <button type="button" onClick={() => fit(true)}>Fit</button>
        <button type="button" title="Put every edge back by geography" onClick={() => { reset(); requestAnimationFrame(() => fit(true)) }}>
          Reset layout
        </button>
      </div>
    </div>
  )
}

/** Marks the stage as seen from afar, without rendering the nodes again. */
function Detail({ stage }: { stage: React.RefObject<HTMLDivElement | null> }) {
  const far = useStore((state) => state.transform[2] < FAR_ZOOM)
  useEffect(() => { stage.current?.classList.toggle('far', far) }, [far, stage])
  return null
}

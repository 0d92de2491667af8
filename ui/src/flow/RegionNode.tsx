// The frame behind the edges of one region; dragging its label moves them all.
import type { Node, NodeProps } from '@xyflow/react'
import { memo } from 'react'
import { coordinates, count } from '../format.ts'

export type RegionFlowNode = Node<{ region: string; latitude: number; longitude: number; edges: number }, 'region'>

export const RegionNode = memo(function RegionNode({ data }: NodeProps<RegionFlowNode>) {
  return (
    <div className="region-frame">
      <p className="region-label">
        <strong>{data.region}</strong>
        {(data.latitude !== 0 || data.longitude !== 0) && <span>{coordinates(data.latitude, data.longitude)}</span>}
        {data.edges > 1 && <span>{count(data.edges, 'edge')}</span>}
      </p>
    </div>
  )
})

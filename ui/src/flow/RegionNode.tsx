// The frame behind the edges of one region; dragging its label moves them all.
import type { Node, NodeProps } from '@xyflow/react'
import { memo } from 'react'
import { useDetail } from './detail.ts'

export type RegionFlowNode = Node<{ region: string; edges: number; up: number }, 'region'>

export const RegionNode = memo(function RegionNode({ data }: NodeProps<RegionFlowNode>) {
  const detail = useDetail()
  const missing = data.up < data.edges
  return (
    <div className={`region-frame ${detail} ${missing ? 'missing' : ''}`}>
      <p className="region-label">
        <strong>{data.region}</strong>
        {(data.edges > 1 || missing) && <span className="region-up">{data.up} of {data.edges} up</span>}
      </p>
    </div>
  )
})

// The frame behind the edges of one region; dragging its label moves them all.
import type { Node, NodeProps } from '@xyflow/react'
import { memo } from 'react'
import { useDetail } from './detail.ts'

export type RegionFlowNode = Node<{ region: string; edges: number; up: number }, 'region'>

/** From afar a label is as large as its frame has room for, within what can be read. */
function labelSize(region: string, width: number): number {
  return Math.max(54, Math.min(92, width / (region.length * 0.55)))
}

export const RegionNode = memo(function RegionNode({ data, width = 0 }: NodeProps<RegionFlowNode>) {
  const detail = useDetail()
  const missing = data.up < data.edges
  return (
    <div className={`region-frame ${detail} ${missing ? 'missing' : ''}`}>
      <p className="region-label" style={{ '--label-size': `${labelSize(data.region, width)}px` }}>
        <strong>{data.region}</strong>
        {(missing || (data.edges > 1 && (detail !== 'dot' || data.edges > 4))) && <span className="region-up">{data.up} of {data.edges} up</span>}
      </p>
    </div>
  )
})

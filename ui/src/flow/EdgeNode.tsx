// One edge on the canvas.
import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { memo } from 'react'
import type { EdgeSnapshot } from '../../../ts/lib/snapshot.ts'
import { rate, span } from '../format.ts'
import type { LoadPoint } from '../mesh/state.ts'
import { Glyph, STATE_TEXT, stateTone } from '../parts/Glyph.tsx'
import { Sparkline } from '../parts/Sparkline.tsx'

export type EdgeNodeData = {
  edge: EdgeSnapshot
  /** By the clock of the serving edge. */
  at: number
  serving: boolean
  load: readonly LoadPoint[]
  /** What a passing failover shows on this edge. */
  flash: 'answered' | 'failed' | null
}

export type EdgeFlowNode = Node<EdgeNodeData, 'edge'>

/** Name size when zoomed out, so that it stays readable: fits the width, never above this many units. */
const FAR_NAME_SIZE = 46
const FAR_NAME_ROOM = 300

export const EdgeNode = memo(function EdgeNode({ data, selected }: NodeProps<EdgeFlowNode>) {
  const { edge, at, serving, load, flash } = data
  const down = edge.state === 'down'
  const numbers = [
    ['req/s', rate(edge.requestsPerSecond), false],
    ['fail/s', rate(edge.failuresPerSecond), edge.failuresPerSecond > 0],
    ['in flight', String(edge.inFlight), false],
    ['functions', String(edge.functions), false],
  ] as const
  return (
    <div className={`edge-node ${edge.state} ${flash ?? ''} ${selected ? 'selected' : ''}`} data-edge={edge.name}>
      {serving && <span className="serving">serves this page</span>}
      <div className="edge-head">
        <Glyph tone={stateTone(edge.state)} />
        <span className="edge-name" style={{ '--far-size': `${farSize(edge.name)}px` }}>{edge.name}</span>
      </div>
      <p className="edge-state">
        <span className="state-text">{STATE_TEXT[edge.state]}</span>{' '}
        <span className="age">{down ? `${span(at - edge.lastSeenAt)} ago` : span(at - edge.startedAt)}</span>
        <span className="region">{edge.region}</span>
      </p>
      <dl className="numbers">
        {numbers.map(([label, value, wrong]) => (
          <div key={label} className={wrong && !down ? 'wrong' : ''}><dt>{label}</dt><dd>{down ? '–' : value}</dd></div>
        ))}
      </dl>
      <Sparkline points={load} />
      <Handle type="source" position={Position.Top} isConnectable={false} />
      <Handle type="target" position={Position.Top} isConnectable={false} />
    </div>
  )
})

/** What a screen reader says of the node. */
export function describeEdge(edge: EdgeSnapshot, serving: boolean): string {
  const parts = [edge.name, edge.region, STATE_TEXT[edge.state].toLowerCase()]
  if (serving) parts.push('serves this page')
  if (edge.state !== 'down') {
    parts.push(
      `${edge.functions} functions`,
      `${rate(edge.requestsPerSecond)} requests per second`,
      `${rate(edge.failuresPerSecond)} failures per second`,
      `${edge.inFlight} in flight`,
    )
  }
  return parts.join(', ')
}

function farSize(name: string): number {
  return Math.min(FAR_NAME_SIZE, FAR_NAME_ROOM / name.length)
}

// One edge on the canvas.
import { Handle, type Node, type NodeProps, Position } from '@xyflow/react'
import { memo } from 'react'
import type { EdgeSnapshot } from '../../../ts/lib/snapshot.ts'
import { count, milliseconds, rate } from '../format.ts'
import type { Pulse } from '../mesh/pulses.ts'
import type { LoadPoint } from '../mesh/state.ts'
import { classTone, Glyph, STATE_TEXT, stateTone } from '../parts/Glyph.tsx'
import { failingShare, HealthRing } from '../parts/HealthRing.tsx'
import { Sparkline } from '../parts/Sparkline.tsx'
import { useDetail } from './detail.ts'

export type EdgeNodeData = {
  edge: EdgeSnapshot
  /** Since when it is up, or ago when it was last seen. */
  age: string
  serving: boolean
  /** Records of the registry that others have and it has not. */
  lag: number
  load: readonly LoadPoint[]
  /** What a passing request shows on this edge. */
  flash: 'answered' | 'failed' | null
  /** Requests that it answered just now. */
  blips: readonly Pulse[]
}

export type EdgeFlowNode = Node<EdgeNodeData, 'edge'>

export const EdgeNode = memo(function EdgeNode({ data, selected }: NodeProps<EdgeFlowNode>) {
  const { edge, flash } = data
  const detail = useDetail()
  return (
    <div className={`edge-node ${edge.state} ${detail} ${flash ?? ''} ${selected ? 'selected' : ''}`} data-edge={edge.name}>
      {detail !== 'dot' && data.blips.length > 0 && <span className="blips" aria-hidden="true">
        {data.blips.map((pulse) => <i key={pulse.id} className={classTone(pulse.cause)} />)}
      </span>}
      {detail === 'dot' ? <Glyph tone={stateTone(edge.state)} /> : detail === 'brief' ? <Brief {...data} /> : <Full {...data} />}
      <Handle type="source" position={Position.Top} isConnectable={false} />
      <Handle type="target" position={Position.Top} isConnectable={false} />
    </div>
  )
})

function Full({ edge, age, serving, lag, load }: EdgeNodeData) {
  const down = edge.state === 'down' || !edge.reachable
  const failing = failingShare(edge)
  const isBehind = lag > 0 && !down
  const numbers = [
    ['req/s', rate(edge.requestsPerSecond)],
    ['p50', milliseconds(edge.p50Ms)],
    ['p99', milliseconds(edge.p99Ms)],
    ['in flight', String(edge.inFlight)],
    [isBehind ? `${lag} behind` : 'registry', String(edge.registrySeq)],
  ] as const
  return (
    <>
      <div className="edge-head">
        <HealthRing edge={edge} />
        <div className="edge-title">
          <p className="edge-name">{edge.name}{serving && <span className="serving" title="This page comes from this edge">this page</span>}</p>
          <p className="edge-state">
            <b className="state-text">{STATE_TEXT[edge.state]}</b> <span className="age">{age}</span>
            {failing > 0 && !down && <span className="wrong">{Math.max(1, Math.round(failing * 100))} % fail</span>}
          </p>
        </div>
        <p className="edge-build"><span>{edge.version === '' ? '' : `v${edge.version}`}</span><span>{edge.arch}</span></p>
      </div>
      <dl className="numbers">
        {numbers.map(([label, value], index) => <div key={label} className={isBehind && index === numbers.length - 1 ? 'wrong' : ''}><dt>{label}</dt><dd>{down ? '–' : value}</dd></div>)}
      </dl>
      <div className="edge-foot"><Sparkline points={load} /></div>
    </>
  )
}

function Brief({ edge, age, serving }: EdgeNodeData) {
  return (
    <>
      <div className="edge-head">
        <HealthRing edge={edge} />
        <p className="edge-name" style={{ '--name-size': `${nameSize(edge.name)}px` }}>{edge.name}</p>
      </div>
      <p className="edge-state">
        <b className="state-text">{STATE_TEXT[edge.state]}</b>{' '}
        <span className="age">{edge.state === 'down' ? age : `${rate(edge.requestsPerSecond)} req/s`}</span>
        {serving && <span className="serving">this page</span>}
      </p>
    </>
  )
}

/** What a screen reader says of the node. */
export function describeEdge(edge: EdgeSnapshot, serving: boolean, lag: number): string {
  const parts = [edge.name, edge.region, STATE_TEXT[edge.state].toLowerCase()]
  if (serving) parts.push('serves this page')
  if (edge.state !== 'down') {
    parts.push(
      count(edge.functions, 'function'),
      `${rate(edge.requestsPerSecond)} requests per second`,
      `${rate(edge.failuresPerSecond)} failures per second`,
      `${edge.inFlight} in flight`,
    )
    if (lag > 0) parts.push(`registry ${count(lag, 'record')} behind`)
  }
  return parts.join(', ')
}

/** So that a name stays readable from afar: fits the width, never above this many units. */
function nameSize(name: string): number {
  return Math.min(42, 310 / name.length)
}

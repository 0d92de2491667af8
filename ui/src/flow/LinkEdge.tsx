// A link between two edges with its round-trip time, and the failovers that travel along it.
import { type Edge, EdgeLabelRenderer, type EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import { duration } from '../format.ts'
import type { Link } from '../mesh/links.ts'
import type { Pulse } from '../mesh/pulses.ts'
import { classTone } from '../parts/Glyph.tsx'
import { arc } from './links.ts'

export type LinkFlowEdge = Edge<{ link: Link; pulses: readonly Pulse[] }, 'link'>

export const LinkEdge = memo(function LinkEdge(props: EdgeProps<LinkFlowEdge>) {
  const { sourceX, sourceY, targetX, targetY, data } = props
  if (data === undefined) return null
  const { link, pulses } = data
  const a = { x: sourceX, y: sourceY }
  const b = { x: targetX, y: targetY }
  const { path, label } = arc(a, b)
  const latest = pulses.at(-1)
  return (
    <>
      <path className={`link ${link.up ? 'up' : 'down'}`} d={path} />
      {pulses.map((pulse) => (
        <path
          key={pulse.id} className={`pulse ${classTone(pulse.cause)}`} pathLength={100}
          d={pulse.from === link.a ? path : arc(b, a).path}
        />
      ))}
      <EdgeLabelRenderer>
        <div
          className={`link-label ${link.up ? 'up' : 'down'} ${latest ? `passing ${classTone(latest.cause)}` : ''}`}
          style={{ transform: `translate(-50%, -50%) translate(${label.x}px, ${label.y}px)` }}
        >
          {latest ? `failover · ${latest.function}` : text(link)}
        </div>
      </EdgeLabelRenderer>
    </>
  )
})

function text(link: Link): string {
  if (!link.up) return 'down'
  return link.rttMs === null ? 'no RTT yet' : duration(link.rttMs)
}

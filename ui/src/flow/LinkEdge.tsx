// A link between two edges: how it goes, how far it is, and the requests that travel along it.
import { type Edge, EdgeLabelRenderer, type EdgeProps } from '@xyflow/react'
import { memo } from 'react'
import { duration } from '../format.ts'
import { isStrained, type Link, linkKind, linkText } from '../mesh/links.ts'
import type { Pulse } from '../mesh/pulses.ts'
import { classTone } from '../parts/Glyph.tsx'
import { useDetail } from './detail.ts'
import { arc } from './links.ts'

export type LinkFlowEdge = Edge<{ link: Link; pulses: readonly Pulse[] }, 'link'>

export const LinkEdge = memo(function LinkEdge(props: EdgeProps<LinkFlowEdge>) {
  const { sourceX, sourceY, targetX, targetY, data } = props
  const detail = useDetail()
  if (data === undefined) return null
  const { link, pulses } = data
  const a = { x: sourceX, y: sourceY }
  const b = { x: targetX, y: targetY }
  const { path, label } = arc(a, b)
  const latest = pulses.at(-1)
  const state = !link.up ? 'down' : isStrained(link) ? 'up strained' : 'up'
  return (
    <>
      <path className={`link ${state} ${link.kind ?? ''} ${detail}`} d={path} />
      {pulses.map((pulse) => (
        <path
          key={pulse.id} className={`pulse ${classTone(pulse.cause)}`} pathLength={100}
          d={pulse.from === link.a ? path : arc(b, a).path}
        />
      ))}
      {(detail !== 'dot' || latest) && <EdgeLabelRenderer>
        <div
          className={`link-label ${state} ${detail} ${latest ? `passing ${classTone(latest.cause)}` : ''}`}
          style={{ transform: `translate(-50%, -50%) translate(${label.x}px, ${label.y}px)` }}
        >
          {latest ? `failover · ${latest.function}` : <><Kind link={link} /><span className="link-text">{linkText(link, duration)}</span></>}
        </div>
      </EdgeLabelRenderer>}
    </>
  )
})

function Kind({ link }: { link: Link }) {
  const kind = linkKind(link)
  return kind === null ? null : <span className="link-kind">{kind}</span>
}

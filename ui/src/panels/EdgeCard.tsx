// Facts of the chosen edge.
import type { ClusterSnapshot, EdgeSnapshot } from '../../../ts/lib/snapshot.ts'
import { duration, span } from '../format.ts'
import { mergeLinks } from '../mesh/links.ts'
import { Glyph, STATE_TEXT, stateTone } from '../parts/Glyph.tsx'

interface Props {
  edge: EdgeSnapshot
  snapshot: ClusterSnapshot
  onClose(): void
}

export function EdgeCard({ edge, snapshot, onClose }: Props) {
  const names = new Map(snapshot.edges.map((each) => [each.id, each.name]))
  const links = mergeLinks(snapshot.links, snapshot.edges)
    .filter((link) => link.a === edge.id || link.b === edge.id)
    .map((link) => ({ ...link, name: names.get(link.a === edge.id ? link.b : link.a) ?? '' }))
  const functions = snapshot.functions.filter((fn) => fn.edges.includes(edge.name)).map((fn) => fn.name)
  const down = edge.state === 'down'
  return (
    <section className="edge-card" aria-label={`Edge ${edge.name}`}>
      <div className="section-head">
        <h2><Glyph tone={stateTone(edge.state)} /> {edge.name}</h2>
        <button type="button" className="plain" aria-label="Close" onClick={onClose}>✕</button>
      </div>
      <dl className="facts">
        <dt>State</dt>
        <dd>{STATE_TEXT[edge.state]}, {down ? `last seen ${span(snapshot.at - edge.lastSeenAt)} ago` : `for ${span(snapshot.at - edge.startedAt)}`}</dd>
        <dt>Gateway</dt><dd><code>{edge.url || '–'}</code></dd>
        <dt>Version</dt><dd>{edge.version === '' ? '–' : `${edge.version} on ${edge.arch}`}</dd>
        <dt>Registry</dt><dd>{edge.registrySeq} records indexed</dd>
        <dt>Links</dt>
        <dd>{links.length === 0 ? 'none' : links.slice(0, 12).map((link) =>
          `${link.name} ${link.up ? link.rttMs === null ? '' : duration(link.rttMs) : 'down'}`.trim()).join(', ')}</dd>
        <dt>Functions</dt><dd>{functions.length === 0 ? 'none' : functions.slice(0, 30).join(', ')}</dd>
        <dt>Public key</dt><dd><code title={edge.id}>{edge.id.slice(0, 16)}…</code></dd>
      </dl>
    </section>
  )
}

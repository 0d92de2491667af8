// Every edge of the mesh, those in trouble first.
import { useMemo, useState } from 'react'
import type { EdgeSnapshot } from '../../../ts/lib/snapshot.ts'
import { milliseconds, rate, span } from '../format.ts'
import { usePage } from '../mesh/context.ts'
import { Glyph, STATE_TEXT, stateTone } from '../parts/Glyph.tsx'
import { VirtualList } from '../parts/VirtualList.tsx'
import { hrefOf } from '../route.ts'

/** By kind of trouble, not by its size: rows must not change places with every snapshot. */
const rank = ({ state, failuresPerSecond }: EdgeSnapshot): number => ({ down: 0, draining: 1, up: failuresPerSecond > 0 ? 2 : 3 })[state]

export function EdgeTable() {
  const { snapshot } = usePage()
  const [search, setSearch] = useState('')
  const sorted = useMemo(() => snapshot.edges.toSorted((a, b) =>
    rank(a) - rank(b) || (a.name < b.name ? -1 : 1)), [snapshot.edges])
  const newest = Math.max(0, ...snapshot.edges.map((edge) => edge.registrySeq))
  const shown = sorted.filter(({ name, region }) => `${name} ${region}`.toLowerCase().includes(search.trim().toLowerCase()))
  return (
    <div className="body list-body">
      <div className="list-head">
        <input type="search" placeholder="Find an edge or a region" aria-label="Find an edge or a region" value={search} onChange={(event) => setSearch(event.target.value)} />
      </div>
      {shown.length === 0 && <p className="quiet">No edge matches.</p>}
      <VirtualList
        label="Edges" items={shown} rowHeight={52} keyOf={(edge) => edge.id}
        row={(edge) => <Row edge={edge} at={snapshot.at} lag={newest - edge.registrySeq} serving={edge.name === snapshot.self} />}
      />
    </div>
  )
}

function Row({ edge, at, lag, serving }: { edge: EdgeSnapshot; at: number; lag: number; serving: boolean }) {
  const down = edge.state === 'down'
  return (
    <a className="row-link" data-edge-row={edge.name} href={hrefOf({ page: 'edge', edge: edge.id, tab: 'overview' })}>
      <span className="row-main">
        <b><Glyph tone={stateTone(edge.state)} /> {edge.name}</b>
        {serving && <span className="chip accent">this page</span>}
        <span className="row-sub">{edge.region}</span>
      </span>
      <span className="row-side">
        {down
          ? <span className="wrong">{STATE_TEXT[edge.state]} for {span(at - edge.lastSeenAt)}</span>
          : <span>{STATE_TEXT[edge.state]} · {rate(edge.requestsPerSecond)} req/s · p99 {milliseconds(edge.p99Ms)}</span>}
        <span className={lag > 0 && !down ? 'wrong' : 'age'}>{lag > 0 && !down ? `${lag} records behind` : `registry ${edge.registrySeq}`}</span>
      </span>
    </a>
  )
}

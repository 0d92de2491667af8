// Name of the mesh, its totals, and how fresh all of it is.
import type { ClusterSnapshot } from '../../../ts/lib/snapshot.ts'
import { rate, span } from '../format.ts'
import type { Freshness } from '../mesh/state.ts'
import { Glyph } from '../parts/Glyph.tsx'

interface Props {
  snapshot: ClusterSnapshot | null
  fresh: Freshness
  heardAt: number | null
  now: number
}

export function Header({ snapshot, fresh, heardAt, now }: Props) {
  return (
    <header className="header">
      <div className="brand">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 17 12 5l7 12z" /><g>
          <circle cx="12" cy="5" r="3" /><circle cx="5" cy="17" r="3" /><circle cx="19" cy="17" r="3" /></g></svg>
        <h1>SwarmLambda</h1>
        {snapshot !== null && <span className="cluster" title="SWARMLAMBDA_CLUSTER_ID">{snapshot.cluster}</span>}
      </div>
      {snapshot !== null && <Totals snapshot={snapshot} />}
      <p className={`connection ${fresh}`} data-fresh={fresh}>
        <Glyph tone={({ live: 'good', stale: 'warn', lost: 'bad', connecting: 'calm' } as const)[fresh]} />
        <span>
          {fresh === 'connecting' && 'Connecting'}
          {fresh === 'live' && <>Live <span className="by">from <b>{snapshot?.self}</b></span></>}
          {fresh === 'stale' && `Stale for ${span(now - (heardAt ?? now))}`}
          {fresh === 'lost' && 'Reconnecting'}
        </span>
      </p>
    </header>
  )
}

function Totals({ snapshot }: { snapshot: ClusterSnapshot }) {
  const up = snapshot.edges.filter((edge) => edge.state !== 'down')
  const sum = (pick: (edge: (typeof up)[number]) => number): number => up.reduce((total, edge) => total + pick(edge), 0)
  const failures = sum((edge) => edge.failuresPerSecond)
  const missing = up.length < snapshot.edges.length
  return (
    <dl className="totals">
      <div className={missing ? 'wrong' : ''}><dt>edges up</dt><dd>{up.length}<small>/{snapshot.edges.length}</small></dd></div>
      <div><dt>requests/s</dt><dd>{rate(sum((edge) => edge.requestsPerSecond))}</dd></div>
      <div className={failures > 0 ? 'wrong' : ''}><dt>failures/s</dt><dd>{rate(failures)}</dd></div>
      <div><dt>in flight</dt><dd>{sum((edge) => edge.inFlight)}</dd></div>
    </dl>
  )
}

// Name of the mesh, how it is in one sentence, its totals, and how fresh all of it is.
import type { ClusterSnapshot } from '../../../ts/lib/snapshot.ts'
import { count, rate, span } from '../format.ts'
import type { Access } from '../mesh/access.ts'
import type { Freshness } from '../mesh/state.ts'
import { Glyph, type Tone } from '../parts/Glyph.tsx'
import { SignIn } from './SignIn.tsx'

interface Props {
  snapshot: ClusterSnapshot | null
  fresh: Freshness
  heardAt: number | null
  now: number
  access: Access
  onAccess(): void
}

export function Header({ snapshot, fresh, heardAt, now, access, onAccess }: Props) {
  return (
    <header className="header">
      <div className="brand">
        <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M5 17 12 5l7 12z" /><g>
          <circle cx="12" cy="5" r="3" /><circle cx="5" cy="17" r="3" /><circle cx="19" cy="17" r="3" /></g></svg>
        <h1>SwarmLambda</h1>
        {snapshot !== null && <span className="cluster" title="SWARMLAMBDA_CLUSTER_ID">{snapshot.cluster}</span>}
      </div>
      {snapshot !== null && <Verdict snapshot={snapshot} />}
      {snapshot !== null && <Totals snapshot={snapshot} />}
      <div className="header-end">
        {snapshot !== null && <SignIn access={access} onAccess={onAccess} />}
        <p className={`connection ${fresh}`} data-fresh={fresh}>
          <Glyph tone={({ live: 'good', stale: 'warn', lost: 'bad', connecting: 'calm' } as const)[fresh]} />
          <span>
            {fresh === 'connecting' && 'Connecting'}
            {fresh === 'live' && <>Live <span className="by">from <b>{snapshot?.self}</b></span></>}
            {fresh === 'stale' && `Stale for ${span(now - (heardAt ?? now))}`}
            {fresh === 'lost' && 'Reconnecting'}
          </span>
        </p>
      </div>
    </header>
  )
}

function Verdict({ snapshot: { edges } }: { snapshot: ClusterSnapshot }) {
  const down = edges.filter(({ state }) => state === 'down').length
  const draining = edges.filter(({ state }) => state === 'draining').length
  const failing = edges.filter(({ failuresPerSecond, state }) => state !== 'down' && failuresPerSecond > 0).length
  const [tone, text]: [Tone, string] = down > 0
    ? ['bad', `${down} of ${count(edges.length, 'edge')} down`]
    : failing > 0 ? ['warn', `${count(failing, 'edge')} failing requests`]
      : draining > 0 ? ['warn', `${count(draining, 'edge')} draining`]
        : ['good', edges.length === 1 ? 'The only edge is up' : `All ${edges.length} edges up`]
  return <p className={`verdict-line ${tone}`}><Glyph tone={tone} /> {text}</p>
}

function Totals({ snapshot }: { snapshot: ClusterSnapshot }) {
  const up = snapshot.edges.filter((edge) => edge.state !== 'down')
  const sum = (pick: (edge: (typeof up)[number]) => number): number => up.reduce((total, edge) => total + pick(edge), 0)
  const failures = sum((edge) => edge.failuresPerSecond)
  return (
    <dl className="totals">
      <div><dt>req/s</dt><dd>{rate(sum((edge) => edge.requestsPerSecond))}</dd></div>
      <div className={failures > 0 ? 'wrong' : ''}><dt>fail/s</dt><dd>{rate(failures)}</dd></div>
      <div><dt>in flight</dt><dd>{sum((edge) => edge.inFlight)}</dd></div>
    </dl>
  )
}

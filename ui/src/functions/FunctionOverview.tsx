// How a function did in the last 15 minutes, where it is loaded, its versions and the aliases that point to them.
import type { FunctionSnapshot } from '../../../ts/lib/snapshot.ts'
import { span } from '../format.ts'
import { usePage } from '../mesh/context.ts'
import { Glyph } from '../parts/Glyph.tsx'
import { hrefOf } from '../route.ts'
import { SeriesCharts } from './SeriesCharts.tsx'
import { Versions } from './Versions.tsx'

const FAILOVER = {
  any: 'On any failure',
  safe: 'Only if it never started',
  never: 'Never',
} as const

export function FunctionOverview({ fn }: { fn: FunctionSnapshot }) {
  const { snapshot } = usePage()
  return (
    <div className="overview">
      {fn.description !== '' && <p className="description">{fn.description}</p>}
      <SeriesCharts name={fn.name} />
      <section aria-label="Where it is loaded">
        <h3>Loaded on</h3>
        <Holders fn={fn} />
      </section>
      <Versions fn={fn} />
      <section aria-label="Configuration">
        <h3>Configuration</h3>
        <dl className="facts">
          <dt>Memory</dt><dd>{fn.memorySize} MB</dd>
          <dt>Timeout</dt><dd>{fn.timeout} s</dd>
          <dt>Failover</dt><dd>{FAILOVER[fn.failover]}</dd>
          <dt>Changed</dt><dd>{span(snapshot.at - fn.lastModified)} ago</dd>
          <dt>Code</dt><dd><code title="SHA-256 of the bundle, Base64">{fn.codeSha256.slice(0, 20)}…</code></dd>
          {fn.conflicts > 0 && <><dt>Conflicts</dt><dd>{fn.conflicts}: deployed on several edges at once; the latest won</dd></>}
        </dl>
      </section>
    </div>
  )
}

/** Up to this many edges are named one by one. */
const MAX_HOLDERS = 60

function Holders({ fn }: { fn: FunctionSnapshot }) {
  const { snapshot } = usePage()
  const edges = [...snapshot.edges].sort((a, b) => a.name < b.name ? -1 : 1)
  const has = (edge: (typeof edges)[number]): boolean => fn.edges.includes(edge.name) && edge.state !== 'down'
  // The ones without it are what somebody looks for.
  const listed = edges.length > MAX_HOLDERS ? edges.filter((edge) => !has(edge)).slice(0, MAX_HOLDERS) : edges
  return (
    <>
      <p className="quiet">on {edges.filter(has).length} of {edges.length} edges{listed.length < edges.length && listed.length > 0 && '; not on'}</p>
      <ul className="holder-list" aria-label={`Edges that have ${fn.name}`}>
        {listed.map((edge) => (
          <li key={edge.id} className={has(edge) ? 'has' : 'lacks'}>
            <a href={hrefOf({ page: 'edge', edge: edge.id, tab: 'overview' })} title={`${edge.region}: ${has(edge) ? 'loaded' : edge.state === 'down' ? 'down' : 'not loaded'}`}>
              <Glyph tone={has(edge) ? 'good' : edge.state === 'down' ? 'bad' : 'calm'} />{edge.name}
              <span className="sr-only">{has(edge) ? ' has it' : edge.state === 'down' ? ' is down' : ' does not have it'}</span>
            </a>
          </li>
        ))}
      </ul>
    </>
  )
}

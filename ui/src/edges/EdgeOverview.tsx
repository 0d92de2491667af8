// An edge's figures, a minute of its load, its links, and how it is set up.
import type { EdgeSnapshot } from '../../../ts/lib/snapshot.ts'
import { coordinates, milliseconds, rate, span } from '../format.ts'
import { usePage } from '../mesh/context.ts'
import { Chart } from '../parts/Chart.tsx'
import { STATE_TEXT } from '../parts/Glyph.tsx'
import { LinkList } from './LinkList.tsx'

export function EdgeOverview({ edge }: { edge: EdgeSnapshot }) {
  const { snapshot, mesh } = usePage()
  const down = edge.state === 'down'
  const newest = Math.max(0, ...snapshot.edges.map((each) => each.registrySeq))
  const lag = newest - edge.registrySeq
  const load = mesh.load[edge.id] ?? []
  return (
    <div className="overview">
      <dl className="stats">
        <div><dt>requests/s</dt><dd>{down ? '–' : rate(edge.requestsPerSecond)}</dd></div>
        <div className={edge.failuresPerSecond > 0 ? 'wrong' : ''}><dt>failures/s</dt><dd>{down ? '–' : rate(edge.failuresPerSecond)}</dd></div>
        <div><dt>p50</dt><dd>{down ? '–' : milliseconds(edge.p50Ms)}</dd></div>
        <div><dt>p99</dt><dd>{down ? '–' : milliseconds(edge.p99Ms)}</dd></div>
        <div><dt>in flight</dt><dd>{down ? '–' : edge.inFlight}</dd></div>
        <div><dt>functions</dt><dd>{down ? '–' : edge.functions}</dd></div>
      </dl>
      <section className="charts one" aria-label="Load">
        <Chart
          title="Requests a second, last minute" format={rate} ends={['1 min ago', 'now']}
          summary={`${rate(edge.requestsPerSecond)} requests and ${rate(edge.failuresPerSecond)} failures a second now`}
          marks={[
            { kind: 'bar', tone: 'accent', label: 'ok', values: padded(load.map((point) => point.requests - point.failures)) },
            { kind: 'bar', tone: 'bad', label: 'failed', values: padded(load.map((point) => point.failures)) },
          ]}
        />
      </section>
      <LinkList edge={edge} />
      <section aria-label="Configuration">
        <h3>Configuration</h3>
        <dl className="facts">
          <dt>State</dt><dd>{STATE_TEXT[edge.state]}, {down ? `last seen ${span(snapshot.at - edge.lastSeenAt)} ago` : `for ${span(snapshot.at - edge.startedAt)}`}</dd>
          <dt>Region</dt><dd>{edge.region}{(edge.latitude !== 0 || edge.longitude !== 0) && <span className="quiet"> {coordinates(edge.latitude, edge.longitude)}</span>}</dd>
          <dt>Gateway</dt><dd>{/^https?:\/\//.test(edge.url) ? <a href={edge.url}>{edge.url}</a> : '–'}</dd>
          <dt>Version</dt><dd>{edge.version === '' ? '–' : `${edge.version} on ${edge.arch}`}</dd>
          <dt>Registry</dt><dd className={lag > 0 && !down ? 'wrong' : ''}>{edge.registrySeq} records{lag > 0 ? `, ${lag} behind the newest edge` : ', as new as any'}</dd>
          <dt>Public key</dt><dd><code>{edge.id}</code></dd>
        </dl>
      </section>
    </div>
  )
}

const POINTS = 60

/** The newest at the right, whatever there is yet. */
function padded(values: readonly number[]): (number | null)[] {
  return [...Array.from({ length: Math.max(0, POINTS - values.length) }, () => null), ...values.slice(-POINTS)]
}

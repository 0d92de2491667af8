// Invocations, errors and latency of a function over the last 15 minutes.
import { clock, milliseconds, rate } from '../format.ts'
import { Chart } from '../parts/Chart.tsx'
import { Problem } from '../parts/Problem.tsx'
import { usePoll } from '../parts/use-poll.ts'
import { readSeries } from './api.ts'

const EVERY_MS = 5_000

export function SeriesCharts({ name }: { name: string }) {
  const { value, error } = usePoll(name, EVERY_MS, (signal) => readSeries(name, signal))
  if (value === null) return error === null ? <div className="charts waiting-charts" aria-hidden="true" /> : <Problem error={error} />
  const { points } = value
  const total = points.reduce((sum, point) => sum + point.count, 0)
  const errors = points.reduce((sum, point) => sum + point.errors, 0)
  const worst = Math.max(0, ...points.map((point) => point.p99Ms ?? 0))
  const ends = [clock(points[0]?.at ?? Date.now()).slice(0, 5), 'now'] as const
  return (
    <section className="charts" aria-label="Last 15 minutes">
      <Chart
        title="Invocations" summary={`${total} invocations in the last 15 minutes, ${errors} of them failed`} format={rate} ends={ends}
        marks={[
          { kind: 'bar', tone: 'accent', label: `${total - errors} ok`, values: points.map((point) => point.count - point.errors) },
          { kind: 'bar', tone: 'bad', label: `${errors} failed`, values: points.map((point) => point.errors) },
        ]}
      />
      <Chart
        title="Latency" summary={`99 percent took at most ${milliseconds(worst)}`} format={milliseconds} ends={ends}
        marks={[
          { kind: 'line', tone: 'warn', label: 'p99', values: points.map((point) => point.p99Ms) },
          { kind: 'line', tone: 'accent', label: 'p50', values: points.map((point) => point.p50Ms) },
        ]}
      />
    </section>
  )
}

// Histograms that somebody else counted: prom-client's own only count what they are told one by one.
import { Gauge, type Registry } from 'prom-client'

/** One time series of a histogram. */
export interface Counted {
  labels: Record<string, string>
  /** One for each bound, then one for those above. Not cumulative. */
  counts: readonly number[]
  /** Null: from the buckets, as their middles. */
  totalMs: number | null
}

/** Bounds that Prometheus sees: every fourth of the edge's own (an octave), of functions every eighth. */
export const OCTAVE = 4

export function histogram(registry: Registry, options: { name: string; help: string; every: number; boundsMs: () => readonly number[]; read: () => readonly Counted[] }): void {
  const { boundsMs, every, help, name, read } = options
  const values = (): Sample[] => read().flatMap((counted) => samplesOf(name, counted, boundsMs(), every))
  const get = () => Promise.resolve({ name, help, type: 'histogram', values: values() })
  Object.assign(new Gauge({ name, help, registers: [registry] }), { get, getForPromString: get })
}

interface Sample {
  metricName: string
  labels: Record<string, string>
  value: number
}

function samplesOf(name: string, { counts, labels, totalMs }: Counted, boundsMs: readonly number[], every: number): Sample[] {
  const samples: Sample[] = []
  let below = 0
  let middles = 0
  counts.forEach((count, index) => {
    below += count
    const [from, to] = [boundsMs[index - 1] ?? 0, boundsMs[index]]
    middles += count * ((from + (to ?? from)) / 2)
    if (to !== undefined && index % every === 0) samples.push({ metricName: `${name}_bucket`, labels: { le: String(to / 1_000), ...labels }, value: below })
  })
  samples.push({ metricName: `${name}_bucket`, labels: { le: '+Inf', ...labels }, value: below })
  samples.push({ metricName: `${name}_sum`, labels, value: (totalMs ?? middles) / 1_000 })
  samples.push({ metricName: `${name}_count`, labels, value: below })
  return samples
}

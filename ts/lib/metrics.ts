// What Prometheus sees. Everything is read when it is asked for: counting costs nothing in between.
import { Counter, Gauge, Registry as Prometheus } from 'prom-client'
import type { EngineInfo, Stats } from './native.js'
import type { Mesh } from './p2p/types.js'
import type { Registry } from './registry/types.js'
import type { Try } from './snapshot.js'

export interface MetricsOptions {
  edge: string
  region: string
  version: string
  engine: { info(): EngineInfo; stats(): Stats }
  mesh: Pick<Mesh, 'peers'>
  registry: Pick<Registry, 'seq' | 'stats' | 'list'>
  loaded: ReadonlyMap<string, string>
}

export interface Metrics {
  page(): Promise<{ contentType: string; text: string }>
  /** Counts the further tries of a failover. */
  countTries(tries: readonly Try[]): void
  /** Counts a request with an idempotency key by what became of it. */
  countOnce(verdict: string): void
}

export function openMetrics(options: MetricsOptions): Metrics {
  const { edge, engine, loaded, mesh, region, registry, version } = options
  const prometheus = new Prometheus()
  prometheus.setDefaultLabels({ edge, region })
  const registers = [prometheus]

  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({ name: `swarmlambda_${name}`, help, registers, collect() { this.set(read()) } })
  }
  /** A counter somebody else counts. */
  const counter = <Label extends string>(name: string, help: string, labelNames: Label[], read: () => [Record<Label, string>, number][]): void => {
    new Counter({
      name: `swarmlambda_${name}`,
      help,
      registers,
      labelNames,
      collect() {
        this.reset()
        for (const [labels, value] of read()) this.inc(labels, value)
      },
    })
  }

  const info = engine.info()
  const about = { version, arch: process.arch, plugin: info.pluginDigest.slice(0, 12) }
  new Gauge({ name: 'swarmlambda_info', help: 'What runs here; always 1.', registers, labelNames: Object.keys(about) }).set(about, 1)

  counter('http_requests_total', 'HTTP requests.', [], () => [[{}, engine.stats().requests]])
  counter('misses_total', 'Invocations that did not end ok on this edge and went through the host.', [], () => [[{}, engine.stats().misses]])
  gauge('http_connections', 'Open HTTP connections.', () => engine.stats().connections)
  gauge('in_flight', 'Invocations that run now.', () => engine.stats().inFlight)
  counter('invocations_total', 'Invocations that ran on this edge, by how they ended.', ['function', 'class'], () =>
    engine.stats().functions.flatMap(({ name, ok, error, timeout, crashed, refused }) =>
      Object.entries({ ok, error, timeout, crashed, refused }).map(([kind, count]): [Record<'function' | 'class', string>, number] => [{ function: name, class: kind }, count]),
    ),
  )
  counter('invocation_seconds_total', 'Time spent in invocations on this edge.', ['function'], () =>
    engine.stats().functions.map(({ name, totalMs }) => [{ function: name }, totalMs / 1_000]),
  )
  // prom-client's Histogram can't be set from counts; these three are what one consists of, so histogram_quantile works.
  counter('http_invocation_seconds_bucket', 'Invocations over HTTP that took at most this long.', ['le'], () => bucketsOf(engine.stats()))
  counter('http_invocation_seconds_sum', 'Duration of all invocations over HTTP.', [], () => [[{}, engine.stats().latency.totalMs / 1_000]])
  counter('http_invocation_seconds_count', 'Invocations over HTTP that were answered.', [], () => [[{}, sum(engine.stats().latency.counts)]])
  gauge('sandbox_slots', 'Sandboxes that may exist at once.', () => info.slots)
  gauge('functions', 'Functions loaded on this edge.', () => loaded.size)
  gauge('registry_functions', 'Functions in the registry.', () => registry.list().length)
  gauge('registry_records', 'Records indexed on this edge.', () => registry.seq())
  gauge('registry_logs', 'Logs known to this edge.', () => registry.stats().logs)
  gauge('registry_malformed', 'Records and blobs set aside because they are malformed.', () => registry.stats().malformed)
  gauge('registry_waiting', 'Records that wait for their time.', () => registry.stats().waiting)
  gauge('peers', 'Edges connected to this one.', () => mesh.peers().length)
  new Gauge({
    name: 'swarmlambda_peer_rtt_seconds',
    help: 'Round trip to a peer.',
    registers,
    labelNames: ['peer'],
    collect() {
      this.reset()
      for (const { name, rttMs } of mesh.peers()) if (rttMs !== null) this.set({ peer: name }, rttMs / 1_000)
    },
  })
  gauge('process_resident_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss())
  counter('process_cpu_seconds_total', 'CPU time of the process.', ['mode'], () => {
    const { system, user } = process.cpuUsage()
    return [[{ mode: 'user' }, user / 1e6], [{ mode: 'system' }, system / 1e6]]
  })
  const tried = new Counter({ name: 'swarmlambda_failover_tries_total', help: 'Further tries on peers, by how they ended.', registers, labelNames: ['peer', 'class'] })
  const keyed = new Counter({ name: 'swarmlambda_idempotent_requests_total', help: 'Requests with an Idempotency-Key, by what became of them.', registers, labelNames: ['verdict'] })

  return {
    countOnce: (verdict) => keyed.inc({ verdict }),
    page: async () => ({ contentType: prometheus.contentType, text: await prometheus.metrics() }),
    countTries(tries) {
      for (const { class: kind, edge: peer } of tries) tried.inc({ peer, class: kind })
    },
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

/** Cumulative, as Prometheus wants them, from one count for each bucket. */
const bucketsOf = ({ latency: { boundsMs, counts } }: Stats): [Record<'le', string>, number][] =>
  counts.map((_, index) => [{ le: boundOf(boundsMs[index]) }, sum(counts.slice(0, index + 1))])

const boundOf = (ms: number | undefined): string => (ms === undefined ? '+Inf' : String(ms / 1_000))

// What Prometheus sees (docs/metrics.md). Everything is read when it is asked for: counting costs nothing in between.
import { X509Certificate } from 'node:crypto'
import { Counter, Gauge, Registry as Prometheus } from 'prom-client'
import { busiest, durationsOf, endingsOf } from './metrics/functions.js'
import { histogram, OCTAVE } from './metrics/histograms.js'
import type { Certificate, EngineInfo, FunctionLatency, Stats } from './native.js'
import type { Mesh } from './p2p/types.js'
import type { Registry } from './registry/types.js'
import type { Try } from './snapshot.js'

export interface MetricsOptions {
  edge: string
  region: string
  version: string
  engine: { info(): EngineInfo; stats(): Stats; latencies(): FunctionLatency[] }
  mesh: Pick<Mesh, 'peers' | 'strangers'>
  registry: Pick<Registry, 'seq' | 'stats' | 'list' | 'lags' | 'conflicts'>
  loaded: ReadonlyMap<string, string>
  /** Asynchronous invocations of this edge; null: not open yet. */
  events: () => { waiting: number; dead: number } | null
  /** Peers that get no invocations from here for now, by id. */
  setAside: () => ReadonlyMap<string, string>
  /** Tries that were no first ones, by whether the budget allowed them. */
  retries: () => { spent: number; refused: number }
  /** Those that clients are shown, and tries to get one that failed since the last. */
  certificates: () => { shown: readonly Certificate[]; failures: number }
  /** Answers kept for idempotency keys. */
  answers: () => { answers: number; bytes: number; evicted: number }
}

export interface Metrics {
  page(): Promise<{ contentType: string; text: string }>
  /** Counts the further tries of a failover. */
  countTries(tries: readonly Try[]): void
  /** Counts a request with an idempotency key by what became of it. */
  countOnce(verdict: string): void
  /** Counts peers that were set aside since the last time; about once a second. */
  tick(): void
}

type Rows<Label extends string> = readonly (readonly [Record<Label, string>, number])[]

export function openMetrics(options: MetricsOptions): Metrics {
  const { edge, engine, events, loaded, mesh, region, registry, setAside, version } = options
  const prometheus = new Prometheus()
  prometheus.setDefaultLabels({ edge, region })
  const registers = [prometheus]
  // One reading for the whole page.
  let stats = engine.stats()
  let latencies: FunctionLatency[] = []
  let own = busiest(stats.functions)

  const gauges = <Label extends string>(name: string, help: string, labelNames: Label[], read: () => Rows<Label>): void => {
    const set = (gauge: Gauge<Label>): void => {
      gauge.reset()
      for (const [labels, value] of read()) gauge.set(labels, value)
    }
    new Gauge<Label>({ name: `swarmlambda_${name}`, help, registers, labelNames, collect() { set(this) } })
  }
  const gauge = (name: string, help: string, read: () => number): void => gauges<never>(name, help, [], () => [[{}, read()]])
  /** A counter somebody else counts. */
  const counters = <Label extends string>(name: string, help: string, labelNames: Label[], read: () => Rows<Label>): void => {
    const set = (counter: Counter<Label>): void => {
      counter.reset()
      for (const [labels, value] of read()) counter.inc(labels, value)
    }
    new Counter<Label>({ name: `swarmlambda_${name}`, help, registers, labelNames, collect() { set(this) } })
  }
  const counter = (name: string, help: string, read: () => number): void => counters<never>(name, help, [], () => [[{}, read()]])

  const info = engine.info()
  const about = { version, arch: process.arch, plugin: info.pluginDigest.slice(0, 12) }
  gauges('build_info', 'What runs here; always 1.', ['version', 'arch', 'plugin'], () => [[about, 1]])

  counter('http_requests_total', 'HTTP requests.', () => stats.requests)
  gauge('http_connections', 'Open HTTP connections.', () => stats.connections)
  gauge('http_listeners', 'Clients of the event stream.', () => stats.listeners)
  histogram(prometheus, {
    name: 'swarmlambda_http_invocation_seconds',
    help: 'Invocations over HTTP, until they were answered, other edges included.',
    every: OCTAVE,
    boundsMs: () => stats.latency.boundsMs,
    read: () => [{ labels: {}, counts: stats.latency.counts, totalMs: stats.latency.totalMs }],
  })
  gauge('in_flight', 'Invocations over HTTP that are not answered yet.', () => stats.inFlight)
  gauge('sandbox_slots', 'Sandboxes that may exist at once.', () => info.slots)
  counters('invocations_total', 'Invocations that ran on this edge, by how they ended.', ['function', 'class'], () => endingsOf(stats.functions, own))
  histogram(prometheus, {
    name: 'swarmlambda_invocation_seconds',
    help: 'Invocations that ran on this edge, in the sandbox.',
    every: 2 * OCTAVE,
    boundsMs: () => stats.latency.boundsMs,
    read: () => durationsOf(latencies, stats.functions, own),
  })

  counter('misses_total', 'Invocations that did not end ok on this edge and went through the host.', () => stats.misses)
  const tried = new Counter({ name: 'swarmlambda_failover_tries_total', help: 'Further tries on peers, by how they ended.', registers, labelNames: ['peer', 'class'] })
  const keyed = new Counter({ name: 'swarmlambda_idempotent_requests_total', help: 'Requests with an Idempotency-Key, by what became of them.', registers, labelNames: ['verdict'] })
  const ejected = new Counter({ name: 'swarmlambda_ejections_total', help: 'How often a peer was set aside because it kept failing.', registers, labelNames: ['peer'] })
  gauges('peer_set_aside', '1: the peer gets no invocations from here for now.', ['peer'], () => mesh.peers().map(({ id, name }) => [{ peer: name }, setAside().has(id) ? 1 : 0]))

  counters('retries_total', 'Tries that were no first ones, by whether the budget allowed them.', ['budget'], () => Object.entries(options.retries()).map(([budget, count]) => [{ budget }, count]))
  gauge('idempotent_answers', 'Answers kept for idempotency keys.', () => options.answers().answers)
  gauge('idempotent_answer_bytes', 'Memory that they take.', () => options.answers().bytes)
  counter('idempotent_answers_evicted_total', 'Answers dropped before their ten minutes were over, for want of memory.', () => options.answers().evicted)

  gauge('invocations_waiting', 'Invocations that wait for their turn to compute.', () => stats.waiting)
  counters('refused_total', 'Invocations refused before they began, by why.', ['reason'], () => Object.entries({ busy: stats.refusedBusy, share: stats.refusedShare }).map(([reason, count]) => [{ reason }, count]))
  const queues = () => Object.entries({ miss: stats.missQueue, control: stats.controlQueue })
  gauges('host_calls_running', 'Calls into the host that run, of invocations and of the control API.', ['kind'], () => queues().map(([kind, { running }]) => [{ kind }, running]))
  gauges('host_calls_waiting', 'Calls into the host that wait for their turn.', ['kind'], () => queues().map(([kind, { waiting }]) => [{ kind }, waiting]))
  counters('host_calls_refused_total', 'Calls answered 503 because too many waited.', ['kind'], () => queues().map(([kind, { refused }]) => [{ kind }, refused]))
  gauge('event_queue_length', 'Asynchronous invocations that wait on this edge.', () => events()?.waiting ?? 0)
  gauge('dead_letters', 'Asynchronous invocations that this edge gave up.', () => events()?.dead ?? 0)

  gauge('functions', 'Functions loaded on this edge.', () => loaded.size)
  gauge('registry_functions', 'Functions in the registry.', () => registry.list().length)
  gauge('registry_records', 'Records indexed on this edge.', () => registry.seq())
  gauge('registry_logs', 'Logs known to this edge.', () => registry.stats().logs)
  gauge('registry_conflicts', 'Concurrent writes that lost, until the next deploy of their function.', () => registry.list().reduce((sum, { name }) => sum + registry.conflicts(name).length, 0))
  gauge('registry_malformed', 'Records and blobs set aside because they are malformed.', () => registry.stats().malformed)
  gauge('registry_newer', 'Records of a newer version of this software, kept and not followed.', () => registry.stats().newer)
  gauge('registry_revoked', 'Records of edges that are revoked.', () => registry.stats().revoked)
  gauge('registry_waiting', 'Records that wait for their time, because their clock is ahead.', () => registry.stats().waiting)
  gauge('clock_offset_seconds', "Added to this edge's clock because most of its peers say so; 0: nothing.", () => registry.stats().clockOffsetMs / 1_000)

  gauge('peers', 'Edges connected to this one.', () => mesh.peers().length)
  counter('strangers_total', 'Connections refused: nobody proved to be a peer, or too many had it still to prove.', () => mesh.strangers())
  gauges('peer_rtt_seconds', 'Round trip to a peer.', ['peer'], () => mesh.peers().flatMap(({ name, rttMs }) => (rttMs === null ? [] : [[{ peer: name }, rttMs / 1_000] as const])))
  const lags = () => {
    const names = new Map(mesh.peers().map(({ id, name }) => [id, name]))
    return registry.lags().flatMap((lag) => (names.has(lag.edge) ? [{ ...lag, peer: names.get(lag.edge) ?? '' }] : []))
  }
  gauges('peer_replication_lag_seconds', 'From when the newest record of a peer was written until it was indexed here.', ['peer'], () => lags().flatMap(({ lagMs, peer }) => (lagMs === null ? [] : [[{ peer }, lagMs / 1_000] as const])))
  gauges('peer_records', 'Records of a peer indexed here.', ['peer'], () => lags().map(({ peer, seq }) => [{ peer }, seq]))
  gauges('peer_behind_records', 'Records indexed here that a peer has not indexed yet, by its last status.', ['peer'], () =>
    mesh.peers().map(({ name, status }) => [{ peer: name }, Math.max(0, registry.seq() - (status?.registrySeq ?? registry.seq()))]),
  )

  gauges('certificate_expiry_timestamp_seconds', 'When a certificate of HTTPS ends, since the epoch.', ['names'], () =>
    options.certificates().shown.map(({ chain }) => {
      const { subjectAltName, validTo } = new X509Certificate(chain)
      return [{ names: (subjectAltName ?? '').replaceAll('DNS:', '') }, Date.parse(validTo) / 1_000]
    }),
  )
  gauge('certificate_failures', 'Orders at the certificate authority that failed since the last certificate.', () => options.certificates().failures)

  gauge('process_resident_memory_bytes', 'Resident memory of the process.', () => process.memoryUsage.rss())
  counters('process_cpu_seconds_total', 'CPU time of the process.', ['mode'], () => {
    const { system, user } = process.cpuUsage()
    return [[{ mode: 'user' }, user / 1e6], [{ mode: 'system' }, system / 1e6]]
  })
  gauge('process_start_time_seconds', 'When the process started, since the epoch.', () => Math.round(performance.timeOrigin) / 1_000)
  let before = performance.eventLoopUtilization()
  gauge('host_utilization_ratio', "How busy the host's one thread was since the last scrape: at 1, everything but hits waits.", () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, before)
    before = now
    return utilization
  })

  let aside = setAside()
  return {
    async page() {
      stats = engine.stats()
      latencies = engine.latencies()
      own = busiest(stats.functions)
      return { contentType: prometheus.contentType, text: await prometheus.metrics() }
    },
    countOnce: (verdict) => keyed.inc({ verdict }),
    countTries(tries) {
      for (const { class: kind, edge: peer } of tries) tried.inc({ peer, class: kind })
    },
    tick() {
      const now = setAside()
      for (const [id, name] of now) if (!aside.has(id)) ejected.inc({ peer: name })
      aside = now
    },
  }
}

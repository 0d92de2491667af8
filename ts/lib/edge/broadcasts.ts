// What this edge tells others, once a second and when something changes: its status to the peers, the snapshot and
// failovers to whoever watches the page.
import type { Engine } from '../native.js'
import type { Mesh, Peer } from '../p2p/types.js'
import type { InvocationEvent } from '../snapshot.js'
import { openClusterView, type ClusterViewOptions, type Load } from './cluster-view.js'
import type { Signals } from './opening/start.js'
import { openRates } from './rates.js'
import { invocationEvent, openSamples } from './samples.js'
import { throttle } from './throttle.js'

export interface BroadcastsOptions extends ClusterViewOptions {
  engine: Pick<Engine, 'stats' | 'latencies' | 'setSnapshot' | 'publish' | 'recent'>
  mesh: Pick<Mesh, 'id' | 'peers' | 'events' | 'impairments' | 'setStatus' | 'broadcast'>
  signals: Signals
  isDraining: () => boolean
  /** Requests since it was last called, about once a second. */
  onTraffic: (requests: number) => void
}

export interface Broadcasts extends Disposable {
  /** Whether invocations arrived in the last few seconds. */
  isBusy(): boolean
}

const TICK_MS = 1_000
/** Loading a thousand functions is not a thousand messages; one deploy is told at once. */
const STATUS_EVERY_MS = 20
const SNAPSHOT_EVERY_MS = 100
const SNAPSHOT_LATEST_MS = 1_500
const SNAPSHOT_SMALL_CHARS = 64 * 1024
const MAX_FAILOVERS_PER_SECOND = 50
const FAILOVER_TOPIC = 'edge/failover'
const FAREWELL_TOPIC = 'edge/farewell'

export function openBroadcasts(options: BroadcastsOptions): Broadcasts {
  const { engine, isDraining, mesh, onTraffic, signals } = options
  const view = openClusterView(options)
  const measure = openRates(() => engine.latencies())
  let rates = measure(engine.stats(), Date.now())
  let requests = 0
  let failovers = 0
  let snapshotChars = 0
  const samples = openSamples({ engine, mesh, clock: Date.now })

  const load = (): Load => ({ ...rates, inFlight: engine.stats().inFlight, draining: isDraining() })
  const sendStatus = throttle(STATUS_EVERY_MS, () => mesh.setStatus(view.status(load())))
  // What is large goes out more rarely.
  const pause = (): number => Math.min(SNAPSHOT_LATEST_MS, SNAPSHOT_EVERY_MS * Math.ceil(snapshotChars / SNAPSHOT_SMALL_CHARS))
  const showSnapshot = throttle(pause, () => {
    const json = JSON.stringify(view.snapshot(load(), Date.now()))
    snapshotChars = json.length
    engine.setSnapshot(json)
  })
  const show = (event: InvocationEvent): void => {
    failovers += 1
    if (failovers <= MAX_FAILOVERS_PER_SECOND) engine.publish('invocation', JSON.stringify(event))
  }
  /** On the pages of all edges. */
  const showEverywhere = (event: InvocationEvent): void => {
    show(event)
    if (failovers <= MAX_FAILOVERS_PER_SECOND) mesh.broadcast(FAILOVER_TOPIC, event)
  }

  const refresh = (): void => {
    sendStatus()
    showSnapshot()
  }
  const tick = (): void => {
    const stats = engine.stats()
    rates = measure(stats, Date.now())
    onTraffic(Math.max(0, stats.requests - requests))
    requests = stats.requests
    failovers = 0
    samples.tick(stats)
    refresh()
  }
  const onMessage = (peer: Peer, topic: string, payload: unknown): void => {
    if (topic === FAREWELL_TOPIC) view.farewell(peer.id)
    const parsed = topic === FAILOVER_TOPIC ? invocationEvent.safeParse(payload) : null
    if (parsed?.success) show(parsed.data)
  }

  const sayFarewell = (): void => mesh.broadcast(FAREWELL_TOPIC, {})

  signals.on('change', refresh).on('failover', showEverywhere).on('leave', sayFarewell)
  mesh.events.on('peer', refresh).on('lost', refresh).on('status', showSnapshot).on('message', onMessage)
  const timer = setInterval(tick, TICK_MS)
  tick()

  return {
    isBusy: () => rates.requestsPerSecond > 0,
    [Symbol.dispose]() {
      clearInterval(timer)
      signals.off('change', refresh).off('failover', showEverywhere).off('leave', sayFarewell)
      mesh.events.off('peer', refresh).off('lost', refresh).off('status', showSnapshot).off('message', onMessage)
      sendStatus[Symbol.dispose]()
      showSnapshot[Symbol.dispose]()
      samples[Symbol.dispose]()
    },
  }
}

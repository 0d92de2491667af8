// The latest invocations of all edges, asked for when somebody looks: nothing is sent around before.
import { SwarmError } from '../errors.js'
import type { Engine } from '../native.js'
import type { Mesh, Peer } from '../p2p/types.js'
import type { FunctionSeries, InvocationDetail, InvocationSummary, LogLine } from '../snapshot.js'
import { answerSchema, askSchema, MAX_WAIT_MS, OBSERVE, openAnswering, type Answer, type Ask, type RecentAsk } from './asks.js'
import { keyOf, startOf, type Cursor } from './cursor.js'
import { logLinesOf, summaryOf, type RecordOf } from './records.js'
import { openSeries, seriesOf } from './series.js'

export interface ObservationsOptions {
  edge: string
  engine: Pick<Engine, 'recent' | 'latencies' | 'stats'>
  mesh: Pick<Mesh, 'id' | 'peers' | 'handle' | 'events'>
  clock: () => number
}

/** Which invocations; null: of every function, every edge. */
export interface Wanted {
  function: string | null
  requestId: string | null
  edge: string | null
}

/** What comes from now on. */
export interface FollowOptions {
  wanted: Wanted
  /** Only what wrote to the console. */
  logging: boolean
  /** Where the follower is; goes along. */
  cursor: Cursor
  /** For edges that the cursor says nothing of: milliseconds since the epoch; null: now. */
  since: number | null
  onNews: (news: News) => void
  /** Ends it. */
  signal: AbortSignal
}

/** What a follower gets in one piece. */
export interface News {
  records: RecordOf[]
  /** An edge had more than it could keep. */
  gap: string | null
}

export interface Observations extends Disposable {
  /** Newest first; only where they arrived. `since`: milliseconds since the epoch. */
  invocations(wanted: Wanted, limit: number, since: number): Promise<InvocationSummary[]>
  /** Null: no edge knows it, or knows it any more. */
  invocation(requestId: string): Promise<InvocationDetail | null>
  /** Oldest first, the newest at most `limit`. */
  logs(wanted: Wanted, limit: number, since: number): Promise<LogLine[]>
  series(name: string): Promise<FunctionSeries>
  follow(options: FollowOptions): void
}

const PEER_TIMEOUT_MS = 3_000
/** A peer that does not answer is asked again after this. */
const RETRY_MS = 1_000
const MAX_FOLLOWED = 1_000

export function openObservations({ clock, edge, engine, mesh }: ObservationsOptions): Observations {
  const series = openSeries(engine, clock)
  const answering = openAnswering({ edge, engine, series, clock })
  mesh.handle(OBSERVE, async (frame, { signal }) => Buffer.from(JSON.stringify(await answering.answer(askSchema.parse(JSON.parse(frame.toString())), signal))))

  const askPeer = async (peer: Peer, ask: Ask, timeoutMs: number, signal?: AbortSignal): Promise<Answer> => {
    const frame = await peer.request(OBSERVE, Buffer.from(JSON.stringify(ask)), { timeoutMs, ...(signal && { signal }) })
    return answerSchema.parse(JSON.parse(frame.toString()))
  }
  /** A peer that is gone, busy or older than this question is left out. */
  const everywhere = async (ask: Ask, only: string | null): Promise<Answer[]> => {
    const peers = mesh.peers().filter(({ name }) => only === null || name === only)
    const asked = peers.map((peer) => askPeer(peer, ask, PEER_TIMEOUT_MS).catch(() => null))
    const answers = await Promise.all([only === null || only === edge ? answering.answer(ask) : null, ...asked])
    return answers.filter((answer) => answer !== null)
  }
  const recent = (wanted: Wanted, more: Pick<RecentAsk, 'limit' | 'logging' | 'whole'> & { since: number }): Promise<RecordOf[]> =>
    everywhere({ do: 'recent', name: wanted.function, requestId: wanted.requestId, wait: 0, ...more }, wanted.edge).then((answers) => answers.flatMap(({ records }) => records))

  const followOne = (source: { id: string; name: string; ask: (ask: RecentAsk) => Promise<Answer> }, options: FollowOptions): void => {
    const { cursor, logging, onNews, signal, wanted } = options
    void (async () => {
      let since = startOf(cursor, source.id) ?? (options.since === null ? null : options.since * 1_000)
      while (!signal.aborted) {
        const { gap, last, records } = await source.ask({ do: 'recent', since, limit: MAX_FOLLOWED, name: wanted.function, requestId: wanted.requestId, logging, whole: true, wait: MAX_WAIT_MS })
        since = last
        cursor.set(keyOf(source.id), last)
        if (!signal.aborted && (records.length > 0 || gap)) onNews({ records, gap: gap ? source.name : null })
      }
    })().catch(() => {
      // Lost, or too old to understand: the next connection begins anew.
    })
  }

  return {
    async invocations(wanted, limit, since) {
      const records = await recent(wanted, { limit, logging: false, whole: false, since: since * 1_000 })
      const arrived = records.filter(({ origin }) => origin.via !== 'peer')
      return arrived.sort((one, other) => other.startedAt - one.startedAt).slice(0, limit).map(summaryOf)
    },
    async invocation(requestId) {
      const records = await recent({ function: null, requestId, edge: null }, { limit: 10, logging: false, whole: true, since: 0 })
      const arrived = records.find(({ origin }) => origin.via !== 'peer') ?? records[0]
      if (!arrived) return null
      const others = records.filter((record) => record !== arrived).sort((one, other) => one.startedAt - other.startedAt)
      return {
        ...summaryOf(arrived),
        logs: records.flatMap(logLinesOf).sort((one, other) => one.at - other.at),
        event: arrived.event,
        result: arrived.result,
        executions: others.map(summaryOf),
      }
    },
    async logs(wanted, limit, since) {
      const records = await recent(wanted, { limit, logging: true, whole: true, since: since * 1_000 })
      const lines = records.flatMap(logLinesOf).filter(({ at }) => at >= since)
      return lines.sort((one, other) => one.at - other.at).slice(-limit)
    },
    async series(name) {
      const answers = await everywhere({ do: 'series', name }, null)
      return seriesOf(name, answers.flatMap(({ steps }) => steps), engine.stats().latency.boundsMs, clock())
    },
    follow(options) {
      const { signal, wanted } = options
      const isWanted = (name: string): boolean => wanted.edge === null || wanted.edge === name
      const followPeer = (peer: Peer): void => {
        if (!isWanted(peer.name)) return
        const ask = async (one: RecentAsk): Promise<Answer> => {
          for (;;) {
            try {
              return await askPeer(peer, one, one.wait + PEER_TIMEOUT_MS, signal)
            } catch (error) {
              // Gone: its next connection is followed anew. Busy: later.
              if (signal.aborted || !mesh.peers().some(({ id }) => id === peer.id) || !(error instanceof SwarmError) || error.code === 'NOT_FOUND') throw error
              await new Promise<void>((resolve) => setTimeout(resolve, RETRY_MS).unref())
            }
          }
        }
        followOne({ id: peer.id, name: peer.name, ask }, options)
      }
      mesh.events.on('peer', followPeer)
      signal.addEventListener('abort', () => mesh.events.off('peer', followPeer), { once: true })
      if (isWanted(edge)) followOne({ id: mesh.id, name: edge, ask: (ask) => answering.answer(ask, signal) }, options)
      for (const peer of mesh.peers()) followPeer(peer)
    },
    [Symbol.dispose]: () => series[Symbol.dispose](),
  }
}

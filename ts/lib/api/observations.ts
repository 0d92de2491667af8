// `GET /invocations`, `/invocations/{id}`, `/logs` and `/functions/{name}/series`: parse, ask, and follow as long as the
// client reads.
import { SwarmError } from '../errors.js'
import type { ControlResponse, Engine } from '../native.js'
import { formatCursor, parseCursor, type Cursor } from '../observe/cursor.js'
import type { FollowOptions, News, Observations, Wanted } from '../observe/observations.js'
import { logLinesOf, summaryOf } from '../observe/records.js'
import { covers } from './grants.js'
import { parseName } from './schemas.js'
import { json, text, type Request } from './requests.js'

export interface ObservationRoutes {
  invocations(request: Request): Promise<ControlResponse>
  invocation(request: Request, requestId: string): Promise<ControlResponse>
  logs(request: Request): Promise<ControlResponse>
  series(request: Request, name: string): Promise<ControlResponse>
}

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1_000
const HEARTBEAT_MS = 10_000
const EVENT_STREAM = 'text/event-stream'
const JSON_LINES = 'application/x-ndjson'

export function openObservationRoutes(observations: Observations, engine: Pick<Engine, 'openStream' | 'writeStream' | 'endStream'>, clock: () => number): ObservationRoutes {
  /** What comes, as server-sent events or as JSON lines. */
  const follow = (request: Request, event: string, options: Pick<FollowOptions, 'wanted' | 'logging'>, itemsOf: (news: News) => unknown[]): ControlResponse => {
    const stream = engine.openStream()
    if (stream === null) throw new SwarmError('TOO_MANY_REQUESTS', 'too many clients follow this edge')
    const asEvents = request.headers.get('accept')?.includes(EVENT_STREAM) ?? false
    const given = request.headers.get('last-event-id') ?? request.query.get('after')
    const cursor = given === null || given === '' ? new Map<string, number>() : cursorOf(given)
    const ended = new AbortController()
    const write = (piece: string): void => {
      if (!engine.writeStream(stream, Buffer.from(piece))) ended.abort()
    }
    const heartbeat = setInterval(() => write(asEvents ? ':\n\n' : '\n'), HEARTBEAT_MS)
    ended.signal.addEventListener('abort', () => clearInterval(heartbeat), { once: true })
    write(asEvents ? 'retry: 1000\n\n' : '\n')
    const onNews = (news: News): void => {
      const items = itemsOf(news)
      if (news.gap !== null) items.unshift({ gap: true, edge: news.gap, at: clock(), message: 'some were dropped before they could be read' })
      if (items.length > 0) write(asEvents ? eventsOf(event, items, cursor) : items.map((item) => `${JSON.stringify(item)}\n`).join(''))
    }
    observations.follow({ ...options, cursor, since: sinceOf(request, clock()), onNews, signal: ended.signal })
    return {
      status: 200,
      headers: ['content-type', `${asEvents ? EVENT_STREAM : JSON_LINES}; charset=utf-8`, 'cache-control', 'no-store', 'x-accel-buffering', 'no'],
      body: Buffer.alloc(0),
      stream,
    }
  }

  return {
    async invocations(request) {
      const wanted = wantedOf(request)
      const isShown = ({ function: name }: { function: string }): boolean => covers(request.grant, name)
      if (isFollowed(request)) {
        return follow(request, 'invocation', { wanted, logging: false }, ({ records }) => records.filter(({ origin }) => origin.via !== 'peer').map(summaryOf).filter(isShown))
      }
      const invocations = await observations.invocations(wanted, limitOf(request, DEFAULT_LIMIT), sinceOf(request, clock()) ?? 0)
      return json(200, { invocations: invocations.filter(isShown) })
    },
    async invocation(request, requestId) {
      const found = await observations.invocation(requestId)
      if (!found || !covers(request.grant, found.function)) {
        throw new SwarmError('NOT_FOUND', `no edge remembers the invocation ${requestId}: ordinary ones are kept as samples, X-Swarm-Record: 1 keeps one`)
      }
      return json(200, found)
    },
    async logs(request) {
      const wanted = wantedOf(request)
      const isShown = ({ function: name }: { function: string }): boolean => covers(request.grant, name)
      if (isFollowed(request)) return follow(request, 'log', { wanted, logging: true }, ({ records }) => records.flatMap(logLinesOf).filter(isShown))
      const lines = await observations.logs(wanted, limitOf(request, MAX_LIMIT), sinceOf(request, clock()) ?? 0)
      return text(200, `${JSON_LINES}; charset=utf-8`, lines.filter(isShown).map((line) => `${JSON.stringify(line)}\n`).join(''))
    },
    series: async (_request, name) => json(200, await observations.series(parseName(name))),
  }
}

/** Only the last one moves the client on: what it misses in the middle comes again. */
const eventsOf = (event: string, items: readonly unknown[], cursor: Cursor): string =>
  items.map((item, index) => `${index === items.length - 1 ? `id: ${formatCursor(cursor)}\n` : ''}event: ${event}\ndata: ${JSON.stringify(item)}\n\n`).join('')

const isFollowed = ({ method, query }: Request): boolean => method === 'GET' && ['1', 'true'].includes(query.get('follow') ?? '')

function wantedOf({ query }: Request): Wanted {
  const name = query.get('function')
  return { function: name === null || name === '' ? null : parseName(name), requestId: query.get('requestId') || null, edge: query.get('edge') || null }
}

function limitOf({ query }: Request, fallback: number): number {
  const given = query.get('limit')
  if (given === null) return fallback
  const limit = Number(given)
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT) throw new SwarmError('INVALID_PARAMETER', `limit must be 1 to ${MAX_LIMIT}`)
  return limit
}

const UNIT_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000 }

/** `15m`, milliseconds since the epoch, or a date; null: not said. */
function sinceOf({ query }: Request, now: number): number | null {
  const given = query.get('since')
  if (given === null) return null
  const [, amount, unit] = /^(\d{1,15})([smh]?)$/.exec(given) ?? []
  // Date.parse would take 0.5 for a day in May.
  const date = /^\d{4}-\d\d-\d\d/.test(given) ? Date.parse(given) : Number.NaN
  const at = amount === undefined ? date : unit ? Math.max(0, now - Number(amount) * (UNIT_MS[unit] ?? 0)) : Number(amount)
  if (!Number.isFinite(at) || at < 0) throw new SwarmError('INVALID_PARAMETER', 'since must be a date (2026-01-31T12:00:00Z), milliseconds since the epoch, or as long ago as 30s, 15m or 2h')
  return at
}

function cursorOf(text: string): Cursor {
  const cursor = parseCursor(text)
  if (cursor === null) throw new SwarmError('INVALID_PARAMETER', 'Last-Event-ID is none that this mesh gave')
  return cursor
}


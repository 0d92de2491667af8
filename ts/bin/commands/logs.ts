// swarmlambda logs [function]: what functions print, from all edges.
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Client } from '../../lib/client.js'
import { SwarmError } from '../../lib/errors.js'
import { number, openSession, untilInterrupted, withEdge, type EdgeOptions, type Session } from './edge-options.js'
import type { Paint } from './output.js'

interface LogsOptions extends EdgeOptions {
  follow?: boolean
  request?: string
  edge?: string
  since?: string
  limit?: number
}

/** As `GET /logs` tells it, one a line. */
export interface LogLine {
  /** Milliseconds since the epoch. */
  at: number
  edge: string
  function: string
  requestId: string | null
  level: 'debug' | 'info' | 'warn' | 'error'
  message: string
}

const AGAIN_MS = 1_000

export function add(program: Command): void {
  withEdge(program.command('logs').description('prints what functions wrote to the console, from all edges'))
    .argument('[function]', 'only of this one')
    .option('-f, --follow', 'go on with what comes, until Ctrl-C')
    .option('--request <id>', 'only of this invocation')
    .option('--edge <name>', 'only of this edge')
    .option('--since <when>', 'a time, or as long ago as 30s, 15m or 2h')
    .option('-n, --limit <lines>', 'the newest so many', number)
    .action(async (name: string | undefined, options: LogsOptions) => {
      const session = await openSession(options)
      const asked = { function: name, requestId: options.request, edge: options.edge, since: options.since, limit: options.limit === undefined ? undefined : String(options.limit) }
      const query = new URLSearchParams(Object.entries(asked).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as [string, string]])))
      if (options.follow) return await follow(session, query)
      const { text } = await session.client.call('GET', `/logs?${query.toString()}`)
      const lines = text.split('\n').filter(Boolean).map((line) => JSON.parse(line) as LogLine)
      if (lines.length === 0) session.say('nothing was printed: edges remember the latest invocations')
      session.show({ logs: lines }, () => lines.map((line) => logText(line, session.paint)).join(''))
    })
}

async function follow({ client, json, paint, say }: Session, query: URLSearchParams): Promise<void> {
  await followLogs(client, query, untilInterrupted(), {
    onLine: (data) => void process.stdout.write(json ? `${data}\n` : logText(JSON.parse(data) as LogLine, paint)),
    onLost: (error) => say(paint.dim(`${error.message}; trying again`)),
  })
}

/** Hands on every line of the logs that `query` asks for until the signal aborts. A stream that ends is opened again where it was: through a proxy the next edge goes on. */
export async function followLogs(client: Client, query: URLSearchParams, signal: AbortSignal, { onLine, onLost }: { onLine: (json: string) => void; onLost: (error: SwarmError) => void }): Promise<void> {
  query.set('follow', '1')
  let last = ''
  while (!signal.aborted) {
    try {
      for await (const { data, id } of client.events(`/logs?${query.toString()}`, signal, last)) {
        last = id ?? last
        onLine(data)
      }
    } catch (error) {
      if (!(error instanceof SwarmError) || error.code !== 'PEER_UNREACHABLE') throw error
      onLost(error)
    }
    await delay(AGAIN_MS, undefined, { signal }).catch(() => {})
  }
}

const LEVELS = { debug: 'dim', info: 'bold', warn: 'yellow', error: 'red' } as const

export function logText({ at, edge, function: name, level, message, requestId }: LogLine, paint: Paint): string {
  const head = `${paint.dim(new Date(at).toISOString())} ${paint.cyan(edge)} ${name} ${paint.dim((requestId ?? '').slice(0, 8))}`
  return `${head} ${level === 'info' ? message.trimEnd() : paint[LEVELS[level]](message.trimEnd())}\n`
}

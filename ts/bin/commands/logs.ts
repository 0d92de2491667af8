// swarmlambda logs [function]: what functions print, from all edges.
import { setTimeout as delay } from 'node:timers/promises'
import type { Command } from 'commander'
import type { Client } from '../../lib/client.js'
import { SwarmError } from '../../lib/errors.js'
import type { LogLine } from '../../lib/snapshot.js'
import { number, openSession, untilInterrupted, withEdge, type EdgeOptions, type Session } from './edge-options.js'
import type { Paint } from './output.js'

interface LogsOptions extends EdgeOptions {
  follow?: boolean
  request?: string
  edge?: string
  since?: string
  limit?: number
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

const LEVELS: Record<string, keyof Paint> = { TRACE: 'dim', DEBUG: 'dim', WARN: 'yellow', ERROR: 'red', FATAL: 'red' }

/** Where some were lost, the edge says so in a line of no function. */
type Gap = Pick<LogLine, 'at' | 'edge' | 'message'> & Partial<LogLine>

export function logText({ at, edge, function: name, level = '', message, requestId = '' }: LogLine | Gap, paint: Paint): string {
  const colour = name === undefined ? 'yellow' : LEVELS[level.toUpperCase()]
  const head = [paint.dim(new Date(at).toISOString()), paint.cyan(edge), name ?? '', paint.dim(requestId.slice(0, 8))].filter((part) => part !== '')
  return `${head.join(' ')} ${colour === undefined ? message.trimEnd() : paint[colour](message.trimEnd())}\n`
}

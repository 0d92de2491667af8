// What every command that talks to an edge has in common: where it is, and how to speak.
import type { Command } from 'commander'
import { connect, type Client } from '../../lib/client.js'

export interface Session {
  client: Client
  /** Only what a program reads goes to stdout. */
  json: boolean
  /** A line for people, on stderr; none with --json. */
  say(line: string): void
}

interface Given {
  endpoint?: string
  token?: string
  json?: boolean
}

/** Adds --endpoint, --token and --json. */
export const withEdge = (command: Command): Command =>
  command
    .option('--endpoint <url>', 'the edge or proxy (SWARMLAMBDA_ENDPOINT; default: http://127.0.0.1:8790, then 8787)')
    .option('--token <token>', 'for edges that want one (SWARMLAMBDA_TOKEN)')
    .option('--json', 'print JSON, and nothing else')

/** The edge that the options or the environment name. */
export async function openSession({ endpoint, token, json = false }: Given): Promise<Session> {
  const { SWARMLAMBDA_ENDPOINT, SWARMLAMBDA_TOKEN } = process.env
  const client = await connect(endpoint ?? SWARMLAMBDA_ENDPOINT ?? null, token ?? SWARMLAMBDA_TOKEN ?? null)
  return { client, json, say: (line) => void (json || process.stderr.write(`${line}\n`)) }
}

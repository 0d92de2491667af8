// What every command that talks to an edge has in common: where it is, and how to speak.
import { InvalidArgumentError, type Command } from 'commander'
import { connect, type Client } from '../../lib/client.js'
import { openOutput, type Output } from './output.js'

/** Of every command that talks to an edge. */
export interface EdgeOptions {
  endpoint?: string
  token?: string
  json?: boolean
}

export interface Session extends Output {
  client: Client
}

/** Adds --endpoint, --token and --json. */
export const withEdge = (command: Command): Command =>
  withJson(
    command
      .option('--endpoint <url>', 'the edge or proxy (SWARMLAMBDA_ENDPOINT; default: http://127.0.0.1:8790, then 8787)')
      .option('--token <token>', 'for edges that want one (SWARMLAMBDA_TOKEN)'),
  )

export const withJson = (command: Command): Command => command.option('--json', 'print JSON, and nothing else')

/** The edge that the options or the environment name. `fallback` is used when they name none. */
export async function openSession({ endpoint, json = false, token }: EdgeOptions, fallback: string | null = null): Promise<Session> {
  const { SWARMLAMBDA_ENDPOINT, SWARMLAMBDA_TOKEN } = process.env
  const client = await connect(given(endpoint) ?? given(SWARMLAMBDA_ENDPOINT) ?? fallback, given(token) ?? given(SWARMLAMBDA_TOKEN))
  return { client, ...openOutput(json) }
}

const given = (text: string | undefined): string | null => (text === undefined || text === '' ? null : text)

/** Aborts on Ctrl-C and SIGTERM, and when whoever read our output is gone: the ends of commands that follow something. */
export function untilInterrupted(): AbortSignal {
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  process.stdout.on('error', () => stop.abort())
  return stop.signal
}

export function number(text: string): number {
  const value = Number(text)
  if (text.trim() === '' || Number.isNaN(value)) throw new InvalidArgumentError('It must be a number.')
  return value
}

/** Collects KEY=value options. */
export function pair(text: string, pairs: Record<string, string>): Record<string, string> {
  const [, name, value] = /^([^=]+)=(.*)$/s.exec(text) ?? []
  if (name === undefined || value === undefined) throw new InvalidArgumentError('It must be KEY=value.')
  return { ...pairs, [name]: value }
}

/** Collects options that may be repeated. */
export const each = (text: string, all: readonly string[]): string[] => [...all, text]

/** Lambda's own API, where functions, versions and aliases are. */
export const lambdaPath = (name: string, ...more: readonly string[]): string =>
  `/2015-03-31/functions/${[name, ...more].map(encodeURIComponent).join('/')}`

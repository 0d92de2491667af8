// swarmlambda invoke <name> [payload]
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { SwarmError } from '../../lib/errors.js'
import type { Answer } from '../../lib/client.js'
import { lambdaPath, openSession, withEdge, type EdgeOptions } from './edge-options.js'
import { paintOf, type Paint } from './output.js'

interface InvokeOptions extends EdgeOptions {
  log?: boolean
  qualifier?: string
  async?: boolean
  failover?: string
  quiet?: boolean
}

interface FunctionError {
  errorType?: string
  errorMessage?: string
  trace?: string[]
}

export function add(program: Command): void {
  withEdge(program.command('invoke').description('invokes a function and prints what it answers; the receipt goes to stderr'))
    .argument('<name>', 'of the function, or name:version, name:alias')
    .argument('[payload]', 'the event: JSON, @file, or - for stdin', '{}')
    .option('-l, --log', 'print the end of its console output to stderr')
    .option('--async', 'put the event into the queue and do not wait for the answer')
    .option('--failover <when>', 'any, safe or never, for this invocation')
    .option('-q, --quiet', 'no receipt')
    .action(async (reference: string, payload: string, options: InvokeOptions) => {
      const { client, json } = await openSession(options)
      const event = await eventOf(payload)
      const paint = paintOf(process.stderr)
      const [name = '', qualifier] = reference.split(/:(.*)/s)
      const path = `${lambdaPath(name, 'invocations')}${qualifier === undefined ? '' : `?Qualifier=${encodeURIComponent(qualifier)}`}`
      const answer = await client.call('POST', path, {
        body: event,
        headers: {
          'content-type': 'application/json',
          ...(options.log && { 'x-amz-log-type': 'Tail' }),
          ...(options.async && { 'x-amz-invocation-type': 'Event' }),
          ...(options.failover !== undefined && { 'x-swarm-failover': options.failover }),
        },
      })
      const receipt = receiptOf(answer)
      if (receipt.functionError !== null) process.exitCode = 1
      if (json) return void process.stdout.write(`${JSON.stringify(receipt)}\n`)
      if (options.log) process.stderr.write(receipt.log ?? '')
      if (!options.quiet) process.stderr.write(`${paint.dim(words(receipt))}\n`)
      if (receipt.functionError !== null) process.stderr.write(trace(receipt.answer, paint))
      else if (!options.async) process.stdout.write(`${answer.text}\n`)
    })
}

async function eventOf(payload: string): Promise<string> {
  const given = payload === '-' ? await text(process.stdin) : payload.startsWith('@') ? await fileOf(payload.slice(1)) : payload
  try {
    JSON.parse(given)
  } catch (cause) {
    const what = payload === '-' ? 'stdin' : payload.startsWith('@') ? payload.slice(1) : 'the payload'
    throw new SwarmError('CONFIG_INVALID', `${what} is no JSON: ${String(cause).replace(/^SyntaxError: /, '')}`, { cause })
  }
  return given
}

const fileOf = (path: string): Promise<string> =>
  readFile(path, 'utf8').catch((cause: unknown) => {
    throw new SwarmError('CONFIG_INVALID', `${path}: there is no such file`, { cause })
  })

/** What `--json` prints. */
export interface Receipt {
  status: number
  /** The answer, parsed where it is JSON; null: none (asynchronous). */
  answer: unknown
  functionError: string | null
  requestId: string | null
  /** Name of the edge that answered. */
  edge: string | null
  /** In order: the edge, how its try ended, and milliseconds. */
  tries: { edge: string; class: string; ms: number }[]
  executedVersion: string | null
  log: string | null
}

export function receiptOf({ headers, status, text: answer }: Answer): Receipt {
  const log = headers['x-amz-log-result']
  return {
    status,
    answer: answer === '' ? null : parsed(answer),
    functionError: headers['x-amz-function-error'] ?? null,
    requestId: headers['x-amzn-requestid'] ?? null,
    edge: headers['x-swarm-edge'] ?? null,
    tries: triesOf(headers['x-swarm-tries'] ?? ''),
    executedVersion: headers['x-amz-executed-version'] ?? null,
    log: log === undefined ? null : Buffer.from(log, 'base64').toString(),
  }
}

/** `edge-a=absent;0.1ms, edge-b=ok;2.3ms` */
const triesOf = (header: string): Receipt['tries'] =>
  [...header.matchAll(/([^=,\s]+)=(\w+);([\d.]+)ms/g)].map(([, edge = '', kind = '', ms = '0']) => ({ edge, class: kind, ms: Number(ms) }))

export const words = ({ requestId, status, tries }: Receipt): string =>
  `${status === 202 ? 'queued' : tries.map(({ class: kind, edge, ms }) => `${edge} ${kind} ${ms} ms`).join(' → ')}  request ${requestId ?? '?'}`

function parsed(answer: string): unknown {
  try {
    return JSON.parse(answer)
  } catch {
    return answer
  }
}

/** As a stack is printed. */
function trace(answer: unknown, { red }: Paint): string {
  const { errorMessage = '', errorType = 'Error', trace: lines = [] } = (answer ?? {}) as FunctionError
  const [first = `${errorType}: ${errorMessage}`, ...rest] = lines
  return `${[red(first), ...rest].join('\n')}\n`
}

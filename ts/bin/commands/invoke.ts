// swarmlambda invoke <name> [payload]
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import type { Command } from 'commander'
import { SwarmError } from '../../lib/errors.js'
import { openSession, withEdge } from './edge-options.js'

interface InvokeOptions {
  endpoint?: string
  token?: string
  json?: boolean
  logs?: boolean
  verbose?: boolean
}

interface FunctionError {
  errorType?: string
  errorMessage?: string
  trace?: string[]
}

export function addInvoke(program: Command): void {
  withEdge(program.command('invoke').description('invokes a function and prints what it answers'))
    .argument('<name>', 'of the function')
    .argument('[payload]', 'the event: JSON, @file, or - for stdin', '{}')
    .option('-l, --logs', 'print the end of its console output to stderr')
    .option('--verbose', 'print which edges were tried to stderr')
    .action(async (name: string, payload: string, options: InvokeOptions) => {
      const { client, json, say } = await openSession(options)
      const event = await eventOf(payload)
      const { headers, text: answer } = await client.call('POST', `/2015-03-31/functions/${encodeURIComponent(name)}/invocations`, event, {
        'content-type': 'application/json',
        ...(options.logs && { 'x-amz-log-type': 'Tail' }),
      })
      if (options.logs) process.stderr.write(Buffer.from(headers.get('x-amz-log-result') ?? '', 'base64'))
      if (options.verbose) say(`${headers.get('x-swarm-tries') ?? ''} (request ${headers.get('x-amzn-requestid') ?? ''})`)
      if (headers.get('x-amz-function-error') === null) process.stdout.write(`${answer}\n`)
      else fail(answer, json)
    })
}

async function eventOf(payload: string): Promise<string> {
  if (payload === '-') return text(process.stdin)
  if (!payload.startsWith('@')) return payload
  return readFile(payload.slice(1), 'utf8').catch((cause: unknown) => {
    throw new SwarmError('INVALID_PARAMETER', `${payload.slice(1)}: there is no such file`, { cause })
  })
}

/** As a stack is printed; the exit code tells a script. */
function fail(answer: string, json: boolean): void {
  process.exitCode = 1
  if (json) return void process.stdout.write(`${answer}\n`)
  const { errorType = 'Error', errorMessage = '', trace = [] } = JSON.parse(answer) as FunctionError
  process.stderr.write(`${trace.length > 0 ? trace.join('\n') : `${errorType}: ${errorMessage}`}\n`)
}

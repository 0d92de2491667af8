// What a deploy may say. One line names the field and what is allowed.
import { z } from 'zod'
import { SwarmError } from '../errors.js'
import type { FunctionConfig } from '../registry/record.js'

const MAX_DESCRIPTION = 256
const MAX_TIMEOUT_S = 900
const MIN_TIMEOUT_S = 0.001
/** QuickJS and what a function may use need a few MB before the first line runs. */
const MIN_MEMORY_MB = 16
const MAX_MEMORY_MB = 10_240
/** AWS's limit on all variables together. */
const MAX_ENVIRONMENT_BYTES = 4_096
const MAX_ALLOW_ENTRIES = 100

const NAME = /^[a-zA-Z0-9_-]{1,64}$/
const VARIABLE = /^[a-zA-Z_][a-zA-Z0-9_]*$/

/** AWS's reserved names, and ours. `TZ` may be set. */
const RESERVED: ReadonlySet<string> = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_DEFAULT_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'AWS_REGION',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'LAMBDA_RUNTIME_DIR',
  'LAMBDA_TASK_ROOT',
])
const isReserved = (name: string): boolean => RESERVED.has(name) || name.startsWith('SWARMLAMBDA_')

const environment = z.record(z.string(), z.string('must be a string')).superRefine((variables, context) => {
  const names = Object.keys(variables)
  const reserved = names.filter(isReserved)
  const invalid = names.filter((name) => !VARIABLE.test(name))
  const bytes = names.reduce((sum, name) => sum + Buffer.byteLength(name) + Buffer.byteLength(variables[name] ?? ''), 0)
  if (reserved.length > 0) context.addIssue(`reserved keys can't be set: ${reserved.join(', ')}`)
  if (invalid.length > 0) context.addIssue(`${JSON.stringify(invalid[0])} is no name of a variable: letters, digits and _ only`)
  if (bytes > MAX_ENVIRONMENT_BYTES) context.addIssue(`${bytes} bytes, at most ${MAX_ENVIRONMENT_BYTES} are allowed`)
})

/** The engine says what an entry may be; this keeps records small. */
const allowEntry = z.string('must be a host, *.domain, address, network or *').min(1, 'is empty').max(260, 'is too long')
const between = (least: number, most: number) => z.int('must be a whole number').min(least, `at least ${least}`).max(most, `at most ${most}`).optional()
const limits = z.strictObject({
  logBytes: between(0, 2 ** 20),
  tmpMb: between(1, 10_240),
  fetchCount: between(0, 1_000),
  fetchBytes: between(0, 2 ** 30),
})

const deploySchema = z.strictObject({
  name: z.string('must be a string').regex(NAME, 'must be 1 to 64 letters, digits, - or _'),
  handler: z.string('must be a string').default('index.handler'),
  files: z.record(z.string(), z.string('must be the text of the file'), 'must be an object of file name to text'),
  memorySize: z.int('must be a whole number of MB').min(MIN_MEMORY_MB, `at least ${MIN_MEMORY_MB} MB`).max(MAX_MEMORY_MB, `at most ${MAX_MEMORY_MB} MB`).default(128),
  timeout: z.number('must be a number of seconds').min(MIN_TIMEOUT_S, `at least ${MIN_TIMEOUT_S} s`).max(MAX_TIMEOUT_S, `at most ${MAX_TIMEOUT_S} s`).default(3),
  environment: environment.default({}),
  description: z.string('must be a string').max(MAX_DESCRIPTION, `at most ${MAX_DESCRIPTION} characters`).default(''),
  failover: z.enum(['any', 'safe', 'never'], 'must be any, safe or never').default('any'),
  allow: z.array(allowEntry, 'must be an array of hosts').max(MAX_ALLOW_ENTRIES, `at most ${MAX_ALLOW_ENTRIES} entries`).default([]),
  concurrency: z.int('must be a whole number').min(0, 'at least 0').max(1_000, 'at most 1000').nullable().default(null),
  limits: limits.default({}),
})

/** A deploy, parsed. */
export interface Deploy {
  name: string
  files: Record<string, string>
  config: FunctionConfig
}

/** How long a deploy waits: for this edge, for most, or for all that are connected. */
export type Wait = 'local' | 'quorum' | 'all'

/** The body of `POST /functions`, or `INVALID_REQUEST` (no JSON) or `INVALID_PARAMETER` (a field). */
export function parseDeploy(body: Buffer): Deploy {
  const { name, files, ...config } = check(deploySchema, parseJson(body))
  return { name, files, config }
}

/** `?wait=`, or `INVALID_PARAMETER`. */
export function parseWait(text: string | null): Wait {
  if (text === null) return 'all'
  if (text === 'local' || text === 'quorum' || text === 'all') return text
  throw new SwarmError('INVALID_PARAMETER', `wait: ${JSON.stringify(text.slice(0, 50))} must be local, quorum or all`)
}

/** A function's name from a path, or `INVALID_PARAMETER`. */
export function parseName(encoded: string): string {
  const name = decode(encoded)
  if (name !== null && NAME.test(name)) return name
  throw new SwarmError('INVALID_PARAMETER', `name: ${JSON.stringify((name ?? encoded).slice(0, 100))} must be 1 to 64 letters, digits, - or _`)
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'))
  } catch (cause) {
    throw new SwarmError('INVALID_REQUEST', `Could not parse request body into json: ${String(cause).replace(/^SyntaxError: /, '')}`, { cause })
  }
}

function check<Output>(schema: z.ZodType<Output>, value: unknown): Output {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const lines = result.error.issues.slice(0, 5).map(({ path, message }) => (path.length > 0 ? `${path.join('.')}: ${message}` : message))
  throw new SwarmError('INVALID_PARAMETER', lines.join('; '), { cause: result.error })
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text)
  } catch {
    return null
  }
}
